// Fields into header blocks: RFC 7541, the sending half. Values that come again are indexed and cost a byte; values that never did go
// out as they are; secrets are never indexed. Writes in place, and moves to a buffer of its own when a block does not fit there.
// hot path: bench/micro/codec/http2/hpack.ts
import { CONNECTION, isFieldByte, type KnownValue, MALFORMED, type Name, nameOf } from './name.ts'
import { FIRST_DYNAMIC } from './static-table.ts'
import { DynamicTable } from './table.ts'

const DEFAULT_TABLE_BYTES = 4096
const SPACE = 32
/** Uses of a value, by all connections, from which it is indexed. */
const WORTH_INDEXING = 2
/** Numbers before names and values: never longer. */
const NUMBERS = 12

class EncoderTable extends DynamicTable<KnownValue> {
  readonly #numbers = new Map<KnownValue, number>()

  /** Index as the peer counts, 0: not there. */
  indexOf(known: KnownValue): number {
    const number = this.#numbers.get(known)
    return number === undefined ? 0 : FIRST_DYNAMIC + this.added - 1 - number
  }

  override add(known: KnownValue): void {
    const number = this.added
    super.add(known)
    this.#numbers.set(known, number)
  }

  protected override onEvicted(known: KnownValue, number: number): void {
    if (this.#numbers.get(known) === number) this.#numbers.delete(known)
  }
}

export class Encoder {
  /** Where the block stands: `start` to `at` of `bytes`. */
  bytes: Uint8Array = new Uint8Array(0)
  start = 0
  at = 0
  #end = 0
  readonly #ownMax: number
  readonly #table = new EncoderTable(DEFAULT_TABLE_BYTES)
  /** Smallest size since the last block, when the peer has to be told of a change; -1: nothing to tell. */
  #smallest = -1

  /** `maxTableBytes`: what we spend on a table, whatever the peer would allow. */
  constructor(maxTableBytes: number) {
    this.#ownMax = maxTableBytes
    this.limitTable(DEFAULT_TABLE_BYTES)
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  limitTable(peerMax: number): void {
    const size = Math.min(peerMax, this.#ownMax)
    if (size === this.#table.maxBytes) return
    this.#table.resize(size)
    this.#smallest = this.#smallest < 0 ? size : Math.min(this.#smallest, size)
  }

  /** Begins a block in `bytes`, where `at` to `end` is free. */
  begin(bytes: Uint8Array, at: number, end: number): void {
    this.bytes = bytes
    this.start = this.at = at
    this.#end = end
    if (this.#smallest >= 0) this.#writeSizeUpdates()
  }

  field(lower: string, value: string): void {
    this.write(nameOf(lower), value, false)
  }

  /** A connection-specific or malformed name is left out. */
  write(name: Name, value: string, secret: boolean): void {
    if (name.kind === CONNECTION || name.kind === MALFORMED) return
    const room = name.text.length + value.length + NUMBERS
    if (this.at + room > this.#end) this.#move(room)
    if (secret || name.sensitive) {
      this.#literal(0x10, 15, name)
      this.#rawValue(value)
      return
    }
    const known = name.known(value)
    if (known === undefined) {
      this.#literal(0, 15, name)
      this.#rawValue(value)
    } else this.#known(name, known)
  }

  #known(name: Name, known: KnownValue): void {
    if (known.staticIndex > 0) {
      this.bytes[this.at++] = 0x80 | known.staticIndex
      return
    }
    const index = this.#table.indexOf(known)
    if (index > 0) {
      this.#integer(0x80, 127, index)
      return
    }
    // an entry that would push out most others is not worth it
    if (known.uses >= WORTH_INDEXING && known.size * 2 <= this.#table.maxBytes) {
      this.#literal(0x40, 63, name)
      this.#copy(known.literal)
      this.#table.add(known)
    } else {
      this.#literal(0, 15, name)
      this.#rawValue(known.value)
    }
  }

  #literal(first: number, mask: number, name: Name): void {
    this.#integer(first, mask, name.staticIndex)
    if (name.staticIndex === 0) this.#copy(name.literal)
  }

  /** Without Huffman: it would cost more here and at the peer than the bytes it saves. */
  #rawValue(value: string): void {
    const { length } = value
    this.#integer(0, 127, length)
    const { bytes } = this
    let { at } = this
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      // RFC 9110 §5.5: what must not stand in a value is replaced
      bytes[at++] = isFieldByte(code) ? code : SPACE
    }
    this.at = at
  }

  #copy(literal: Uint8Array): void {
    const { bytes } = this
    let { at } = this
    for (let i = 0; i < literal.length; i++) bytes[at++] = literal[i] as number
    this.at = at
  }

  #integer(first: number, mask: number, value: number): void {
    const { bytes } = this
    if (value < mask) {
      bytes[this.at++] = first | value
      return
    }
    bytes[this.at++] = first | mask
    let rest = value - mask
    for (; rest > 127; rest >>>= 7) bytes[this.at++] = (rest & 127) | 128
    bytes[this.at++] = rest
  }

  /** RFC 7541 §4.2: the smallest size in between, then the one that holds. */
  #writeSizeUpdates(): void {
    if (this.at + NUMBERS > this.#end) this.#move(NUMBERS)
    if (this.#smallest < this.#table.maxBytes) this.#integer(0x20, 31, this.#smallest)
    this.#integer(0x20, 31, this.#table.maxBytes)
    this.#smallest = -1
  }

  /** To a larger buffer of the block's own. */
  #move(room: number): void {
    const length = this.at - this.start
    const bytes = new Uint8Array(Math.max(4096, (length + room) * 2))
    bytes.set(this.bytes.subarray(this.start, this.at))
    this.bytes = bytes
    this.start = 0
    this.at = length
    this.#end = bytes.length
  }
}
