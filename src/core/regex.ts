// Regular expressions in linear time, with RE2's syntax, always for the whole text. The one door to re2js.
import { createRequire } from 'node:module'
import type * as re2js from 're2js'
import { plainRegex } from './regex-plain.ts'
import { literalPrefix } from './regex-syntax.ts'

/** Instructions that a pattern may compile to: about one a character, counted repetitions written out. */
const MAX_PROGRAM_SIZE = 2000
const MAX_PATTERN_LENGTH = 4096
/** Bytes that the states of one pattern may take; beyond, they are made anew, and at worst the matcher works without. */
const MAX_STATE_BYTES = 1024 ** 2

export class RegexError extends Error {
  override readonly name = 'RegexError'
}

export interface Regex {
  readonly pattern: string
  /** Every text that matches begins with this. */
  readonly prefix: string
  /** Whether the whole text matches. */
  test(text: string): boolean
}

/** Loaded with the first expression: most sidecars have none. */
function engine(): typeof re2js {
  loaded ??= createRequire(import.meta.url)('re2js') as typeof re2js
  return loaded
}

let loaded: typeof re2js | undefined

const META = /[\\^$.*+?()[\]{}|]/g

/** A pattern for exactly this text. */
export function quoteRegex(text: string): string {
  return text.replace(META, '\\$&')
}

/** What is in use, so that a reload compiles only what is new. */
const inUse = new Map<string, WeakRef<Regex>>()
const MAX_IN_USE = 10_000

/** Throws RegexError with a sentence for the user. */
export function compileRegex(pattern: string): Regex {
  const known = inUse.get(pattern)?.deref()
  if (known !== undefined) return known
  const regex = { pattern, prefix: literalPrefix(pattern), test: testOf(pattern) }
  if (inUse.size >= MAX_IN_USE) for (const [key, reference] of inUse) if (reference.deref() === undefined) inUse.delete(key)
  if (inUse.size < MAX_IN_USE) inUse.set(pattern, new WeakRef(regex))
  return regex
}

/** What is wrong with a pattern; undefined: nothing. */
export function regexProblem(pattern: string): string | undefined {
  try {
    compileRegex(pattern)
    return undefined
  } catch (error) {
    if (!(error instanceof RegexError)) throw error
    return error.message
  }
}

function testOf(pattern: string): Regex['test'] {
  if (pattern.length > MAX_PATTERN_LENGTH)
    throw new RegexError(`the regular expression is longer than ${MAX_PATTERN_LENGTH} characters`)
  const { RE2JS, RE2JSException, RE2Set } = engine()
  try {
    if (RE2JS.compile(pattern).programSize() > MAX_PROGRAM_SIZE) {
      throw new RegexError('the regular expression is too large: repeat fewer times or use fewer alternatives')
    }
    const plain = plainRegex(pattern)
    if (plain !== undefined) return (text) => plain.test(text)
    // a set of one: unlike a single expression, it takes a limit for its memory
    const set = new RE2Set(RE2Set.ANCHOR_BOTH, 0, MAX_STATE_BYTES)
    set.add(pattern)
    set.compile()
    return (text) => set.match(text).length > 0
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    const reason = error.message.replace(/^error parsing regexp: /, '')
    throw new RegexError(`not a regular expression in RE2 syntax: ${reason}`, { cause: error })
  }
}

/** Replaces every place of a text that the pattern matches; `\1` to `\9` in the replacement are groups, `\0` is the whole match. */
export type Replace = (text: string) => string

/** Throws RegexError with a sentence for the user. */
export function compileReplace(pattern: string, replacement: string): Replace {
  compileRegex(pattern)
  const regex = engine().RE2JS.compile(pattern)
  // text, group, text, group, …
  const parts = replacement.split(/\\([\d\\])/)
  for (let i = 1; i < parts.length; i += 2) {
    if (Number(parts[i]) > regex.groupCount()) throw new RegexError(`the expression has no group \\${parts[i]}`)
  }
  const build = (...match: readonly unknown[]): string =>
    parts.map((part, i) => (i % 2 === 0 || part === '\\' ? part : textOf(match[Number(part)]))).join('')
  return (text) => regex.matcher(text).replaceAll(build)
}

/** A group that took no part in the match is undefined. */
function textOf(group: unknown): string {
  return typeof group === 'string' ? group : ''
}
