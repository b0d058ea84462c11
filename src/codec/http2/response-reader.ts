// Response heads from HTTP/2 into their canonical form: RFC 9113 §8.3.2.
// hot path: bench/micro/codec/http2/heads.ts
import { createHash } from 'node:crypto'
import type { RequestHead, ResponseHead } from '../message.ts'
import type { Field } from './hpack/field.ts'
import { STATUS } from './hpack/name.ts'
import { SectionReader } from './section-reader.ts'
import { respell } from './spelling.ts'

/** RFC 6455 §1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

export class ResponseReader extends SectionReader {
  #status = 0

  override begin(): void {
    super.begin()
    this.#status = 0
  }

  /** The head that has been read in answer to `request`; undefined: refused, `problem` says why. */
  read(request: RequestHead, end: boolean): ResponseHead | undefined {
    if (this.problem !== '') return undefined
    this.end()
    const status = this.#status
    if (status === 0) return this.refuse('no :status')
    if (status === 101) return this.refuse('101 over HTTP/2')
    if (status < 200 && end) return this.refuse('interim response that ends the stream')
    if (status < 300 && status >= 200) {
      if (request.upgrade !== '') return this.#switched(request)
      if (request.method === 'CONNECT') return this.#head(status, -1, '')
    }
    const bodiless = request.method === 'HEAD' || status < 200 || status === 204 || status === 304
    if (end && !bodiless && this.contentLength > 0) return this.refuse('content-length without a body')
    return this.#head(status, bodiless || end ? 0 : this.contentLength, '')
  }

  protected override onPseudo(field: Field): void {
    if (field.name.kind !== STATUS) this.refuse('request pseudo-header in a response')
    else if (this.#status !== 0) this.refuse('repeated pseudo-header')
    else if (!/^[1-9]\d\d$/.test(field.value)) this.refuse('malformed :status')
    else this.#status = Number(field.value)
  }

  /** What HTTP/1 calls a switch of protocols; a WebSocket client of HTTP/1 wants its key answered. */
  #switched(request: RequestHead): ResponseHead {
    const key = request.fields.get('sec-websocket-key')
    if (request.upgrade === 'websocket' && key !== undefined) {
      this.fields.set(
        'Sec-WebSocket-Accept',
        createHash('sha1')
          .update(key + WEBSOCKET_GUID)
          .digest('base64'),
      )
    }
    this.fields.remove('content-length')
    return this.#head(101, -1, request.upgrade)
  }

  #head(status: number, bodyLength: number, upgrade: string): ResponseHead {
    if (this.spelling !== '') respell(this.fields, this.spelling)
    return { version: '2', status, reason: '', fields: this.fields, bodyLength, upgrade }
  }
}
