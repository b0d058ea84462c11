// A token bucket for frames that cost the peer next to nothing: taking one is a subtraction, the clock counts only when it runs dry.
import { ConnectionError, ENHANCE_YOUR_CALM } from './errors.ts'
import type { LimitReason, Rate } from './limits.ts'

export class Allowance {
  readonly #reason: LimitReason
  readonly #rate: Rate
  #left: number
  #filledMs: number

  constructor(reason: LimitReason, rate: Rate, nowMs: number) {
    this.#reason = reason
    this.#rate = rate
    this.#left = rate.burst
    this.#filledMs = nowMs
  }

  /** Throws when there is none left. */
  spend(nowMs: number): void {
    if (--this.#left >= 0) return
    const earned = ((nowMs - this.#filledMs) / 1000) * this.#rate.perSecond
    this.#filledMs = nowMs
    this.#left = Math.min(this.#rate.burst, this.#left + earned)
    if (this.#left < 0) throw new ConnectionError(ENHANCE_YOUR_CALM, `too many ${this.#reason.replace('_', ' ')}`, this.#reason)
  }

  earn(tokens: number): void {
    this.#left = Math.min(this.#rate.burst, this.#left + tokens)
  }
}
