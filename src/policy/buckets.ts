// Lists filed under texts and blocks of addresses: one look-up for an exact text, one for each length of beginnings, ends and blocks.
// hot path: bench/micro/policy/decide.ts
import { bytesOf, network, networkOf } from './ip-set.ts'
import type { PatternKind } from './text-set.ts'

interface Length<T> {
  readonly length: number
  readonly lists: Map<string | number, T[]>
}

export class TextIndex<T> {
  readonly exact = new Map<string, T[]>()
  readonly prefixes: Length<T>[] = []
  readonly suffixes: Length<T>[] = []

  add(kind: PatternKind, text: string, item: T): void {
    if (kind === 'exact') push(this.exact, text, item)
    else push(ofLength(kind === 'suffix' ? this.suffixes : this.prefixes, text.length).lists, text, item)
  }

  /** What is filed under the beginning of the i-th length. */
  prefixed(i: number, text: string): readonly T[] | undefined {
    const { length, lists } = this.prefixes[i] as Length<T>
    return text.length < length ? undefined : lists.get(text.slice(0, length))
  }

  suffixed(i: number, text: string): readonly T[] | undefined {
    const { length, lists } = this.suffixes[i] as Length<T>
    return text.length < length ? undefined : lists.get(text.slice(text.length - length))
  }
}

export class BlockIndex<T> {
  readonly #v4: Length<T>[] = []
  readonly #v6: Length<T>[] = []
  size = 0

  /** What is no block is filed nowhere: it holds no address. */
  add(block: string, item: T): void {
    const found = networkOf(block)
    if (found === undefined) return
    this.size++
    push(ofLength(found.v6 ? this.#v6 : this.#v4, found.bits).lists, found.network, item)
  }

  bytesOf(ip: string): Uint8Array | null {
    return bytesOf(ip)
  }

  lengths(bytes: Uint8Array): number {
    return bytes.length === 4 ? this.#v4.length : this.#v6.length
  }

  within(i: number, bytes: Uint8Array): readonly T[] | undefined {
    const { length, lists } = (bytes.length === 4 ? this.#v4 : this.#v6)[i] as Length<T>
    return lists.get(network(bytes, length))
  }
}

function ofLength<T>(lengths: Length<T>[], length: number): Length<T> {
  let found = lengths.find((one) => one.length === length)
  if (found === undefined) {
    found = { length, lists: new Map() }
    lengths.push(found)
  }
  return found
}

function push<T, K>(lists: Map<K, T[]>, text: K, item: T): void {
  const list = lists.get(text)
  if (list === undefined) lists.set(text, [item])
  else list.push(item)
}
