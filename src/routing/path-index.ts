// The routes of one host by path: exact paths, regular expressions, prefixes; the work does not grow with their number.
// hot path: bench/micro/routing/table.ts
import type { RequestHead } from '../codec/message.ts'
import type { Regex } from '../core/regex.ts'
import { Bucket, type Candidate } from './bucket.ts'

export type PathRule =
  | { readonly kind: 'exact'; readonly path: string }
  /** Without a slash at its end; '' is every request, OPTIONS * and CONNECT included. */
  | { readonly kind: 'prefix'; readonly path: string }
  | { readonly kind: 'regex'; readonly regex: Regex }

export interface PathCandidate<R> extends Candidate<R> {
  readonly path: PathRule
}

interface Pattern<R> {
  readonly regex: Regex
  readonly firstRank: number
  readonly bucket: Bucket<R>
}

const SLASH = 47
const KIND_ORDER = { exact: 0, regex: 1, prefix: 2 } as const

export class PathIndex<R> {
  /** Some route looks at the path. */
  readonly readsPath: boolean
  readonly #exact: ReadonlyMap<string, Bucket<R>>
  readonly #prefixes: ReadonlyMap<string, Bucket<R>>
  /** Lengths of prefixes, longest first, without 0. */
  readonly #prefixLengths: readonly number[]
  readonly #every: Bucket<R> | undefined
  /** Patterns by the literal text they begin with. */
  readonly #patterns: ReadonlyMap<string, readonly Pattern<R>[]>
  readonly #literalLengths: readonly number[]
  /** What is found first in the order below is what ranks first; priorities may want it otherwise. */
  readonly #inOrder: boolean

  /** `candidates` in order of rank. */
  constructor(candidates: readonly PathCandidate<R>[]) {
    this.#exact = buckets(candidates, ({ path }) => (path.kind === 'exact' ? path.path : undefined))
    this.#prefixes = buckets(candidates, ({ path }) => (path.kind === 'prefix' ? path.path : undefined))
    this.#prefixLengths = lengthsOf(this.#prefixes).filter((length) => length > 0)
    this.#every = this.#prefixes.get('')
    this.#patterns = patternsOf(candidates)
    this.#literalLengths = lengthsOf(this.#patterns)
    this.#inOrder = isInOrder(candidates)
    this.readsPath = this.#exact.size > 0 || this.#patterns.size > 0 || this.#prefixLengths.length > 0
  }

  match(head: RequestHead, path: string, query: string): R | undefined {
    if (!this.#inOrder) return this.#bestOf(head, path, query)?.route
    if (this.#exact.size > 0) {
      const found = this.#exact.get(path)?.match(head, query)
      if (found !== undefined) return found.route
    }
    if (this.#literalLengths.length > 0) {
      const found = this.#matchPatterns(head, path, query)
      if (found !== undefined) return found.route
    }
    if (this.#prefixLengths.length > 0) {
      const found = this.#matchPrefixes(head, path, query)
      if (found !== undefined) return found.route
    }
    return this.#every?.match(head, query)?.route
  }

  /** Whatever ranks first, wherever it is found. */
  #bestOf(head: RequestHead, path: string, query: string): Candidate<R> | undefined {
    let best = better(this.#exact.get(path)?.match(head, query), this.#matchPatterns(head, path, query))
    for (const length of this.#prefixLengths) {
      if (!endsOnBorder(path, length)) continue
      best = better(best, this.#prefixes.get(path.slice(0, length))?.match(head, query))
    }
    return better(best, this.#every?.match(head, query))
  }

  #matchPrefixes(head: RequestHead, path: string, query: string): Candidate<R> | undefined {
    const lengths = this.#prefixLengths
    for (let i = 0; i < lengths.length; i++) {
      const length = lengths[i] as number
      if (!endsOnBorder(path, length)) continue
      const bucket = this.#prefixes.get(length === path.length ? path : path.slice(0, length))
      const found = bucket?.match(head, query)
      if (found !== undefined) return found
    }
    return undefined
  }

  #matchPatterns(head: RequestHead, path: string, query: string): Candidate<R> | undefined {
    let best: Candidate<R> | undefined
    for (const length of this.#literalLengths) {
      if (length > path.length) continue
      const patterns = this.#patterns.get(path.slice(0, length))
      if (patterns === undefined) continue
      for (const { regex, firstRank, bucket } of patterns) {
        if (best !== undefined && best.rank < firstRank) break
        if (!regex.test(path)) continue
        const found = bucket.match(head, query)
        if (found !== undefined && (best === undefined || found.rank < best.rank)) best = found
      }
    }
    return best
  }
}

function endsOnBorder(path: string, length: number): boolean {
  return length === path.length || (length < path.length && path.charCodeAt(length) === SLASH)
}

function better<R>(a: Candidate<R> | undefined, b: Candidate<R> | undefined): Candidate<R> | undefined {
  if (a === undefined) return b
  return b === undefined || a.rank < b.rank ? a : b
}

/** Whether they rank as they are looked up: exact paths, expressions, the longest prefixes first. */
function isInOrder(candidates: readonly PathCandidate<unknown>[]): boolean {
  return candidates.every(({ path }, i) => {
    const before = candidates[i - 1]?.path
    if (before === undefined || KIND_ORDER[before.kind] < KIND_ORDER[path.kind]) return true
    if (before.kind !== path.kind) return false
    return before.kind !== 'prefix' || path.kind !== 'prefix' || before.path.length >= path.path.length
  })
}

function buckets<R>(
  candidates: readonly PathCandidate<R>[],
  key: (candidate: PathCandidate<R>) => string | undefined,
): Map<string, Bucket<R>> {
  const lists = new Map<string, PathCandidate<R>[]>()
  for (const candidate of candidates) {
    const path = key(candidate)
    if (path === undefined) continue
    if (!lists.get(path)?.push(candidate)) lists.set(path, [candidate])
  }
  return new Map([...lists].map(([path, list]) => [path, new Bucket(list)]))
}

function patternsOf<R>(candidates: readonly PathCandidate<R>[]): Map<string, Pattern<R>[]> {
  const regexes = new Map<string, Regex>()
  const ranks = new Map<string, number>()
  for (const { path, rank } of candidates) {
    if (path.kind !== 'regex' || regexes.has(path.regex.pattern)) continue
    regexes.set(path.regex.pattern, path.regex)
    ranks.set(path.regex.pattern, rank)
  }
  const found = new Map<string, Pattern<R>[]>()
  for (const [pattern, bucket] of buckets(candidates, ({ path }) => (path.kind === 'regex' ? path.regex.pattern : undefined))) {
    const regex = regexes.get(pattern) as Regex
    const one = { regex, bucket, firstRank: ranks.get(pattern) as number }
    if (!found.get(regex.prefix)?.push(one)) found.set(regex.prefix, [one])
  }
  return found
}

/** Different lengths of the keys, longest first. */
function lengthsOf(keys: ReadonlyMap<string, unknown>): number[] {
  return [...new Set([...keys.keys()].map((key) => key.length))].sort((a, b) => b - a)
}
