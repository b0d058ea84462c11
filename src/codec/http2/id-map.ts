// Streams by their ids. Ids come and go by the thousand a second: a Map would make new tables for them again and again, and those that
// the collector has moved to its old generation would keep dead streams alive. This one is written over instead.
// hot path: bench/micro/codec/http2/frames.ts

const NO_ID = 0

export class IdMap<T> {
  #ids = new Int32Array(16)
  #values: (T | undefined)[] = Array.from({ length: 16 }, () => undefined)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(id: number): T | undefined {
    const ids = this.#ids
    const mask = ids.length - 1
    for (let at = (id >>> 1) & mask; ids[at] !== NO_ID; at = (at + 1) & mask) if (ids[at] === id) return this.#values[at]
    return undefined
  }

  /** `id`: greater than 0, and not in it. */
  add(id: number, value: T): void {
    if (this.#size * 2 >= this.#ids.length) this.#grow()
    const mask = this.#ids.length - 1
    let at = (id >>> 1) & mask
    while (this.#ids[at] !== NO_ID) at = (at + 1) & mask
    this.#ids[at] = id
    this.#values[at] = value
    this.#size++
  }

  delete(id: number): void {
    const ids = this.#ids
    const values = this.#values
    const mask = ids.length - 1
    let free = (id >>> 1) & mask
    while (ids[free] !== id) {
      if (ids[free] === NO_ID) return
      free = (free + 1) & mask
    }
    // what was pushed on by it, or by others before, moves up
    for (let at = (free + 1) & mask; ids[at] !== NO_ID; at = (at + 1) & mask) {
      const home = ((ids[at] as number) >>> 1) & mask
      if (((at - home) & mask) < ((at - free) & mask)) continue
      ids[free] = ids[at] as number
      values[free] = values[at]
      free = at
    }
    ids[free] = NO_ID
    values[free] = undefined
    this.#size--
  }

  clear(): void {
    this.#ids.fill(NO_ID)
    this.#values.fill(undefined)
    this.#size = 0
  }

  /** A copy: what is done with them may change the map. */
  values(): T[] {
    return this.#values.filter((value): value is T => value !== undefined)
  }

  #grow(): void {
    const ids = this.#ids
    const values = this.#values
    this.#ids = new Int32Array(ids.length * 2)
    this.#values = Array.from({ length: ids.length * 2 }, () => undefined)
    this.#size = 0
    for (let at = 0; at < ids.length; at++) if (ids[at] !== NO_ID) this.add(ids[at] as number, values[at] as T)
  }
}
