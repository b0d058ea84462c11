// Sets of values as policies write them, each of which also says by what an index may find it.
// hot path: bench/micro/policy/decide.ts
import { compileRegex, type Regex } from '../core/regex.ts'
import { IpSet } from './ip-set.ts'
import { isTemplate, PathTemplate } from './path-template.ts'
import { parsePattern, type TextPattern, TextSet } from './text-set.ts'

/** What a value that is in the set looks like: equal to a text, beginning or ending with it, or an address of a block. */
export type IndexKey = TextPattern | { readonly kind: 'block'; readonly text: string }

export interface Members {
  has(text: string): boolean
  /** One of these holds for every value that is in the set; null: there is nothing to find it by. */
  readonly keys: readonly IndexKey[] | null
}

export type MembersMaker = (values: readonly string[]) => Members

export const asTexts: MembersMaker = (values) => {
  const set = new TextSet(values)
  return { has: (text) => set.has(text), keys: findable(values.map(parsePattern)) }
}

export const asHosts: MembersMaker = (values) => asTexts(values.map((value) => value.toLowerCase()))

export const asBlocks: MembersMaker = (values) => {
  const set = new IpSet(values)
  return { has: (text) => set.has(text), keys: values.map((text) => ({ kind: 'block', text })) }
}

export const asPaths: MembersMaker = (values) => {
  const texts = values.filter((path) => !isTemplate(path))
  const templates = values.filter(isTemplate).map((path) => new PathTemplate(path))
  const set = new TextSet(texts)
  const prefixes = templates.map(({ prefix }): TextPattern => ({ kind: 'prefix', text: prefix }))
  return {
    has: templates.length === 0 ? (text) => set.has(text) : (text) => set.has(text) || anyOf(templates, text),
    keys: findable([...texts.map(parsePattern), ...prefixes]),
  }
}

/** Texts that one of several regular expressions is for, as a whole. */
export const asRegexes: MembersMaker = (values) => {
  const regexes = values.map(compileRegex)
  const prefixes = regexes.map(({ prefix }): TextPattern => ({ kind: prefix === '' ? 'present' : 'prefix', text: prefix }))
  return { has: (text) => anyOf(regexes, text), keys: findable(prefixes) }
}

function anyOf(tests: readonly Pick<Regex, 'test'>[], text: string): boolean {
  for (let i = 0; i < tests.length; i++) if ((tests[i] as Regex).test(text)) return true
  return false
}

function findable(patterns: readonly TextPattern[]): readonly TextPattern[] | null {
  return patterns.some(({ kind }) => kind === 'present') ? null : patterns
}
