// What is under way, in no order. Things come and go by the thousand a second: a Set would make new tables for them again and again, and
// those that the collector has moved to its old generation would keep what is long over alive. This one is written over instead.
// hot path: bench/macro

/** Knows where it is kept; starts with -1. */
export interface Kept {
  place: number
}

export class Bag<T extends Kept> {
  readonly #all: T[] = []

  get size(): number {
    return this.#all.length
  }

  /** What is in it already stays once. */
  add(one: T): void {
    if (one.place >= 0) return
    one.place = this.#all.length
    this.#all.push(one)
  }

  /** Takes it out, if it is there. */
  delete(one: T): void {
    const { place } = one
    if (place < 0) return
    one.place = -1
    const last = this.#all.pop() as T
    if (last === one) return
    this.#all[place] = last
    last.place = place
  }

  /** A copy: what is done with them may take them out. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#all.slice().values()
  }
}
