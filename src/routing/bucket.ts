// Routes that a path has left over, in order of precedence: the first one whose other conditions hold.
// hot path: bench/micro/routing/table.ts
import type { RequestHead } from '../codec/message.ts'
import { type Condition, holdAll, type Reader } from './conditions.ts'

export interface Candidate<R> {
  readonly route: R
  /** Place in the order of precedence of its host; unique. */
  readonly rank: number
  readonly conditions: readonly Condition[]
}

/** So many are looked at in turn; more are sorted by a text that many of them ask for. */
const MAX_IN_TURN = 6

export class Bucket<R> {
  /** Without those under `#values`. */
  readonly #inTurn: readonly Candidate<R>[]
  readonly #reader: Reader | null
  readonly #values: ReadonlyMap<string, Bucket<R>>
  readonly #rest: Bucket<R> | null

  /** `candidates` in order of rank. */
  constructor(candidates: readonly Candidate<R>[]) {
    this.#reader = candidates.length > MAX_IN_TURN ? bestReader(candidates) : null
    const values = new Map<string, Candidate<R>[]>()
    const rest: Candidate<R>[] = []
    for (const candidate of candidates) {
      const value = this.#reader === null ? undefined : exactValue(candidate, this.#reader)
      if (value === undefined) rest.push(candidate)
      else if (!values.get(value)?.push(candidate)) values.set(value, [candidate])
    }
    this.#values = new Map([...values].map(([value, found]) => [value, new Bucket(found)]))
    this.#inTurn = this.#reader === null ? rest : []
    this.#rest = this.#reader === null || rest.length === 0 ? null : new Bucket(rest)
  }

  match(head: RequestHead, query: string): Candidate<R> | undefined {
    if (this.#reader !== null) return this.#lookUp(this.#reader, head, query)
    const list = this.#inTurn
    for (let i = 0; i < list.length; i++) {
      const candidate = list[i] as Candidate<R>
      if (holdAll(candidate.conditions, head, query)) return candidate
    }
    return undefined
  }

  #lookUp(reader: Reader, head: RequestHead, query: string): Candidate<R> | undefined {
    const value = reader.read(head, query)
    const found = value === undefined ? undefined : this.#values.get(value)?.match(head, query)
    const other = this.#rest?.match(head, query)
    if (found === undefined) return other
    return other === undefined || found.rank < other.rank ? found : other
  }
}

/** The reader with the most different exact values; null when none has more than a few. */
function bestReader(candidates: readonly Candidate<unknown>[]): Reader | null {
  const values = new Map<Reader, Set<string>>()
  for (const { conditions } of candidates) {
    for (const { reader, test, negated } of conditions) {
      if (test.kind !== 'exact' || negated) continue
      const known = values.get(reader)
      if (known === undefined) values.set(reader, new Set([test.text]))
      else known.add(test.text)
    }
  }
  let best: Reader | null = null
  let most = MAX_IN_TURN / 2
  for (const [reader, { size }] of values) {
    if (size <= most) continue
    best = reader
    most = size
  }
  return best
}

function exactValue(candidate: Candidate<unknown>, reader: Reader): string | undefined {
  const isIt = (condition: Condition): boolean =>
    condition.reader === reader && condition.test.kind === 'exact' && !condition.negated
  return candidate.conditions.find(isIt)?.test.text
}
