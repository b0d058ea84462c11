// How long a connection may be without an exchange: as configured, or less where the endpoint says or shows that it closes earlier.

/** Closing this long before the endpoint would: a request on its way must not meet the close. */
const MARGIN_MS = 1000
/** An endpoint that closes earlier than this says nothing about its idle timeout. */
const LEARN_FROM_MS = 1000
const LEARNED_SHARE = 0.8

export class IdleLimit {
  ms: number

  constructor(ms: number) {
    this.ms = ms
  }

  /** Whether that made it shorter. */
  announced(seconds: number): boolean {
    return this.#learn(Math.max(seconds * 1000 - MARGIN_MS, (seconds * 1000) / 2))
  }

  /** The endpoint closed one that had lasted so long. Whether that made it shorter. */
  observed(lastedMs: number): boolean {
    return lastedMs >= LEARN_FROM_MS && this.#learn(Math.max(LEARN_FROM_MS, lastedMs * LEARNED_SHARE))
  }

  #learn(ms: number): boolean {
    if (ms >= this.ms) return false
    this.ms = ms
    return true
  }
}
