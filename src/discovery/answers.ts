// The last good answer to each question that one name leads to. While DNS fails for one of them, its own last answer stands in, and
// the others stay fresh.
import type { DnsConfig } from '../config/schema/services.ts'
import type { Clock } from '../core/clock.ts'
import { type Answer, DnsFailure } from './queries.ts'

export type AnswerLimits = Pick<DnsConfig, 'minTtl' | 'maxTtl' | 'maxStale'>

/** Below this, a TTL of 0 with `minTtl: 0` would ask without pause. */
const LEAST_TTL_MS = 100

interface Kept {
  readonly records: readonly unknown[]
  /** By the clock; it stands in for so long. */
  readonly staleUntilMs: number
}

/** What one refresh has come upon. */
export interface Round {
  /** Least TTL of the records, clamped; Infinity when there were none. */
  ttlMs: number
  /** When the first of the answers that stood in may not any longer; Infinity when none did. */
  staleUntilMs: number
  /** The first failure; '' when all went well. */
  failure: string
}

export class Answers {
  readonly #clock: Clock
  readonly #limits: AnswerLimits
  #last = new Map<string, Kept>()
  #next = new Map<string, Kept>()
  #round: Round = newRound()

  /** `before`: answers to the same name under other settings. */
  constructor(clock: Clock, limits: AnswerLimits, before?: Answers) {
    this.#clock = clock
    this.#limits = limits
    if (before !== undefined) this.#last = new Map([...before.#last, ...before.#next])
  }

  /** Begins a refresh; what the one before did not ask for is forgotten. */
  begin(): Round {
    if (this.#next.size > 0) this.#last = this.#next
    this.#next = new Map()
    this.#round = newRound()
    return this.#round
  }

  /** The answer, or the last good one; rejects with a DnsFailure when there is neither. */
  async ask<T>(question: string, query: () => Promise<Answer<T>>): Promise<readonly T[]> {
    const round = this.#round
    try {
      const { records, ttlMs } = await query()
      const heldMs = records.length > 0 ? this.hold(ttlMs) : 0
      this.#next.set(question, { records, staleUntilMs: this.#clock.nowMs() + heldMs + this.#limits.maxStale })
      return records
    } catch (error) {
      if (!(error instanceof DnsFailure)) throw error
      const kept = this.#last.get(question)
      if (kept === undefined || this.#clock.nowMs() >= kept.staleUntilMs) throw error
      this.note(error)
      this.#next.set(question, kept)
      round.staleUntilMs = Math.min(round.staleUntilMs, kept.staleUntilMs)
      return kept.records as readonly T[]
    }
  }

  /** Counts a failure in. Whoever gets by without the answer that failed decides whether it is one. */
  note(failure: DnsFailure): void {
    if (this.#round.failure === '') this.#round.failure = failure.message
  }

  /** Counts a TTL in, clamped, for answers that came otherwise too. */
  hold(ttlMs: number): number {
    const { minTtl, maxTtl } = this.#limits
    const heldMs = Math.max(LEAST_TTL_MS, minTtl, Math.min(ttlMs, maxTtl))
    this.#round.ttlMs = Math.min(this.#round.ttlMs, heldMs)
    return heldMs
  }
}

function newRound(): Round {
  return { ttlMs: Infinity, staleUntilMs: Infinity, failure: '' }
}
