// The connections that were opened on the word of a certificate, on both sides: closed when the certificate ends, is revoked, or nobody
// vouches for it any more.
import type { X509Certificate } from 'node:crypto'
import { Alarm } from '../core/alarm.ts'
import type { Clock } from '../core/clock.ts'
import type { Distrust, Refused, Trust, Verified } from './trust.ts'

/** What is done with an open connection. */
export interface Holder {
  /** Whose word it was is not taken any more. */
  readonly close: (refused: Refused) => void
  /** The own certificate is another one: to be opened anew, when nothing is lost by it. */
  readonly renew: () => void
}

interface Held {
  readonly leaf: X509Certificate
  readonly holder: Holder
}

/** More than this and a timer that counts in milliseconds would strike at once. */
const LONGEST_MS = 86_400_000

export class Guard {
  readonly #clock: Clock
  readonly #closed: (why: Distrust, detail: string, count: number) => void
  readonly #held = new Set<Held>()
  readonly #alarm: Alarm
  #trust: Trust
  #nextMs = Infinity
  #heir: Guard | undefined

  /** `closed`: told of what is closed; of connections that are closed for the same reason at once, together. */
  constructor(clock: Clock, trust: Trust, closed: (why: Distrust, detail: string, count: number) => void) {
    this.#clock = clock
    this.#trust = trust
    this.#closed = closed
    this.#alarm = new Alarm(clock, () => this.#look())
  }

  get size(): number {
    return this.#held.size
  }

  /** Until what it returns is called. */
  hold(leaf: X509Certificate, { notAfterMs }: Verified, holder: Holder): () => void {
    const held: Held = { leaf, holder }
    this.#held.add(held)
    this.#expect(notAfterMs)
    return () => this.#release(held)
  }

  /** Other authorities, or another revocation list. */
  trust(trust: Trust): void {
    this.#trust = trust
    this.#look()
  }

  /** Another own certificate: what stands on the former one should not wait until that ends. */
  renew(): void {
    for (const { holder } of Array.from(this.#held)) holder.renew()
  }

  /** What another one has held is held here from now on. */
  takeOver(former: Guard): void {
    for (const held of former.#held) this.#held.add(held)
    former.#heir = this
    former.#held.clear()
    this.#look()
  }

  /** Nobody is believed any more. */
  distrustAll(detail: string): void {
    this.#close(Array.from(this.#held, (held) => [held, { kind: 'refused', why: 'untrusted', detail }] as const))
  }

  close(): void {
    this.#alarm.close()
    this.#held.clear()
  }

  #release(held: Held): void {
    this.#held.delete(held)
    if (this.#heir !== undefined) this.#heir.#release(held)
  }

  #close(ended: readonly (readonly [Held, Refused])[]): void {
    const counts = new Map<string, { why: Distrust; count: number }>()
    for (const [held, refused] of ended) {
      this.#held.delete(held)
      counts.set(refused.detail, { why: refused.why, count: (counts.get(refused.detail)?.count ?? 0) + 1 })
      held.holder.close(refused)
    }
    for (const [detail, { why, count }] of counts) this.#closed(why, detail, count)
  }

  #expect(notAfterMs: number): void {
    if (notAfterMs >= this.#nextMs) return
    this.#nextMs = notAfterMs
    this.#alarm.set(this.#clock.nowMs() + Math.min(LONGEST_MS, notAfterMs - this.#clock.wallMs()))
  }

  #look(): void {
    this.#nextMs = Infinity
    const nowMs = this.#clock.wallMs()
    const ended: (readonly [Held, Refused])[] = []
    for (const held of this.#held) {
      const verdict = this.#trust.verify(held.leaf, nowMs)
      if (verdict.kind === 'verified') this.#expect(verdict.notAfterMs)
      else ended.push([held, verdict])
    }
    this.#close(ended)
  }
}
