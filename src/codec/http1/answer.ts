// The response half of an HTTP/1 connection from downstream: framing by what the caller understands.
// hot path: bench/macro
import type { Fields } from '../../core/fields.ts'
import type { RequestHead, ResponseHead } from '../message.ts'
import { HELD, type WriteResult } from '../stream.ts'
import type { Wire } from '../wire.ts'
import { chunkText, lastChunkText, responseText } from './write.ts'

export class Answer {
  readonly #wire: Wire
  #framing: 'none' | 'length' | 'chunked' | 'close' | 'tunnel' = 'none'

  constructor(wire: Wire) {
    this.#wire = wire
  }

  reset(): void {
    this.#framing = 'none'
  }

  get begun(): boolean {
    return this.#framing !== 'none'
  }

  get tunnels(): boolean {
    return this.#framing === 'tunnel'
  }

  /** The end of the connection would pass for the end of the response. */
  get endsByClose(): boolean {
    return this.#framing === 'close' || this.#framing === 'tunnel'
  }

  inform(head: ResponseHead): void {
    this.#wire.text(responseText(head, false, ''))
  }

  /** `persistent`: the connection may carry another exchange; what is returned says whether that is still so. */
  begin(head: ResponseHead, end: boolean, request: RequestHead | undefined, persistent: boolean): boolean {
    const old = request?.version === '1.0'
    const connect = request?.method === 'CONNECT' && head.status >= 200 && head.status < 300
    let stays = persistent
    if (head.status === 101 || connect) this.#framing = 'tunnel'
    else if (end || head.bodyLength >= 0) this.#framing = 'length'
    else this.#framing = old ? 'close' : 'chunked'
    if (this.endsByClose) stays = false
    if (end && lacksLength(head, request)) head.fields.push('content-length', 'Content-Length', '0')
    let connection = ''
    if (!stays) connection = this.#framing === 'tunnel' ? '' : 'close'
    else if (old) connection = 'keep-alive'
    this.#wire.text(responseText(head, this.#framing === 'chunked', connection))
    return stays
  }

  write(chunk: Uint8Array): WriteResult {
    if (this.#framing !== 'chunked') return this.#wire.write(chunk)
    if (chunk.length === 0) return HELD // would be the last chunk
    this.#wire.text(chunkText(chunk.length))
    const result = this.#wire.write(chunk)
    this.#wire.text('\r\n')
    return result
  }

  end(trailers: Fields | undefined): void {
    if (this.#framing === 'chunked') this.#wire.text(lastChunkText(trailers))
  }
}

/** Without a word of its length, a response that ends with its head would be taken for one that ends with the connection (RFC 9112 §6.3). */
function lacksLength({ status, fields, upgrade }: ResponseHead, request: RequestHead | undefined): boolean {
  if (status < 200 || status === 204 || status === 304 || upgrade !== '' || request?.method === 'HEAD') return false
  return request?.method !== 'CONNECT' && !fields.has('content-length')
}
