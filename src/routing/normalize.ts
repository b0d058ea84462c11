// One form of a path, made before policy and routing look at it: what they see is what is forwarded.
// hot path: bench/micro/routing/table.ts
import type { Settings } from '../config/schema/settings.ts'

export type PathMode = Settings['pathNormalization']

const PLAIN = 0
/** '/' and '.': only remarkable straight after a slash. */
const BORDER = 1
const QUERY = 2
const REMARKABLE = 3

const SLASH = 47
const PERCENT = 37
const BACKSLASH = 92
const QUESTION = 63

/** What the scan of a usual path does at each character. */
const KIND = new Uint8Array(256).fill(REMARKABLE)
/** Characters that mean the same escaped or not, so that an escape is undone (RFC 3986 §2.3). */
const UNRESERVED = new Uint8Array(256)
for (const c of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~.') UNRESERVED[c.charCodeAt(0)] = 1
for (let code = 0; code < 256; code++) if (UNRESERVED[code] === 1) KIND[code] = PLAIN
for (const c of "!$&'()*+,:=@[]") KIND[c.charCodeAt(0)] = PLAIN
KIND[SLASH] = BORDER
KIND['.'.charCodeAt(0)] = BORDER
KIND[QUESTION] = QUERY

/** Readings differ: encoded separators, backslash, parameters of a segment, empty segments, broken escapes. */
const AMBIGUOUS = /[\\;]|\/\/|%2f|%5c|%(?![0-9a-f]{2})/i
/** The same, but for empty segments. */
const AMBIGUOUS_SEGMENT = /[\\;]|%2f|%5c|%(?![0-9a-f]{2})/i
const NUL_ESCAPE = '%00'
/** Not allowed in a path as they are (RFC 3986 §3.3); read by applications as if they were escaped. */
const TO_ESCAPE = /[^!-~]|["<>^`{|}]/

/**
 * The path with its query in the form of `mode`; undefined: refuse with 400. '*' and '' (OPTIONS *, CONNECT) stay.
 * `strict`: a rule that looks at paths applies, so AUTO refuses what an application could read in another way, and writes the
 * digits of escapes in capitals; with `templates` empty segments are not refused. The query is left alone: only a '#' in it is refused.
 */
export function normalizePath(path: string, mode: PathMode, strict: boolean | 'templates'): string | undefined {
  if (path.charCodeAt(0) !== SLASH) return path === '*' || path === '' ? path : undefined
  let afterSlash = true
  for (let i = 1; i < path.length; i++) {
    const code = path.charCodeAt(i)
    const kind = code < 256 ? (KIND[code] as number) : REMARKABLE
    if (kind === PLAIN) afterSlash = false
    else if (kind === BORDER) {
      if (afterSlash) return rewrite(path, mode, strict)
      afterSlash = code === SLASH
    } else if (kind === QUERY) return path.indexOf('#', i) < 0 ? path : undefined
    else return rewrite(path, mode, strict)
  }
  return path
}

function rewrite(target: string, mode: PathMode, strict: boolean | 'templates'): string | undefined {
  if (target.includes('#')) return undefined
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  if (path.includes(NUL_ESCAPE)) return undefined
  if (mode === 'NONE') return target
  const auto = mode === 'AUTO' && strict !== false
  if (auto && (strict === 'templates' ? AMBIGUOUS_SEGMENT : AMBIGUOUS).test(path)) return undefined
  let result = withoutDotSegments(respell(path, mode === 'DECODE_AND_MERGE_SLASHES', auto))
  if (mode === 'MERGE_SLASHES' || mode === 'DECODE_AND_MERGE_SLASHES') result = result.replace(/\/{2,}/g, '/')
  return mark < 0 ? result : result + target.slice(mark)
}

/** Escapes undone where that changes nothing, made where they are missing; backslashes as applications on Windows read them. */
function respell(path: string, decodeSlashes: boolean, capitals: boolean): string {
  let out = ''
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i)
    if (code === BACKSLASH) out += '/'
    else if (code === PERCENT) {
      const value = escapedAt(path, i)
      if (value < 0) {
        out += '%'
        continue
      }
      if (UNRESERVED[value] === 1) out += String.fromCharCode(value)
      else if (decodeSlashes && (value === SLASH || value === BACKSLASH)) out += '/'
      else out += capitals ? path.slice(i, i + 3).toUpperCase() : path.slice(i, i + 3)
      i += 2
    } else {
      const char = path.charAt(i)
      out += TO_ESCAPE.test(char) ? escaped(code) : char
    }
  }
  return out
}

/** The byte that the escape at `i` stands for, or -1. */
function escapedAt(path: string, i: number): number {
  const high = hexDigit(path.charCodeAt(i + 1))
  const low = hexDigit(path.charCodeAt(i + 2))
  return high < 0 || low < 0 ? -1 : high * 16 + low
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** Heads are latin-1: one character is one byte. */
function escaped(code: number): string {
  return `%${code.toString(16).toUpperCase().padStart(2, '0')}`
}

/** RFC 3986 §5.2.4. */
function withoutDotSegments(path: string): string {
  if (!path.includes('/.')) return path
  const segments = path.split('/')
  const kept: string[] = []
  for (let i = 1; i < segments.length; i++) {
    const segment = segments[i] as string
    if (segment !== '.' && segment !== '..') {
      kept.push(segment)
      continue
    }
    if (segment === '..') kept.pop()
    if (i === segments.length - 1) kept.push('')
  }
  return `/${kept.join('/')}`
}
