// The PROXY protocol (haproxy.org/download/3.2/doc/proxy-protocol.txt), versions 1 and 2: the head that tells at the start of a
// connection who really connected, and to whom. Bytes in, bytes out; sockets are the listener's and the pool's.
import { isIPv4, isIPv6 } from 'node:net'
import { type Address, canonicalIp, ipFromBytes, ipToBytes } from './address.ts'

export interface ProxyEnds {
  readonly source: Address
  readonly destination: Address
}

export type ProxyHead =
  /** So far it may become a head. */
  | { readonly kind: 'need-more' }
  /** It does not begin as a head does. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'malformed'; readonly reason: string }
  /** The first `bytes` are a head. No `ends`: those of the connection itself hold (LOCAL, UNKNOWN, datagrams). */
  | { readonly kind: 'done'; readonly bytes: number; readonly ends: ProxyEnds | undefined }

const V1_START = Buffer.from('PROXY ')
const V1_MAX_BYTES = 107
const V2_START = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const V2_FIXED_BYTES = 16
/** As HAProxy's own buffers. The two bytes of the length would allow 64 KiB. */
const V2_MAX_BYTES = 16_384
const UNIX_PATH_BYTES = 108

const NEED_MORE = { kind: 'need-more' } as const
const CR = 0x0d
const LF = 0x0a

/** Looks at the first bytes of a connection, all that have come so far. */
export function readProxyHead(bytes: Buffer): ProxyHead {
  if (startsAlike(bytes, V2_START)) return bytes.length < V2_FIXED_BYTES ? readShortV2(bytes) : readV2(bytes)
  if (startsAlike(bytes, V1_START)) return readV1(bytes)
  return { kind: 'absent' }
}

/** `bytes` begins with `start`, or is the beginning of it. */
function startsAlike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

function malformed(reason: string): ProxyHead {
  return { kind: 'malformed', reason }
}

function readV1(bytes: Buffer): ProxyHead {
  const seen = Math.min(bytes.length, V1_MAX_BYTES)
  let end = V1_START.length
  while (end < seen && bytes[end] !== CR && bytes[end] !== LF) end++
  if (bytes[end] === LF && end < seen) return malformed('LF without CR')
  if (end + 1 >= seen) return bytes.length >= V1_MAX_BYTES ? malformed('no end of line within 107 bytes') : NEED_MORE
  if (bytes[end + 1] !== LF) return malformed('CR without LF')
  const ends = readV1Line(bytes.toString('latin1', V1_START.length, end))
  return ends === 'malformed' ? malformed('not the fields of a version 1 line') : { kind: 'done', bytes: end + 2, ends }
}

function readV1Line(line: string): ProxyEnds | undefined | 'malformed' {
  // What follows UNKNOWN is to be ignored.
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN ')) return undefined
  const fields = line.split(' ')
  if (fields.length !== 5) return 'malformed'
  const [family, sourceIp, destinationIp, sourcePort, destinationPort] = fields as [string, string, string, string, string]
  const source = readV1Address(family, sourceIp, sourcePort)
  const destination = readV1Address(family, destinationIp, destinationPort)
  return source === undefined || destination === undefined ? 'malformed' : { source, destination }
}

function readV1Address(family: string, ip: string, port: string): Address | undefined {
  const fits = family === 'TCP4' ? isIPv4(ip) : family === 'TCP6' && isIPv6(ip) && !ip.includes('%')
  if (!fits || !/^(0|[1-9]\d{0,4})$/.test(port) || Number(port) > 65_535) return undefined
  return { kind: 'tcp', host: canonicalIp(ip), port: Number(port) }
}

/** Fewer than 16 bytes: what is there may be wrong already. */
function readShortV2(bytes: Buffer): ProxyHead {
  if (bytes.length > 12 && !isV2Command(bytes[12] as number)) return malformed('neither LOCAL nor PROXY of version 2')
  return NEED_MORE
}

function isV2Command(byte: number): boolean {
  return byte === 0x20 || byte === 0x21
}

function readV2(bytes: Buffer): ProxyHead {
  const command = bytes[12] as number
  const family = bytes[13] as number
  const end = V2_FIXED_BYTES + bytes.readUInt16BE(14)
  if (!isV2Command(command)) return malformed('neither LOCAL nor PROXY of version 2')
  if (end > V2_MAX_BYTES) return malformed(`longer than ${V2_MAX_BYTES} bytes`)
  // LOCAL: the sender speaks for itself; whatever follows is to be skipped.
  if (command === 0x20) return bytes.length < end ? NEED_MORE : { kind: 'done', bytes: end, ends: undefined }
  const addressBytes = V2_ADDRESS_BYTES.get(family)
  if (addressBytes === undefined) return malformed('unknown address family or transport')
  if (V2_FIXED_BYTES + addressBytes > end) return malformed('too short for its addresses')
  if (bytes.length < end) return NEED_MORE
  const addressEnd = V2_FIXED_BYTES + addressBytes
  if (family !== 0 && !areTlvs(bytes, addressEnd, end)) return malformed('TLVs do not fill what is left')
  return { kind: 'done', bytes: end, ends: readV2Ends(family, bytes.subarray(V2_FIXED_BYTES, addressEnd)) }
}

