// Time and chance of a simulation: events in a heap, chance by a seed. The same seed, the same run.
import type { Cancel, Clock } from '../../src/core/clock.ts'

interface Event {
  readonly atMs: number
  readonly order: number
  run: (() => void) | undefined
}

export class SimulatedClock implements Clock {
  readonly #heap: Event[] = []
  #nowMs = 0
  #order = 0
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  nowMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.#nowMs
  }

  after(ms: number, run: () => void): Cancel {
    const event: Event = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, run }
    this.#push(event)
    return () => (event.run = undefined)
  }

  every(ms: number, run: () => void): Cancel {
    let cancel: Cancel | undefined
    const again = (): void => {
      cancel = this.after(ms, again)
      run()
    }
    cancel = this.after(ms, again)
    return () => cancel?.()
  }

  /** mulberry32 */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let x = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296
  }

  /** Runs what is due until then; promises get their turn often enough for what waits for them. */
  async runUntil(endMs: number): Promise<void> {
    let count = 0
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= endMs; next = this.#heap[0]) {
      this.#pop()
      this.#nowMs = next.atMs
      next.run?.()
      if (++count % 256 === 0) await Promise.resolve()
    }
    this.#nowMs = endMs
  }

  #push(event: Event): void {
    const heap = this.#heap
    let slot = heap.push(event) - 1
    while (slot > 0) {
      const parent = (slot - 1) >> 1
      if (!isBefore(event, heap[parent] as Event)) break
      heap[slot] = heap[parent] as Event
      slot = parent
    }
    heap[slot] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Event
    if (heap.length === 0) return
    let slot = 0
    for (;;) {
      let child = slot * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++
      if (!isBefore(heap[child] as Event, last)) break
      heap[slot] = heap[child] as Event
      slot = child
    }
    heap[slot] = last
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
