// The clock of tests: it stands still until told to go on, and its chance is a list.
import type { Cancel, Clock } from '../../src/core/clock.ts'

interface Timer {
  dueMs: number
  readonly everyMs: number | undefined
  readonly run: () => void
}

export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>()
  readonly #chances: number[]
  #nowMs = 1000
  #wallMs = Date.UTC(2026, 0, 1)

  /** `chances`: what random() answers, in order; the last one for ever, 0.5 when there is none. */
  constructor(chances: readonly number[] = []) {
    this.#chances = [...chances]
  }

  nowMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.#wallMs
  }

  after(ms: number, run: () => void): Cancel {
    return this.#add({ dueMs: this.#nowMs + ms, everyMs: undefined, run })
  }

  every(ms: number, run: () => void): Cancel {
    return this.#add({ dueMs: this.#nowMs + ms, everyMs: Math.max(1, ms), run })
  }

  random(): number {
    return (this.#chances.length > 1 ? this.#chances.shift() : this.#chances[0]) ?? 0.5
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#timers.size
  }

  /** Lets time pass; what falls due runs in the order of its time, also what is set meanwhile. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#goTo(next.dueMs)
      if (next.everyMs === undefined) this.#timers.delete(next)
      else next.dueMs += next.everyMs
      next.run()
    }
    this.#goTo(endMs)
  }

  /** As `advance`, with everything that promises have to do in between. */
  async pass(ms: number): Promise<void> {
    await settled()
    this.advance(ms)
    await settled()
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  #next(endMs: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer
    }
    return next
  }

  #goTo(ms: number): void {
    if (ms <= this.#nowMs) return
    this.#wallMs += ms - this.#nowMs
    this.#nowMs = ms
  }
}

/** After every promise that is ready, and what follows from it, has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
