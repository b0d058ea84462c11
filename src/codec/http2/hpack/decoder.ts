// Header blocks into fields: RFC 7541, the receiving half. Anything that would leave the two tables out of step is an error of the
// connection; what a field may contain is for the reader of the head to say.
// hot path: bench/micro/codec/http2/hpack.ts
import { Field, type FieldSink, HpackError } from './field.ts'
import { type Name, nameOf } from './name.ts'
import { FIRST_DYNAMIC, STATIC_TABLE } from './static-table.ts'
import { readSecret, readText } from './strings.ts'
import { DynamicTable } from './table.ts'

const STATIC_FIELDS = STATIC_TABLE.map(([name, value]) => new Field(nameOf(name), value, true, false))
/** No string, index or size in a sane block comes near. */
const MAX_INTEGER = 1 << 28
/** RFC 7541 §4.2: two, the smallest and the last. */
const MAX_SIZE_UPDATES = 2
/** The size that both begin with (RFC 9113 §6.5.2). */
const DEFAULT_TABLE_BYTES = 4096

export class Decoder {
  readonly #table = new DynamicTable<Field>(DEFAULT_TABLE_BYTES)
  #maxTableBytes = DEFAULT_TABLE_BYTES
  /** The peer knows of a smaller limit, and has to say so in its next block. */
  #mustShrink = false
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0

  /** What SETTINGS_HEADER_TABLE_SIZE of ours says, once it is acknowledged. */
  limitTable(maxBytes: number): void {
    this.#maxTableBytes = maxBytes
    this.#mustShrink = maxBytes < this.#table.maxBytes
  }

  get tableBytes(): number {
    return this.#table.bytes
  }

  /** Decodes a whole block, `at` to `end` of `bytes`. Throws HpackError. */
  decode(bytes: Buffer, at: number, end: number, sink: FieldSink): void {
    this.#bytes = bytes
    this.#at = at
    this.#end = end
    this.#readSizeUpdates()
    while (this.#at < end) {
      const first = bytes[this.#at] as number
      if ((first & 0x80) !== 0) sink.onField(this.#indexed(this.#integer(0x7f)))
      else if ((first & 0x40) !== 0) {
        const field = this.#literal(0x3f, false)
        this.#table.add(field)
        sink.onField(field)
      } else if ((first & 0x20) !== 0) throw new HpackError('table size update in the middle of a block')
      else sink.onField(this.#literal(0x0f, (first & 0x10) !== 0))
    }
  }

  #readSizeUpdates(): void {
    let updates = 0
    while (this.#at < this.#end && ((this.#bytes[this.#at] as number) & 0xe0) === 0x20) {
      if (++updates > MAX_SIZE_UPDATES) throw new HpackError('too many table size updates')
      const size = this.#integer(0x1f)
      if (size > this.#maxTableBytes) throw new HpackError('table size above the limit')
      this.#table.resize(size)
      this.#mustShrink = false
    }
    if (this.#mustShrink) throw new HpackError('no table size update after the limit went down')
  }

  #indexed(index: number): Field {
    const field = index < FIRST_DYNAMIC ? STATIC_FIELDS[index - 1] : this.#table.get(index - FIRST_DYNAMIC)
    if (field === undefined) throw new HpackError('no such index')
    return field
  }

  #literal(mask: number, sensitive: boolean): Field {
    const index = this.#integer(mask)
    const name = index === 0 ? this.#name() : this.#indexed(index).name
    const huffman = ((this.#bytes[this.#at] as number) & 0x80) !== 0
    const start = this.#stringStart()
    const secret = sensitive || name.sensitive
    const text = secret ? readSecret(this.#bytes, start, this.#at, huffman) : readText(this.#bytes, start, this.#at, huffman)
    return new Field(name, text.text, text.clean, sensitive)
  }

  #name(): Name {
    const huffman = ((this.#bytes[this.#at] as number) & 0x80) !== 0
    const start = this.#stringStart()
    if (start === this.#at) throw new HpackError('empty field name')
    return readText(this.#bytes, start, this.#at, huffman).name
  }

  /** Reads the length of a string literal; the string lies between what is returned and `#at`. */
  #stringStart(): number {
    if (this.#at >= this.#end) throw new HpackError('block ends in a field')
    const length = this.#integer(0x7f)
    const start = this.#at
    if (length > this.#end - start) throw new HpackError('string longer than its block')
    this.#at = start + length
    return start
  }

  /** RFC 7541 §5.1; `mask`: the bits of the first byte that belong to it. */
  #integer(mask: number): number {
    const bytes = this.#bytes
    let value = (bytes[this.#at++] as number) & mask
    if (value < mask) return value
    for (let shift = 0; shift <= 28; shift += 7) {
      if (this.#at >= this.#end) throw new HpackError('block ends in a number')
      const byte = bytes[this.#at++] as number
      value += (byte & 127) * 2 ** shift
      if (value > MAX_INTEGER) break
      if (byte < 128) return value
    }
    throw new HpackError('number too large')
  }
}
