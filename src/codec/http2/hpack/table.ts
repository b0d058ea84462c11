// The dynamic table of HPACK (RFC 7541 §2.3.2, §4): first in, first out, bounded by the size of its entries.
// hot path: bench/micro/codec/http2/hpack.ts

export interface Sized {
  readonly size: number
}

export class DynamicTable<T extends Sized> {
  #ring: (T | undefined)[] = Array.from({ length: 64 }, () => undefined)
  /** Entries ever added; the newest stands at `#added - 1`. */
  #added = 0
  #count = 0
  #bytes = 0
  #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get maxBytes(): number {
    return this.#maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get count(): number {
    return this.#count
  }

  get added(): number {
    return this.#added
  }

  /** The newest is 0. */
  get(index: number): T | undefined {
    return index < this.#count ? this.#ring[(this.#added - 1 - index) & (this.#ring.length - 1)] : undefined
  }

  /** An entry that is larger than the table empties it (RFC 7541 §4.4). */
  add(entry: T): void {
    this.#evict(this.#maxBytes - entry.size)
    if (entry.size > this.#maxBytes) return
    if (this.#count === this.#ring.length) this.#grow()
    this.#ring[this.#added++ & (this.#ring.length - 1)] = entry
    this.#count++
    this.#bytes += entry.size
  }

  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes
    this.#evict(maxBytes)
  }

  /** `number`: what `added` was before the entry came. */
  protected onEvicted(_entry: T, _number: number): void {}

  #evict(maxBytes: number): void {
    while (this.#bytes > maxBytes && this.#count > 0) {
      const number = this.#added - this.#count
      const place = number & (this.#ring.length - 1)
      const entry = this.#ring[place] as T
      this.#ring[place] = undefined
      this.#count--
      this.#bytes -= entry.size
      this.onEvicted(entry, number)
    }
  }

  #grow(): void {
    const old = this.#ring
    const ring: (T | undefined)[] = Array.from({ length: old.length * 2 }, () => undefined)
    for (let n = this.#added - this.#count; n < this.#added; n++) ring[n & (ring.length - 1)] = old[n & (old.length - 1)]
    this.#ring = ring
  }
}
