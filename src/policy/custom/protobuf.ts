// Protocol Buffers as far as external authorization needs them: fields of text, numbers and messages, written and read.

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

export class ProtoWriter {
  readonly #parts: Buffer[] = []

  text(field: number, value: string, encoding: 'utf8' | 'latin1' = 'utf8'): this {
    return value === '' ? this : this.bytes(field, Buffer.from(value, encoding))
  }

  bytes(field: number, value: Buffer): this {
    this.#parts.push(varint(field * 8 + BYTES), varint(value.length), value)
    return this
  }

  number(field: number, value: number): this {
    if (value !== 0) this.#parts.push(varint(field * 8 + VARINT), varint(value))
    return this
  }

  message(field: number, write: (inner: ProtoWriter) => void): this {
    const inner = new ProtoWriter()
    write(inner)
    return this.bytes(field, inner.end())
  }

  end(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

export interface ProtoField {
  readonly field: number
  /** Of a varint; 0 for anything else. */
  readonly number: number
  /** Of bytes, texts and messages; empty for anything else. */
  readonly bytes: Buffer
}

/** The fields of a message in order. Throws on what is none. */
export function readProto(message: Buffer): ProtoField[] {
  const fields: ProtoField[] = []
  let at = 0
  const next = (): number => {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = message[at++]
      if (byte === undefined) throw new Error('the message ends within a number')
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
    throw new Error('a number of more than 64 bits')
  }
  const take = (length: number): Buffer => {
    if (at + length > message.length) throw new Error('the message ends within a field')
    at += length
    return message.subarray(at - length, at)
  }
  while (at < message.length) {
    const key = next()
    const field = Math.floor(key / 8)
    const type = key % 8
    if (type === VARINT) fields.push({ field, number: next(), bytes: EMPTY })
    else if (type === BYTES) fields.push({ field, number: 0, bytes: take(next()) })
    else if (type === FIXED64 || type === FIXED32) take(type === FIXED64 ? 8 : 4)
    else throw new Error(`a field of the unknown type ${type}`)
  }
  return fields
}

const EMPTY = Buffer.alloc(0)

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}
