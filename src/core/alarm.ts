// A deadline that moves all the time and rarely strikes: moving it is one store, and the timer behind it is set anew only when it
// fires too early. Made for the timeouts of connections and exchanges.
// hot path: bench/macro
import type { Cancel, Clock } from './clock.ts'

export class Alarm {
  readonly #clock: Clock
  #ring: () => void
  readonly #check = (): void => this.#fired()
  #deadlineMs = Infinity
  #armedMs = Infinity
  #cancel: Cancel | undefined

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Who is told from now on. */
  rings(ring: () => void): void {
    this.#ring = ring
  }

  /** Strikes at `deadlineMs` of the clock's `nowMs()`, unless moved or cleared before; Infinity: never. */
  set(deadlineMs: number): void {
    this.#deadlineMs = deadlineMs
    if (deadlineMs < this.#armedMs) this.#arm(deadlineMs)
  }

  /** Will not strike. The timer behind it may still wake once. */
  clear(): void {
    this.#deadlineMs = Infinity
  }

  /** Will not strike and holds no timer. */
  close(): void {
    this.#deadlineMs = Infinity
    this.#armedMs = Infinity
    this.#cancel?.()
    this.#cancel = undefined
  }

  #arm(deadlineMs: number): void {
    this.#cancel?.()
    this.#armedMs = deadlineMs
    this.#cancel = this.#clock.after(Math.max(1, Math.ceil(deadlineMs - this.#clock.nowMs())), this.#check)
  }

  #fired(): void {
    this.#armedMs = Infinity
    this.#cancel = undefined
    if (this.#deadlineMs === Infinity) return
    if (this.#clock.nowMs() < this.#deadlineMs) this.#arm(this.#deadlineMs)
    else {
      this.#deadlineMs = Infinity
      this.#ring()
    }
  }
}

const silent = (): void => {}

/** Alarms for things that come and go often: one that is given back keeps its timer, so that the next to take it sets none. */
export class AlarmPool {
  readonly #clock: Clock
  readonly #spare: Alarm[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  take(ring: () => void): Alarm {
    const alarm = this.#spare.pop() ?? new Alarm(this.#clock, silent)
    alarm.rings(ring)
    return alarm
  }

  give(alarm: Alarm): void {
    alarm.clear()
    alarm.rings(silent)
    this.#spare.push(alarm)
  }
}
