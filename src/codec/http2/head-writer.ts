// Heads in their canonical form into fields of HTTP/2. What HTTP/2 has no place for is left out here or by the encoder.
// hot path: bench/micro/codec/http2/heads.ts
import type { Fields } from '../../core/fields.ts'
import type { RequestHead, ResponseHead } from '../message.ts'
import type { Encoder } from './hpack/encoder.ts'
import { HOST, LENGTH, MALFORMED, nameOf, PLAIN, SPELLING, TE } from './hpack/name.ts'
import { spellingOf } from './spelling.ts'

const METHOD = nameOf(':method')
const SCHEME = nameOf(':scheme')
const AUTHORITY = nameOf(':authority')
const PATH = nameOf(':path')
const PROTOCOL = nameOf(':protocol')
const STATUS = nameOf(':status')
const TE_NAME = nameOf('te')
const SPELLING_NAME = nameOf('x-outrigger-spelling')
const HANDSHAKE = new Set(['sec-websocket-key', 'sec-websocket-accept'])

/** One string each, to be found quickly in the encoder's tables. */
const STATUSES: string[] = Array.from({ length: 600 }, (_, status) => String(status))

/** An upgrade becomes an extended CONNECT (RFC 8441), which needs no WebSocket key. `spells`: the far end may be told the case of names. */
export function writeRequest(encoder: Encoder, head: RequestHead, spells = false): void {
  const extended = head.upgrade !== ''
  const tunnel = extended || head.method === 'CONNECT'
  encoder.write(METHOD, extended ? 'CONNECT' : head.method, false)
  if (extended) encoder.write(PROTOCOL, head.upgrade, false)
  if (extended || !tunnel) encoder.write(SCHEME, head.scheme, false)
  encoder.write(AUTHORITY, head.authority, false)
  if (extended || !tunnel) encoder.write(PATH, head.path, false)
  writeFields(encoder, head.fields, tunnel)
  if (head.acceptsTrailers) encoder.write(TE_NAME, 'trailers', false)
  if (spells && (head.version !== '2' || head.spelled === true)) writeSpelling(encoder, head.fields)
}

/** `tunnel`: the request was a CONNECT of either kind, which 101 and 2xx open. `spells`: it came with the case of its names. */
export function writeResponse(encoder: Encoder, head: ResponseHead, tunnel: boolean, spells = false): void {
  const status = head.status === 101 ? 200 : head.status
  encoder.write(STATUS, STATUSES[status] ?? String(status), false)
  writeFields(encoder, head.fields, tunnel && status >= 200 && status < 300)
  if (spells && status >= 200) writeSpelling(encoder, head.fields)
}

function writeSpelling(encoder: Encoder, fields: Fields): void {
  const spelling = spellingOf(fields)
  if (spelling !== '') encoder.write(SPELLING_NAME, spelling, false)
}

/** `tunnel`: the message has neither a length nor the handshake of HTTP/1's WebSocket. */
export function writeFields(encoder: Encoder, fields: Fields, tunnel: boolean): void {
  const { list, sensitive } = fields
  for (let i = 0; i < list.length; i += 3) {
    const name = nameOf(list[i] as string)
    const { kind } = name
    // Host is :authority here
    if (kind !== PLAIN && (kind === HOST || kind === TE || kind === SPELLING || kind > MALFORMED || (tunnel && kind === LENGTH)))
      continue
    if (tunnel && HANDSHAKE.has(name.text)) continue
    encoder.write(name, list[i + 2] as string, sensitive?.includes(name.text) === true)
  }
}
