// What a connection speaks, from its first bytes. Nothing is answered before that is known.
import { readClientHello } from '../core/client-hello.ts'

export type Detected =
  | { readonly kind: 'need-more' }
  | { readonly kind: 'http1' }
  | { readonly kind: 'http2' }
  | { readonly kind: 'tls'; readonly serverName: string }
  | { readonly kind: 'tcp' }

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')
/** Longest method that is taken for one. */
const MAX_METHOD = 24
const SPACE = 32
const CR = 13
const LF = 10

/** Looks at all bytes that have come so far. */
export function detect(bytes: Buffer): Detected {
  if (bytes.length === 0) return { kind: 'need-more' }
  const hello = readClientHello(bytes)
  if (hello.kind === 'need-more') return { kind: 'need-more' }
  if (hello.kind === 'done') return { kind: 'tls', serverName: hello.serverName ?? '' }
  if (hello.kind === 'malformed') return { kind: 'tcp' }
  const http = detectHttp2(bytes)
  return http.kind === 'http1' ? detectHttp1(bytes) : http
}

/** Where it must be HTTP: what is not the beginning of HTTP/2 is left to HTTP/1. */
export function detectHttp2(bytes: Buffer): Detected {
  const length = Math.min(bytes.length, PREFACE.length)
  if (bytes.compare(PREFACE, 0, length, 0, length) !== 0) return { kind: 'http1' }
  return { kind: length === PREFACE.length ? 'http2' : 'need-more' }
}

/** A method of capitals, a space, and the beginning of a target. A codec then says what is wrong with the rest. */
function detectHttp1(bytes: Buffer): Detected {
  // RFC 9112 §2.2: an empty line in front is forgiven
  let at = 0
  if (bytes[0] === CR) {
    if (bytes.length === 1) return { kind: 'need-more' }
    if (bytes[1] === LF) at = 2
  }
  const start = at
  for (; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (byte === SPACE) break
    if (!isMethodByte(byte) || at - start > MAX_METHOD) return { kind: 'tcp' }
  }
  if (at === bytes.length || at + 1 === bytes.length) return { kind: 'need-more' }
  const target = bytes[at + 1] as number
  return { kind: at > start && target > SPACE && target < 127 ? 'http1' : 'tcp' }
}

function isMethodByte(byte: number): boolean {
  return (byte >= 65 && byte <= 90) || byte === 45 || byte === 95
}
