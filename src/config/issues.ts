// From zod's issues to problems in a user's words, each at its place in the document.
import type { z } from 'zod'
import type { SourceDocument } from './document.ts'
import { didYouMean, nearest } from './nearest.ts'
import type { Path, Problems } from './problem.ts'
import { formatPath, quote, valueAt } from './problem.ts'
import { bare, closestBranch, keysOf, schemaAt, tellingKeys } from './shape.ts'

type Issue = z.core.$ZodIssue

const NAMED: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'nothing',
}

/** Parsed value, or undefined when there were problems. `value` is what stands at `base` in the document. */
export function parseWith<S extends z.ZodType>(
  schema: S,
  value: unknown,
  source: { readonly document: SourceDocument; readonly base: Path },
  problems: Problems,
): z.output<S> | undefined {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const explainer = new Explainer(schema, value, source, problems)
  explainer.explainAll(result.error.issues, [])
  return undefined
}

class Explainer {
  readonly #schema: z.ZodType
  readonly #value: unknown
  readonly #document: SourceDocument
  readonly #base: Path
  readonly #problems: Problems

  constructor(schema: z.ZodType, value: unknown, source: { document: SourceDocument; base: Path }, problems: Problems) {
    this.#schema = schema
    this.#value = value
    this.#document = source.document
    this.#base = source.base
    this.#problems = problems
  }

  /** `above`: where the schema that raised the issues stands. */
  explainAll(issues: readonly Issue[], above: Path): void {
    // a key that is only misspelt is not missing as well
    const meant = new Set(issues.flatMap((issue) => this.#meantBy(issue, [...above, ...(issue.path as Path)])))
    for (const issue of issues) {
      const path = [...above, ...(issue.path as Path)]
      if (valueAt(this.#value, path) !== undefined || !meant.has(formatPath(path))) this.#explain(issue, path)
    }
  }

  #meantBy(issue: Issue, path: Path): string[] {
    if (issue.code !== 'unrecognized_keys') return []
    const known = this.#knownKeys(path)
    return issue.keys.flatMap((key) => {
      const guess = nearest(key, known)
      return guess === undefined ? [] : [formatPath([...path, guess])]
    })
  }

  #knownKeys(path: Path): string[] {
    const schema = schemaAt(this.#schema, path, this.#value)
    return schema === undefined ? [] : keysOf(schema)
  }

  #explain(issue: Issue, path: Path): void {
    switch (issue.code) {
      case 'unrecognized_keys':
        for (const key of issue.keys) this.#unknownKey(path, key)
        return
      case 'invalid_union':
        return this.#union(issue, path)
      case 'invalid_key':
        return this.#add(
          path,
          `unexpected key ${quote(path.at(-1))}: ${issue.issues.map((inner) => expectation(inner)).join('; ')}`,
        )
      default:
        return this.#wrongValue(issue, path)
    }
  }

  #unknownKey(path: Path, key: string): void {
    const where = path.length === 0 ? '' : ` in ${formatPath([...this.#base, ...path])}`
    const full = [...this.#base, ...path, key]
    // a resource whose apiVersion was forgotten is taken for settings
    const resource = key === 'kind' && full.length === 1
    const hint = resource ? 'a Kubernetes resource has apiVersion as well' : didYouMean(key, this.#knownKeys(path))
    this.#problems.error(this.#document.keyAt(full), `unknown key ${quote(key)}${where}`, hint)
  }

  #union(issue: Issue & { code: 'invalid_union' }, path: Path): void {
    const value = valueAt(this.#value, path)
    const schema = schemaAt(this.#schema, path, this.#value)
    const def = schema === undefined ? undefined : (bare(schema) as z.core.$ZodTypes)._zod.def
    const options = def?.type === 'union' ? def.options : []
    if (hasOwnWords(issue)) return this.#add(path, `${issue.message}, got ${this.#quote(path)}`)
    const branch = issue.errors[closestBranch(options, value)]
    if (branch !== undefined) return this.explainAll(branch, path)
    const keys = tellingKeys(options)
    const expected = keys.length > 0 ? `exactly one of ${keys.join(', ')}` : 'something else'
    this.#add(path, `expected ${expected}, got ${describe(value, () => this.#quote(path))}`)
  }

  #wrongValue(issue: Issue, path: Path): void {
    const expected = expectation(issue)
    const value = valueAt(this.#value, path)
    if (value === undefined && path.length > 0) return this.#add(path, `missing; ${expected}`)
    const hint = issue.code === 'invalid_value' && typeof value === 'string' ? didYouMean(value, issue.values.map(String)) : ''
    // the message lists the values already
    const useful = hint.startsWith('known:') ? '' : hint
    this.#add(path, expected.startsWith('expected ') ? `${expected}, got ${this.#quote(path)}` : expected, useful)
  }

  #add(path: Path, message: string, hint = ''): void {
    const full = [...this.#base, ...path]
    const subject = full.length === 0 ? '' : `${formatPath(full)}: `
    this.#problems.error(this.#document.at(full), subject + message, hint)
  }

  #quote(path: Path): string {
    return quote(valueAt(this.#value, path), [...this.#base, ...path])
  }
}

/** What a value should have been. */
function expectation(issue: Issue): string {
  if (hasOwnWords(issue)) return issue.message
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${NAMED[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `expected ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`
    case 'too_small':
      if (issue.origin === 'string') return 'expected text that is not empty'
      return `expected at least ${String(issue.minimum)}${issue.origin === 'array' ? ' entries' : ''}`
    case 'too_big':
      return `expected at most ${String(issue.maximum)}${counted(issue.origin)}`
    default:
      return issue.message
  }
}

function counted(origin: string): string {
  if (origin === 'string') return ' characters'
  return origin === 'array' ? ' entries' : ''
}

/** The schema brought its own message; zod's begin with these words. */
function hasOwnWords(issue: Issue): boolean {
  return !/^(Invalid |Too big|Too small|Unrecognized)/.test(issue.message)
}

function describe(value: unknown, quoted: () => string): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return quoted()
  const keys = Object.keys(value)
  return keys.length === 0 ? 'an empty mapping' : keys.map((key) => quote(key)).join(' and ')
}
