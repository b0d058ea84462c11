// Turns by weight: each endpoint is due once per period, its period is inverse to its weight, and the one due first is picked
// (earliest deadline first, as Envoy's weighted schedules). A heap keeps a pick at O(log n).
// hot path: bench/micro/upstream/balance.ts
import type { Endpoint } from '../endpoint.ts'

/**
 * Multiples of the golden ratio spread evenly over a period however many there are: first turns neither bunch up nor follow
 * the order of the list.
 */
const GOLDEN = 0.618_033_988_749_895

export class Schedule {
  /** Active exchanges make a turn count for more: weight / (active + 1), Envoy's active request bias of 1. */
  readonly #biased: boolean
  #endpoints: readonly Endpoint[] = []
  #periods = new Float64Array(0)
  #due = new Float64Array(0)
  /** Indexes of endpoints; the one due first on top. */
  #heap = new Int32Array(0)

  constructor(biased: boolean) {
    this.#biased = biased
  }

  /** Begins anew with these; `start` (0 ≤ start < 1) shifts all turns, so that many sidecars do not move in step. */
  reset(endpoints: readonly Endpoint[], start: number): void {
    const size = endpoints.length
    this.#endpoints = endpoints
    this.#periods = new Float64Array(size)
    this.#due = new Float64Array(size)
    this.#heap = new Int32Array(size)
    let total = 0
    for (const endpoint of endpoints) total += endpoint.weight
    for (let index = 0; index < size; index++) {
      const period = total / (endpoints[index] as Endpoint).weight
      this.#periods[index] = period
      this.#due[index] = ((start + index * GOLDEN) % 1) * period
      this.#heap[index] = index
    }
    for (let slot = (size >> 1) - 1; slot >= 0; slot--) this.#sink(slot)
  }

  pick(exclude: Endpoint | undefined): Endpoint | undefined {
    const heap = this.#heap
    if (heap.length === 0) return undefined
    let slot = 0
    // The next one due is one of the two below the top; the excluded one keeps its turn.
    if (heap.length > 1 && this.#endpoints[heap[0] as number] === exclude) slot = this.#lowerChild(0)
    const index = heap[slot] as number
    const picked = this.#endpoints[index] as Endpoint
    const period = this.#periods[index] as number
    this.#due[index] = (this.#due[index] as number) + (this.#biased ? period * (picked.active + 1) : period)
    this.#sink(slot)
    return picked
  }

  #sink(from: number): void {
    const heap = this.#heap
    const index = heap[from] as number
    let slot = from
    while (slot * 2 + 1 < heap.length) {
      const child = this.#lowerChild(slot)
      const below = heap[child] as number
      if (!this.#isBefore(below, index)) break
      heap[slot] = below
      slot = child
    }
    heap[slot] = index
  }

  /** Slot of whichever child of `slot` is due first; there must be one. */
  #lowerChild(slot: number): number {
    const left = slot * 2 + 1
    const right = left + 1
    if (right >= this.#heap.length) return left
    return this.#isBefore(this.#heap[right] as number, this.#heap[left] as number) ? right : left
  }

  /** Ties go to the lower index: always the same way, so that shares are exact over a cycle. */
  #isBefore(a: number, b: number): boolean {
    const dueA = this.#due[a] as number
    const dueB = this.#due[b] as number
    return dueA < dueB || (dueA === dueB && a < b)
  }
}
