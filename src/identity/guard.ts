// The connections that were opened on the word of a certificate, on both sides: closed when the certificate ends, is revoked, or nobody
// vouches for it any more.
import type { X509Certificate } from 'node:crypto'
import { Alarm } from '../core/alarm.ts'
import type { Clock } from '../core/clock.ts'
import type { Distrust, Refused, Trust, Verified } from './trust.ts'

export interface Held {
  readonly leaf: X509Certificate
  notAfterMs: number
  /** Whose word it was is not taken any more. */
  readonly close: (refused: Refused) => void
}

/** More than this and a timer that counts in milliseconds would strike at once. */
const LONGEST_MS = 86_400_000

export class Guard {
  readonly #clock: Clock
  readonly #closed: (why: Distrust, detail: string) => void
  readonly #held = new Set<Held>()
  readonly #alarm: Alarm
  #trust: Trust
  #nextMs = Infinity

  /** `closed`: told of every connection that is closed. */
  constructor(clock: Clock, trust: Trust, closed: (why: Distrust, detail: string) => void) {
    this.#clock = clock
    this.#trust = trust
    this.#closed = closed
    this.#alarm = new Alarm(clock, () => this.#look())
  }

  get size(): number {
    return this.#held.size
  }

  /** Until what it returns is called. */
  hold(leaf: X509Certificate, { notAfterMs }: Verified, close: (refused: Refused) => void): () => void {
    const held: Held = { leaf, notAfterMs, close }
    this.#held.add(held)
    this.#expect(notAfterMs)
    return () => void this.#held.delete(held)
  }

  /** Other authorities, or another revocation list. */
  trust(trust: Trust): void {
    this.#trust = trust
    this.#look()
  }

  close(): void {
    this.#alarm.close()
    this.#held.clear()
  }

  #expect(notAfterMs: number): void {
    if (notAfterMs >= this.#nextMs) return
    this.#nextMs = notAfterMs
    this.#alarm.set(this.#clock.nowMs() + Math.min(LONGEST_MS, notAfterMs - this.#clock.wallMs()))
  }

  #look(): void {
    this.#nextMs = Infinity
    const nowMs = this.#clock.wallMs()
    for (const held of Array.from(this.#held)) {
      const verdict = this.#trust.verify(held.leaf, nowMs)
      if (verdict.kind === 'verified') {
        held.notAfterMs = verdict.notAfterMs
        this.#expect(verdict.notAfterMs)
        continue
      }
      this.#held.delete(held)
      this.#closed(verdict.why, verdict.detail)
      held.close(verdict)
    }
  }
}
