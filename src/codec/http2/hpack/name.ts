// Field names as HTTP/2 knows them: what a name means to the codec, and which of its values come again and again. One registry for the
// process, bounded in names and values.
// hot path: bench/micro/codec/http2/hpack.ts
import { huffmanEncode, huffmanLength } from './huffman.ts'
import { FIRST_DYNAMIC, STATIC_TABLE } from './static-table.ts'

export const PLAIN = 0
export const LENGTH = 1
export const HOST = 2
export const EXPECT = 3
export const COOKIE = 4
export const TE = 5
/** Connection-specific: has no place in HTTP/2 (RFC 9113 §8.2.2). */
export const CONNECTION = 6
/** Ours: see spelling.ts. */
export const SPELLING = 7
/** No lower-case token, or an unknown pseudo-header. */
export const MALFORMED = 8
// pseudo-headers: from here on
export const METHOD = 9
export const SCHEME = 10
export const AUTHORITY = 11
export const PATH = 12
export const PROTOCOL = 13
export const STATUS = 14

const KINDS: Readonly<Record<string, number>> = {
  'content-length': LENGTH,
  host: HOST,
  expect: EXPECT,
  cookie: COOKIE,
  te: TE,
  connection: CONNECTION,
  'keep-alive': CONNECTION,
  'proxy-connection': CONNECTION,
  'transfer-encoding': CONNECTION,
  upgrade: CONNECTION,
  'http2-settings': CONNECTION,
  'x-outrigger-spelling': SPELLING,
  ':method': METHOD,
  ':scheme': SCHEME,
  ':authority': AUTHORITY,
  ':path': PATH,
  ':protocol': PROTOCOL,
  ':status': STATUS,
}

/** Values that are secrets or easily guessed: kept out of every table here and at the next hop (RFC 7541 §7.1.3). */
const SENSITIVE = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'x-auth-token',
  'x-csrf-token',
])
const LOWER_TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/

const MAX_NAMES = 2048
const MAX_NAME_LENGTH = 64
/** Values remembered of one name, and of all. */
const MAX_VALUES = 64
const MAX_ALL_VALUES = 8192
const MAX_VALUE_LENGTH = 256
/** A name whose values did not come again this often, on average, before there were too many … */
const WORTH_USES = 2
/** … is not watched for so many values. */
const UNWATCHED = 4096

/** A value of a name that came at least once and may come again. */
export class KnownValue {
  readonly value: string
  /** RFC 7541 §4.1. */
  readonly size: number
  /** Of an entry of the static table that has both name and value; 0: none. */
  readonly staticIndex: number
  uses = 0
  #literal: Uint8Array | undefined

  constructor(name: string, value: string, staticIndex: number) {
    this.value = value
    this.size = name.length + value.length + 32
    this.staticIndex = staticIndex
  }

  /** As a string literal. */
  get literal(): Uint8Array {
    this.#literal ??= stringLiteral(this.value)
    return this.#literal
  }
}

export class Name {
  readonly text: string
  readonly kind: number
  readonly sensitive: boolean
  /** Of the first entry of the static table with this name; 0: none. */
  readonly staticIndex: number
  /** As a string literal. */
  readonly literal: Uint8Array
  readonly #values = new Map<string, KnownValue>()
  /** Some of its values stand in the static table. */
  readonly #hasStatic: boolean
  #uses = 0
  #unwatched = 0

  constructor(text: string) {
    this.text = text
    this.kind = KINDS[text] ?? (LOWER_TOKEN.test(text) ? PLAIN : MALFORMED)
    this.sensitive = SENSITIVE.has(text)
    this.staticIndex = STATIC_TABLE.findIndex(([name]) => name === text) + 1
    this.literal = stringLiteral(text)
    this.#addStatic()
    this.#hasStatic = this.#values.size > 0
  }

  /** What is known of a value; undefined: nothing, and nothing will be. */
  known(value: string): KnownValue | undefined {
    // looking it up would only hash a text that never comes again
    if (this.#unwatched > 0 && !this.#hasStatic) {
      this.#unwatched--
      return undefined
    }
    const known = this.#values.get(value)
    if (known !== undefined) {
      known.uses++
      this.#uses++
      return known
    }
    if (this.#unwatched > 0) {
      this.#unwatched--
      return undefined
    }
    return value.length <= MAX_VALUE_LENGTH && !this.sensitive ? this.#learn(value) : undefined
  }

  forget(): void {
    this.#uses = 0
    this.#values.clear()
    this.#addStatic()
  }

  #learn(value: string): KnownValue | undefined {
    if (this.#values.size >= MAX_VALUES) {
      if (this.#uses < MAX_VALUES * WORTH_USES) this.#unwatched = UNWATCHED
      allValues -= this.#values.size
      this.forget()
      return undefined
    }
    if (!isEncodable(value)) return undefined
    if (++allValues > MAX_ALL_VALUES) forgetAllValues()
    // a copy of its own: a slice would keep the whole head that it was cut from
    const own = Buffer.from(value, 'latin1').toString('latin1')
    const known = new KnownValue(this.text, own, 0)
    known.uses = 1
    this.#values.set(own, known)
    return known
  }

  #addStatic(): void {
    if (this.staticIndex === 0) return
    for (let i = this.staticIndex; i < FIRST_DYNAMIC; i++) {
      const [name, value] = STATIC_TABLE[i - 1] as readonly [string, string]
      if (name !== this.text) return
      if (value !== '') this.#values.set(value, new KnownValue(name, value, i))
    }
  }
}

const names = new Map<string, Name>()
let allValues = 0

export function nameOf(text: string): Name {
  const known = names.get(text)
  if (known !== undefined) return known
  const own = Buffer.from(text, 'latin1').toString('latin1')
  const name = new Name(own)
  if (own.length > MAX_NAME_LENGTH) return name
  // those in use come back at once; whoever sends ever new names can't keep them out
  if (names.size >= MAX_NAMES) names.clear()
  names.set(own, name)
  return name
}

function forgetAllValues(): void {
  allValues = 0
  for (const name of names.values()) name.forget()
}

/** Whether every character can stand in a field value on the wire. */
function isEncodable(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (!isFieldByte(value.charCodeAt(i))) return false
  return true
}

/** RFC 9110 §5.5, where obs-text is one byte a character. */
export function isFieldByte(code: number): boolean {
  return (code >= 32 && code !== 127 && code < 256) || code === 9
}

/** Huffman where that is shorter. */
function stringLiteral(text: string): Uint8Array {
  const packed = huffmanLength(text)
  const huffman = packed < text.length
  const length = huffman ? packed : text.length
  const bytes = Buffer.alloc(length + 6)
  let at = writeInteger(bytes, 0, huffman ? 0x80 : 0, length)
  if (huffman) at = huffmanEncode(text, bytes, at)
  else at += bytes.write(text, at, 'latin1')
  return new Uint8Array(bytes.subarray(0, at))
}

/** With a prefix of seven bits (RFC 7541 §5.1). */
function writeInteger(bytes: Uint8Array, at: number, first: number, value: number): number {
  let o = at
  if (value < 127) {
    bytes[o++] = first | value
    return o
  }
  bytes[o++] = first | 127
  let rest = value - 127
  for (; rest > 127; rest >>>= 7) bytes[o++] = (rest & 127) | 128
  bytes[o++] = rest
  return o
}
