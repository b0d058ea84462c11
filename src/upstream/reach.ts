// Endpoints that can't be reached: others are preferred to them until it is time to try again, so that few requests have to find out.
import type { Cancel, Clock } from '../core/clock.ts'
import type { Endpoint } from './endpoint.ts'

const FIRST_MS = 100
const LONGEST_MS = 5000

interface Lost {
  failures: number
  wait: Cancel | undefined
}

export class Reach {
  readonly #clock: Clock
  readonly #lost = new Map<Endpoint, Lost>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A connection to it did not come up. */
  failed(endpoint: Endpoint): void {
    const lost = this.#lost.get(endpoint) ?? { failures: 0, wait: undefined }
    this.#lost.set(endpoint, lost)
    // several that began at the same time tell no more than one
    if (lost.wait !== undefined) return
    const boundMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** lost.failures++)
    endpoint.reachable = false
    lost.wait = this.#clock.after(boundMs * (0.5 + this.#clock.random() / 2), () => {
      lost.wait = undefined
      endpoint.reachable = true
    })
  }

  /** It has answered. */
  reached(endpoint: Endpoint): void {
    if (this.#lost.size > 0) this.forget(endpoint)
  }

  /** It is as good as any other, or gone. */
  forget(endpoint: Endpoint): void {
    this.#lost.get(endpoint)?.wait?.()
    if (this.#lost.delete(endpoint)) endpoint.reachable = true
  }

  close(): void {
    for (const endpoint of Array.from(this.#lost.keys())) this.forget(endpoint)
  }
}
