// Local rate limits: token buckets, counted apart for each caller where the route says so. Bounded, whatever callers send.
import { createHash } from 'node:crypto'
import type { RateLimitConfig } from '../config/schema/route-guards.ts'

/** What of a caller a limit may count by. */
export interface LimitCaller {
  readonly namespace: string
  /** '': not verified. */
  readonly principal: string
  readonly address: string
}

/** Callers that are counted apart; all others share one bucket, so that many names buy nothing. */
export const MAX_BUCKETS = 10_000
/** Looked at for one that is full again, when room is needed. */
const LOOKED_AT = 8
const OTHERS = '\0others'
const MAX_KEY = 100
const MIN_SWEPT = 1000

/**
 * A bucket that is kept as one number: the time at which it will be full again, if nobody takes any (the generic cell rate algorithm).
 */
export class RateLimiter {
  /** '' unless requests are counted by a header field: its name. */
  readonly header: string
  readonly requests: number
  readonly perMs: number
  readonly #by: 'route' | 'namespace' | 'principal' | 'address' | 'header'
  /** Milliseconds that one request takes. */
  readonly #stepMs: number
  /** Milliseconds that an empty bucket takes to be full. */
  readonly #fullMs: number
  readonly #fullAtMs = new Map<string, number>()

  constructor({ requests, per, burst = requests, by }: RateLimitConfig) {
    this.header = typeof by === 'object' ? by.header.toLowerCase() : ''
    this.requests = requests
    this.perMs = per
    this.#by = typeof by === 'object' ? 'header' : by
    this.#stepMs = per / requests
    this.#fullMs = burst * this.#stepMs
  }

  get size(): number {
    return this.#fullAtMs.size
  }

  /**
   * The bucket of a request. `field`: value of the header field. Whoever lacks what is counted by is counted with the others that
   * lack it.
   */
  bucketOf(caller: LimitCaller, field: string, nowMs: number): string {
    if (this.#by === 'route') return ''
    const text = this.#by === 'header' ? field : caller[this.#by]
    if (text.length <= MAX_KEY && this.#fullAtMs.has(text)) return text
    const key = own(text)
    if (this.#fullAtMs.size < MAX_BUCKETS || this.#fullAtMs.has(key)) return key
    return this.#makeRoom(nowMs) ? key : OTHERS
  }

  /** Requests that may come at once. */
  left(bucket: string, nowMs: number): number {
    // what floating point loses must not cost a request
    return Math.floor((this.#fullMs - this.busyMs(bucket, nowMs)) / this.#stepMs + 1e-6)
  }

  take(bucket: string, nowMs: number): void {
    this.#fullAtMs.set(bucket, nowMs + this.busyMs(bucket, nowMs) + this.#stepMs)
  }

  /** Milliseconds until one more may come; 0: now. */
  waitMs(bucket: string, nowMs: number): number {
    return Math.max(0, this.busyMs(bucket, nowMs) + this.#stepMs - this.#fullMs)
  }

  /** Milliseconds until the bucket is full. */
  busyMs(bucket: string, nowMs: number): number {
    return Math.max(0, (this.#fullAtMs.get(bucket) ?? 0) - nowMs)
  }

  #makeRoom(nowMs: number): boolean {
    let looked = 0
    for (const [key, fullAtMs] of this.#fullAtMs) {
      this.#fullAtMs.delete(key)
      if (fullAtMs <= nowMs && key !== OTHERS) return true
      // to the end: the next time others are looked at
      this.#fullAtMs.set(key, fullAtMs)
      if (++looked >= LOOKED_AT) return false
    }
    return false
  }
}

/** A copy that keeps no head in memory, and is short. */
function own(key: string): string {
  if (key.length <= MAX_KEY) return Buffer.from(key, 'latin1').toString('latin1')
  return createHash('sha256').update(key, 'latin1').digest('base64')
}

/** Limits by what they say, so that a reload does not fill buckets again. */
export class RateLimiters {
  readonly #known = new Map<string, WeakRef<RateLimiter>>()
  #sweepAt = MIN_SWEPT

  /** `name`: of the route, with the place of the limit in it. */
  get(name: string, config: RateLimitConfig): RateLimiter {
    const key = JSON.stringify([name, config])
    const known = this.#known.get(key)?.deref()
    if (known !== undefined) return known
    if (this.#known.size >= this.#sweepAt) this.#sweep()
    const made = new RateLimiter(config)
    this.#known.set(key, new WeakRef(made))
    return made
  }
  #sweep(): void {
    for (const [old, reference] of this.#known) if (reference.deref() === undefined) this.#known.delete(old)
    this.#sweepAt = Math.max(MIN_SWEPT, 2 * this.#known.size)
  }
}
