// String literals of header blocks as JavaScript strings. Those that come again and again are found by their bytes, without decoding,
// checking or making them anew: a table of fixed size in which a newcomer has to come twice before it takes a place.
// hot path: bench/micro/codec/http2/hpack.ts
import { HpackError } from './field.ts'
import { huffmanDecode } from './huffman.ts'
import { isFieldByte, type Name, nameOf } from './name.ts'

const SLOTS = 2048
const MAX_BYTES = 96

/** A decoded string. */
export class Text {
  readonly text: string
  /** Fit for a field value. */
  readonly clean: boolean
  #name: Name | undefined

  constructor(text: string, clean: boolean) {
    this.text = text
    this.clean = clean
  }

  get name(): Name {
    this.#name ??= nameOf(this.text)
    return this.#name
  }
}

interface Slot {
  readonly hash: number
  readonly bytes: Uint8Array
  readonly text: Text
}

const slots: (Slot | undefined)[] = Array.from({ length: SLOTS }, () => undefined)
/** Hash of what missed last in a slot. */
const newcomers = new Int32Array(SLOTS)
let scratch = Buffer.allocUnsafeSlow(4096) as Latin1Buffer

interface Latin1Buffer extends Buffer<ArrayBuffer> {
  latin1Slice(start: number, end: number): string
}

/** The string in `bytes` from `at` to `end`. */
export function readText(bytes: Buffer, at: number, end: number, huffman: boolean): Text {
  const length = end - at
  if (length > MAX_BYTES) return decode(bytes, at, end, huffman)
  const hash = hashOf(bytes, at, end, huffman)
  const place = (hash ^ (hash >>> 15)) & (SLOTS - 1)
  const slot = slots[place]
  if (slot !== undefined && slot.hash === hash && isSame(slot.bytes, bytes, at, length)) return slot.text
  const text = decode(bytes, at, end, huffman)
  if (newcomers[place] === hash) slots[place] = { hash, bytes: new Uint8Array(bytes.subarray(at, end)), text }
  else newcomers[place] = hash
  return text
}

/** The same for secrets: nothing of them stays behind. */
export function readSecret(bytes: Buffer, at: number, end: number, huffman: boolean): Text {
  return decode(bytes, at, end, huffman)
}

function decode(bytes: Buffer, at: number, end: number, huffman: boolean): Text {
  if (!huffman) return textOf(bytes as unknown as Latin1Buffer, at, end)
  const needed = ((end - at) * 8) / 5 + 1
  if (needed > scratch.length) scratch = Buffer.allocUnsafeSlow(Math.ceil(needed * 2)) as Latin1Buffer
  const length = huffmanDecode(bytes, at, end, scratch)
  if (length < 0) throw new HpackError('malformed Huffman code')
  return textOf(scratch, 0, length)
}

function textOf(bytes: Latin1Buffer, at: number, end: number): Text {
  let clean = end === at || (!isBlank(bytes[at]) && !isBlank(bytes[end - 1]))
  for (let i = at; i < end && clean; i++) clean = isFieldByte(bytes[i] as number)
  return new Text(bytes.latin1Slice(at, end), clean)
}

function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === 9
}

/** FNV-1a. Who makes collisions gains nothing: a slot holds one string. */
function hashOf(bytes: Buffer, at: number, end: number, huffman: boolean): number {
  let hash = huffman ? 0x811c9dc5 : 0x1000193
  for (let i = at; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
  return hash | 0
}

function isSame(known: Uint8Array, bytes: Buffer, at: number, length: number): boolean {
  if (known.length !== length) return false
  for (let i = 0; i < length; i++) if (known[i] !== bytes[at + i]) return false
  return true
}
