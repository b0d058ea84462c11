// Heads of messages in their one canonical form: made once by a codec, then the same for policy, routing and the codec that
// forwards them.
import type { Fields } from '../core/fields.ts'

export type HttpVersion = '1.0' | '1.1' | '2'

export interface RequestHead {
  version: HttpVersion
  method: string
  scheme: 'http' | 'https'
  /** Host and optional port as the caller named them, without user information. '' when HTTP/1.0 named none. */
  authority: string
  /** Origin-form with query, '*' for OPTIONS *, '' for CONNECT. */
  path: string
  /** Without connection fields (Connection, Keep-Alive, Transfer-Encoding, Upgrade, TE, …) and what Connection may name. */
  fields: Fields
  /** Bytes of the body; 0: none; -1: known only at its end. */
  bodyLength: number
  /** Token that the caller wants to switch to, in lower case ('websocket'); '' for none. */
  upgrade: string
  /** The caller takes trailers (TE: trailers). */
  acceptsTrailers: boolean
  /** The caller waits for 100 Continue. */
  expectsContinue: boolean
  /** The request-target was in absolute-form: the caller takes us for its HTTP proxy. */
  absolute: boolean
  /** HTTP/1.1 that another sidecar has put into HTTP/2: its names are as they were written, and those of the response should be. */
  spelled?: boolean
}

export interface ResponseHead {
  version: HttpVersion
  status: number
  /** As it came; '' over HTTP/2. */
  reason: string
  fields: Fields
  /** Bytes of the body that follow; 0: none; -1: known only at its end. */
  bodyLength: number
  /** Token that was switched to (with 101); '' for none. */
  upgrade: string
}
