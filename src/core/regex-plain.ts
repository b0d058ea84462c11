// Simple expressions for the engine of the runtime, which is some ten times quicker: chains of characters and classes in which every
// repetition ends where the next part begins. No text can be read in two ways, so that backtracking has nothing to try.

interface Part {
  readonly source: string
  /** Whether it may begin with this character. */
  readonly begins: (char: string) => boolean
  /** '' for exactly once. */
  readonly quantifier: string
}

/** Every ASCII character, and one for all others: a class has all of those or none. */
const PROBES = [...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)), '\u00e9']

/** What is not here is left to the general matcher, also where it would be simple. */
const ATOM = new RegExp(
  [
    /(?<literal>[A-Za-z0-9_~!@#%&=:;,/<>"'` -])/,
    /\\(?<escaped>[.\-/[\]^$*+?(){}|\\])/,
    /(?<dot>\.)/,
    /(?<short>\\[dw])/,
    /(?<set>\[\^?(?:[A-Za-z0-9](?:-[A-Za-z0-9])?|[_~!@#%=:;,./+*?$(){}]|\\[dw.\-/])+-?\])/,
    /\((?:\?:)?(?<choice>[A-Za-z0-9_~-]+(?:\|[A-Za-z0-9_~-]+)*)\)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'y',
)
const QUANTIFIER = /[*+?]|\{\d{1,3}(?:,\d{0,3})?\}/y
const FIXED = /^(?:|\{\d+\})$/
const MAY_BE_NOTHING = /^(?:[*?]|\{0)/
const OPTIONAL_END = /^(.*)\((?:\?:)?((?:[^()|\\]|\\.)*)\)\?$/s

/** For the whole text; undefined: not simple. `pattern` must be valid in RE2. */
export function plainRegex(pattern: string): RegExp | undefined {
  const body = pattern.replace(/^\^/, '').replace(/(?<!\\)\$$/, '')
  const split = OPTIONAL_END.exec(body)
  const parts = readParts(split === null ? body : (split[1] as string))
  const end = readParts(split === null ? '' : (split[2] as string))
  if (parts === undefined || end === undefined || !isUnambiguous([...parts, ...end])) return undefined
  const optional = end.length === 0 ? '' : `(?:${sourceOf(end)})?`
  return new RegExp(`^${sourceOf(parts)}${optional}$`, 'u')
}

function readParts(text: string): Part[] | undefined {
  const parts: Part[] = []
  let at = 0
  while (at < text.length) {
    ATOM.lastIndex = at
    const groups = ATOM.exec(text)?.groups
    if (groups === undefined) return undefined
    QUANTIFIER.lastIndex = at = ATOM.lastIndex
    const quantifier = QUANTIFIER.exec(text)?.[0] ?? ''
    at += quantifier.length
    // 'a+?' and the like
    if (quantifier !== '' && /[*+?{]/.test(text.charAt(at))) return undefined
    const part = groups['choice'] === undefined ? partOf(groups, quantifier) : choiceOf(groups['choice'], quantifier)
    if (part === undefined) return undefined
    parts.push(part)
  }
  return parts
}

function partOf(groups: Readonly<Record<string, string | undefined>>, quantifier: string): Part {
  const char = groups['literal'] ?? groups['escaped']
  if (char !== undefined)
    return { source: char.replace(/[.[\]^$*+?(){}|\\/]/, '\\$&'), begins: (one) => one === char, quantifier }
  // RE2's dot takes everything but \n
  const source = groups['dot'] === undefined ? ((groups['short'] ?? groups['set']) as string) : '[^\\n]'
  const set = new RegExp(`^${source}$`, 'u')
  return { source, begins: (one) => set.test(one), quantifier }
}

/** 'a|b': only where no alternative begins with another one, so that one at most can match. */
function choiceOf(choice: string, quantifier: string): Part | undefined {
  const words = choice.split('|')
  if (quantifier !== '' || words.some((word, i) => words.some((other, j) => i !== j && other.startsWith(word)))) return undefined
  return { source: `(?:${choice})`, begins: (one) => words.some((word) => word.startsWith(one)), quantifier }
}

/** Nothing that may follow a part of variable length begins with what could be more of it. */
function isUnambiguous(parts: readonly Part[]): boolean {
  return parts.every(({ quantifier, begins }, i) => {
    if (FIXED.test(quantifier)) return true
    for (const follower of parts.slice(i + 1)) {
      if (PROBES.some((char) => begins(char) && follower.begins(char))) return false
      if (!MAY_BE_NOTHING.test(follower.quantifier)) return true
    }
    return true
  })
}

function sourceOf(parts: readonly Part[]): string {
  return parts.map(({ source, quantifier }) => source + quantifier).join('')
}