/** Family and transport in one byte, as the specification lists them: any other is to be refused. */
const V2_ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [0x00, 0],
  [0x11, 12],
  [0x12, 12],
  [0x21, 36],
  [0x22, 36],
  [0x31, 2 * UNIX_PATH_BYTES],
  [0x32, 2 * UNIX_PATH_BYTES],
])

function areTlvs(bytes: Buffer, from: number, end: number): boolean {
  let at = from
  while (at + 3 <= end) at += 3 + bytes.readUInt16BE(at + 1)
  return at === end
}

function readV2Ends(family: number, block: Buffer): ProxyEnds | undefined {
  switch (family) {
    case 0x11:
      return readV2IpEnds(block, 4)
    case 0x21:
      return readV2IpEnds(block, 16)
    case 0x31:
      return {
        source: { kind: 'unix', path: readUnixPath(block.subarray(0, UNIX_PATH_BYTES)) },
        destination: { kind: 'unix', path: readUnixPath(block.subarray(UNIX_PATH_BYTES)) },
      }
    default:
      return undefined
  }
}

function readV2IpEnds(block: Buffer, ipBytes: number): ProxyEnds {
  const host = (at: number): string => ipFromBytes(block.subarray(at, at + ipBytes))
  return {
    source: { kind: 'tcp', host: host(0), port: block.readUInt16BE(2 * ipBytes) },
    destination: { kind: 'tcp', host: host(ipBytes), port: block.readUInt16BE(2 * ipBytes + 2) },
  }
}

/** Ends at the first NUL; one that begins with it is an abstract name, written with @ as Linux tools do. */
function readUnixPath(field: Buffer): string {
  const start = field[0] === 0 ? 1 : 0
  const nul = field.indexOf(0, start)
  const name = field.toString('utf8', start, nul < 0 ? field.length : nul)
  return start === 1 && name !== '' ? `@${name}` : name
}

/** The head to send. Without `ends`: the connection is our own (version 1 can only say UNKNOWN). */
export function writeProxyHead(version: 1 | 2, ends: ProxyEnds | undefined): Buffer {
  return version === 1 ? writeV1(ends) : writeV2(ends)
}

function writeV1(ends: ProxyEnds | undefined): Buffer {
  const pair = ends && ipPair(ends)
  if (pair === undefined) return Buffer.from('PROXY UNKNOWN\r\n')
  const family = pair.source.length === 4 ? 'TCP4' : 'TCP6'
  const [source, destination] = [pair.source, pair.destination].map(textOfIp)
  return Buffer.from(`PROXY ${family} ${source} ${destination} ${pair.sourcePort} ${pair.destinationPort}\r\n`)
}

/** IPv4 in IPv6 keeps its long form, because the family was announced as TCP6. */
function textOfIp(bytes: number[]): string {
  const text = ipFromBytes(Uint8Array.from(bytes))
  return bytes.length === 16 && isIPv4(text) ? `::ffff:${text}` : text
}

function writeV2(ends: ProxyEnds | undefined): Buffer {
  if (ends === undefined) return v2Head(0x20, 0x00, 0)
  const { source, destination } = ends
  if (source.kind === 'unix' && destination.kind === 'unix') {
    const head = v2Head(0x21, 0x31, 2 * UNIX_PATH_BYTES)
    writeUnixPath(source.path, head, V2_FIXED_BYTES)
    writeUnixPath(destination.path, head, V2_FIXED_BYTES + UNIX_PATH_BYTES)
    return head
  }
  const pair = ipPair(ends)
  if (pair === undefined) return v2Head(0x21, 0x00, 0)
  const size = pair.source.length
  const head = v2Head(0x21, size === 4 ? 0x11 : 0x21, 2 * size + 4)
  head.set(pair.source, V2_FIXED_BYTES)
  head.set(pair.destination, V2_FIXED_BYTES + size)
  head.writeUInt16BE(pair.sourcePort, V2_FIXED_BYTES + 2 * size)
  head.writeUInt16BE(pair.destinationPort, V2_FIXED_BYTES + 2 * size + 2)
  return head
}

function v2Head(command: number, family: number, length: number): Buffer {
  const head = Buffer.alloc(V2_FIXED_BYTES + length)
  V2_START.copy(head)
  head[12] = command
  head[13] = family
  head.writeUInt16BE(length, 14)
  return head
}

function writeUnixPath(path: string, head: Buffer, at: number): void {
  const abstract = path.startsWith('@') ? 1 : 0
  head.write(path.slice(abstract), at + abstract, UNIX_PATH_BYTES - abstract, 'utf8')
}

interface IpPair {
  readonly source: number[]
  readonly destination: number[]
  readonly sourcePort: number
  readonly destinationPort: number
}

/** Both as bytes of one family, an IPv4 one within IPv6 where they differ; undefined when either is no IP. */
function ipPair({ source, destination }: ProxyEnds): IpPair | undefined {
  if (source.kind !== 'tcp' || destination.kind !== 'tcp') return undefined
  const from = ipToBytes(canonicalIp(source.host))
  const to = ipToBytes(canonicalIp(destination.host))
  if (from === undefined || to === undefined) return undefined
  const ports = { sourcePort: source.port, destinationPort: destination.port }
  if (from.length === to.length) return { source: from, destination: to, ...ports }
  return { source: inIpv6(from), destination: inIpv6(to), ...ports }
}

function inIpv6(bytes: number[]): number[] {
  return bytes.length === 16 ? bytes : [...Array<number>(10).fill(0), 255, 255, ...bytes]
}
