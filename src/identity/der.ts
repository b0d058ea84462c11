// DER as far as certificates and revocation lists need it (X.690): a strict reader and a small writer. Bytes in, values out.

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  time: 0x18,
} as const

/** One element: its tag, its content, and all of its bytes. */
export interface Element {
  readonly tag: number
  readonly content: Buffer
  readonly whole: Buffer
}

/** Walks through the elements of a content. Whatever is not DER throws. */
export class DerReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  /** Tag of what comes next; -1 at the end. */
  get tag(): number {
    return this.#bytes[this.#at] ?? -1
  }

  next(expected?: number): Element {
    const start = this.#at
    const tag = this.#byte()
    // one byte is enough for every tag of a certificate
    if ((tag & 0x1f) === 0x1f || (expected !== undefined && tag !== expected)) throw new Error(`unexpected tag ${tag}`)
    const length = this.#length()
    const from = this.#at
    if (from + length > this.#bytes.length) throw new Error('an element is longer than what holds it')
    this.#at = from + length
    return { tag, content: this.#bytes.subarray(from, this.#at), whole: this.#bytes.subarray(start, this.#at) }
  }

  /** The content of what comes next as elements. */
  inner(expected: number): DerReader {
    return new DerReader(this.next(expected).content)
  }

  /** What may be left out. */
  optional(tag: number): Element | undefined {
    return this.tag === tag ? this.next(tag) : undefined
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new Error('the end comes too early')
    return byte
  }

  #length(): number {
    const first = this.#byte()
    if (first < 0x80) return first
    const count = first & 0x7f
    if (count === 0 || count > 3) throw new Error('a length that is not DER')
    let length = 0
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte()
    if (length < 0x80 || length < 256 ** (count - 1)) throw new Error('a length that is not DER')
    return length
  }
}

export function readOid({ content }: Element): string {
  const parts: number[] = []
  let value = 0
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f)
    if (byte & 0x80) continue
    if (parts.length === 0) parts.push(Math.min(2, Math.floor(value / 40)), value - 40 * Math.min(2, Math.floor(value / 40)))
    else parts.push(value)
    value = 0
  }
  return parts.join('.')
}

/** Milliseconds since the epoch of a UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5). */
export function readTime({ tag, content }: Element): number {
  const text = content.toString('latin1')
  const full = tag === TAG.utcTime ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full)
  if (match === null) throw new Error('a time that is not DER')
  const [, year, month, day, hour, minute, second] = match.map(Number)
  return Date.UTC(year as number, (month as number) - 1, day, hour, minute, second)
}

export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  const bytes =
    length < 256 ? [length] : length < 65_536 ? [length >> 8, length & 255] : [length >> 16, (length >> 8) & 255, length & 255]
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), content])
}

export function derOid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  return der(TAG.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

/** A number that is not negative, from its bytes. */
export function derInteger(bytes: Uint8Array): Buffer {
  let from = 0
  while (from < bytes.length - 1 && bytes[from] === 0) from++
  const short = bytes.subarray(from)
  return der(TAG.integer, ((short[0] ?? 0) & 0x80) === 0 ? short : Buffer.concat([Buffer.from([0]), short]))
}

export function derBits(bytes: Uint8Array, unused = 0): Buffer {
  return der(TAG.bits, Buffer.from([unused]), bytes)
}

/** RFC 5280 §4.1.2.5: UTCTime until 2049. */
export function derTime(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`
  return Number(text.slice(0, 4)) < 2050 ? der(TAG.utcTime, Buffer.from(text.slice(2))) : der(TAG.time, Buffer.from(text))
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f]
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift(0x80 | (rest & 0x7f))
  return bytes
}
