// The attempts of one exchange that are under way: one, or with hedging a few beside each other.
// hot path: bench/macro
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Attempt } from './attempt.ts'

export class UnderWay {
  /** The newest one, or the one whose response is passed on. */
  current: Attempt | undefined = undefined
  /** Of the one that was over last. */
  tried: Endpoint | undefined = undefined
  /** Milliseconds that those that are over took since they were sent. */
  ms = 0
  #rivals: Attempt[] | null = null

  /** Besides the current one. */
  get rivals(): number {
    return this.#rivals === null ? 0 : this.#rivals.length
  }

  add(attempt: Attempt): void {
    if (this.current !== undefined) {
      this.#rivals ??= []
      this.#rivals.push(this.current)
    }
    this.current = attempt
  }

  /** It is over, and took so long; another one takes its place. */
  remove(attempt: Attempt, ms: number): void {
    this.tried = attempt.endpoint
    this.ms += ms
    attempt.head = undefined
    if (attempt === this.current) this.current = this.#rivals?.pop()
    else this.#leave(attempt)
    if (this.#rivals?.length === 0) this.#rivals = null
  }

  /** It has won: the others are given up. */
  settle(attempt: Attempt): void {
    if (attempt !== this.current) {
      this.#leave(attempt)
      this.add(attempt)
    }
    this.#abandonRivals()
  }

  /** The current one has come to its end. */
  release(): void {
    if (this.current === undefined) return
    this.ms += this.current.release()
    this.current = undefined
  }

  abandon(): void {
    this.#abandonRivals()
    if (this.current === undefined) return
    const ms = this.current.abandon()
    this.current = undefined
    this.ms += ms
  }

  #leave(attempt: Attempt): void {
    if (this.#rivals !== null) this.#rivals = this.#rivals.filter((rival) => rival !== attempt)
  }

  #abandonRivals(): void {
    if (this.#rivals === null) return
    for (const rival of this.#rivals) this.ms += rival.abandon()
    this.#rivals = null
  }
}
