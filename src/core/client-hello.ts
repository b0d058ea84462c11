// The first message of a TLS connection, read without answering it: which name is called and which protocols are offered
// (RFC 8446 §4.1.2, RFC 6066 §3, RFC 7301). For detection and for passing TLS through by name. Bytes in, facts out.

export type ClientHello =
  /** So far it may become one. */
  | { readonly kind: 'need-more' }
  /** It does not begin as TLS does. */
  | { readonly kind: 'not-tls' }
  | { readonly kind: 'malformed'; readonly reason: string }
  /** `serverName` in lower case; undefined when none is called. `protocols`: ALPN names in the caller's order. */
  | { readonly kind: 'done'; readonly serverName: string | undefined; readonly protocols: readonly string[] }

/** Of everything up to the end of the ClientHello. */
const MAX_BYTES = 65_536
/** A ClientHello may be cut into several records, but nobody honest cuts it into crumbs. */
const MAX_RECORDS = 64
const MAX_RECORD_BYTES = 16_384
const RECORD_HEAD_BYTES = 5
const MESSAGE_HEAD_BYTES = 4
const HANDSHAKE = 22
const CLIENT_HELLO = 1
const SERVER_NAME = 0
const ALPN = 16

const NEED_MORE = { kind: 'need-more' } as const
const NOT_TLS = { kind: 'not-tls' } as const

/** Looks at the first bytes of a connection, all that have come so far. */
export function readClientHello(bytes: Buffer): ClientHello {
  if (!beginsAsTls(bytes)) return NOT_TLS
  try {
    const message = gatherMessage(bytes)
    return message === undefined ? NEED_MORE : readMessage(new Reader(message))
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', reason: error.message }
    throw error
  }
}

class Malformed extends Error {}

/** As far as there are bytes: a handshake record of SSL 3.0 to TLS 1.3 that is not empty, and in it a ClientHello. */
function beginsAsTls(bytes: Buffer): boolean {
  const [type = HANDSHAKE, major = 3, minor = 1, high = 0, low = 1, message = CLIENT_HELLO] = bytes
  const length = high * 256 + low
  if (type !== HANDSHAKE || major !== 3 || minor > 4) return false
  if (bytes.length >= RECORD_HEAD_BYTES && (length === 0 || length > MAX_RECORD_BYTES)) return false
  return message === CLIENT_HELLO
}

/** The body of the ClientHello, put together from its records; undefined while parts of it are missing. */
function gatherMessage(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = []
  let gathered = 0
  let announced = 0
  let at = 0
  while (at + RECORD_HEAD_BYTES <= bytes.length) {
    const length = bytes.readUInt16BE(at + 3)
    if (bytes[at] !== HANDSHAKE || bytes[at + 1] !== 3) throw new Malformed('another record within the ClientHello')
    if (length === 0 || length > MAX_RECORD_BYTES) throw new Malformed('record of a forbidden length')
    if (parts.length === MAX_RECORDS) throw new Malformed(`more than ${MAX_RECORDS} records`)
    const part = bytes.subarray(at + RECORD_HEAD_BYTES, at + RECORD_HEAD_BYTES + length)
    parts.push(part)
    gathered += part.length
    announced += length
    at += RECORD_HEAD_BYTES + length
    if (gathered < MESSAGE_HEAD_BYTES) continue
    const message = parts.length === 1 ? part : Buffer.concat(parts)
    const end = MESSAGE_HEAD_BYTES + message.readUIntBE(1, 3)
    if (end > MAX_BYTES) throw new Malformed(`longer than ${MAX_BYTES} bytes`)
    // Nothing may follow it in its record: the caller has to wait for an answer (RFC 8446 §5.1).
    if (announced > end) throw new Malformed('bytes behind the ClientHello')
    if (gathered === end) return message.subarray(MESSAGE_HEAD_BYTES)
  }
  return undefined
}

function readMessage(hello: Reader): ClientHello {
  if (hello.uint(2) >> 8 !== 3) throw new Malformed('unknown version')
  hello.bytes(32)
  if (hello.block(1).length > 32) throw new Malformed('session id longer than 32 bytes')
  const ciphers = hello.block(2).length
  if (ciphers < 2 || ciphers % 2 !== 0) throw new Malformed('list of ciphers of a forbidden length')
  if (hello.block(1).length === 0) throw new Malformed('no compression method')
  // Before TLS 1.3, extensions may be missing altogether.
  const extensions = hello.atEnd ? hello : new Reader(hello.block(2))
  hello.expectEnd()
  let serverName: string | undefined
  let protocols: readonly string[] = []
  const seen = new Set<number>()
  while (!extensions.atEnd) {
    const type = extensions.uint(2)
    const content = new Reader(extensions.block(2))
    if (seen.has(type)) throw new Malformed(`extension ${type} twice`)
    seen.add(type)
    if (type === SERVER_NAME) serverName = readServerName(content)
    else if (type === ALPN) protocols = readProtocols(content)
  }
  return { kind: 'done', serverName, protocols }
}

/** Exactly one name, of the only type there is, in ASCII and without a dot at its end. */
function readServerName(content: Reader): string {
  const list = new Reader(content.block(2))
  content.expectEnd()
  if (list.uint(1) !== 0) throw new Malformed('server name of an unknown type')
  const name = list.block(2).toString('latin1')
  list.expectEnd()
  if (name.length > 253 || !/^[\w-]+(\.[\w-]+)*$/.test(name)) throw new Malformed('server name that is no host name')
  return name.toLowerCase()
}

function readProtocols(content: Reader): string[] {
  const list = new Reader(content.block(2))
  content.expectEnd()
  const protocols: string[] = []
  do {
    const protocol = list.block(1)
    if (protocol.length === 0) throw new Malformed('empty protocol name')
    protocols.push(protocol.toString('latin1'))
  } while (!list.atEnd)
  return protocols
}

/** Walks through a block; every step beyond its end is malformed. */
class Reader {
  readonly #block: Buffer
  #at = 0

  constructor(block: Buffer) {
    this.#block = block
  }

  get atEnd(): boolean {
    return this.#at === this.#block.length
  }

  expectEnd(): void {
    if (!this.atEnd) throw new Malformed('length that does not fit its content')
  }

  bytes(count: number): Buffer {
    const end = this.#at + count
    if (end > this.#block.length) throw new Malformed('length beyond the end')
    const bytes = this.#block.subarray(this.#at, end)
    this.#at = end
    return bytes
  }

  /** A number of 1 or 2 bytes. */
  uint(size: 1 | 2): number {
    return this.bytes(size).readUIntBE(0, size)
  }

  /** What a length of 1 or 2 bytes announces. */
  block(lengthSize: 1 | 2): Buffer {
    return this.bytes(this.uint(lengthSize))
  }
}
