// Reads text that is JSON many times faster than the YAML parser does, where there is nothing to complain of: what is odd in any way is left
// to that one, which knows places.

const QUOTE = 34
const BACKSLASH = 92
const COLON = 58

/** undefined: it is no JSON mapping, or one that the YAML parser should have a look at. */
export function readJson(text: string, maxDepth: number, forbidden: ReadonlySet<string>): Record<string, unknown> | undefined {
  if (!/^\s*\{/.test(text)) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  // of a key that is there twice, JSON.parse keeps one
  return countKeys(value, maxDepth, forbidden) === writtenKeys(text) ? (value as Record<string, unknown>) : undefined
}

/** -1 when there is a key that must not be, or it is nested too deeply. */
function countKeys(value: unknown, depthLeft: number, forbidden: ReadonlySet<string>): number {
  if (typeof value !== 'object' || value === null) return 0
  if (depthLeft < 1) return -1
  let count = 0
  const isList = Array.isArray(value)
  for (const key of Object.keys(value)) {
    if (!isList && forbidden.has(key)) return -1
    const inner = countKeys((value as Record<string, unknown>)[key], depthLeft - 1, forbidden)
    if (inner < 0) return -1
    count += inner + (isList ? 0 : 1)
  }
  return count
}

/** In text that is JSON, what is outside of strings and a colon follows a key. */
function writtenKeys(text: string): number {
  let count = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === BACKSLASH) i++
      else if (code === QUOTE) inString = false
    } else if (code === QUOTE) inString = true
    else if (code === COLON) count++
  }
  return count
}
