// An HTTP/1.1 connection to an endpoint: one exchange at a time. Whatever is not exactly one response to exactly one request ends it.
// hot path: bench/macro
import type { Socket } from 'node:net'
import type { FailureCode } from '../../core/failures.ts'
import type { Fields } from '../../core/fields.ts'
import type { HttpLimits } from '../limits.ts'
import type { RequestHead, ResponseHead } from '../message.ts'
import {
  FULL,
  type UpstreamConnection,
  type UpstreamConnectionOwner,
  type UpstreamReceiver,
  type UpstreamStream,
  WRITTEN,
  type WriteResult,
} from '../stream.ts'
import { BAD, BodyReader, DONE, MORE } from './body.ts'
import { HeadReader, NO_BODY, TUNNEL } from './head.ts'
import { headText, isHopeless } from './inlet.ts'
import { Transport, type TransportOwner } from './transport.ts'
import { chunkText, lastChunkText, requestText } from './write.ts'

/** A response of this many interim heads is no response. */
const MAX_INTERIM = 32
const CR = 13
const LF = 10
const NO_UPGRADES: ReadonlySet<string> = new Set()

/** head: a response is awaited; body: it is being read; closed: will never be used again. */
type Phase = 'connecting' | 'idle' | 'head' | 'body' | 'closed'

export class Http1Upstream implements UpstreamConnection, UpstreamStream, TransportOwner {
  readonly #owner: UpstreamConnectionOwner
  readonly #maxHeadBytes: number
  readonly #transport: Transport
  readonly #heads: HeadReader
  readonly #body: BodyReader
  #phase: Phase = 'connecting'
  /** What has gone out of the request. */
  #sending: 'nothing' | 'head' | 'done' = 'nothing'
  #receiver: UpstreamReceiver | undefined
  #request: RequestHead | undefined
  #chunked = false
  #persistent = true
  #draining = false
  #interim = 0
  /** A tunnel of which the endpoint has ended its side. */
  #halfClosed = false
  /** Something of the response under way has come, or the connection was made for it: an end was not on its way already. */
  #touched = true
  /** Of the last read, what is still referred to elsewhere: its memory can't be read into again. */
  #lent: WriteResult = WRITTEN
  /** Seconds after which the endpoint says it closes an idle connection; -1: it has not said. */
  keepAliveSeconds = -1

  /** `socket`: connecting or connected; without `onread`, the codec listens for data itself. */
  constructor(socket: Socket, owner: UpstreamConnectionOwner, options: Pick<HttpLimits, 'maxHeadBytes' | 'maxFields'>) {
    this.#owner = owner
    this.#maxHeadBytes = options.maxHeadBytes
    this.#transport = new Transport(socket, this, options.maxHeadBytes + 65_536)
    this.#heads = new HeadReader({ maxFields: options.maxFields, upgrades: NO_UPGRADES })
    this.#body = new BodyReader(this.#heads, options.maxHeadBytes)
  }

  /** The connection is up, its handshake included. */
  connected(): void {
    if (this.#phase !== 'connecting') return
    this.#phase = 'idle'
    this.#transport.burst(() => this.#owner.onReady(this))
  }

  /** `lent`: the memory is the caller's; what is returned says when it is free again. */
  push(chunk: Buffer, lent: boolean): WriteResult {
    this.#lent = WRITTEN
    this.#transport.push(chunk, lent)
    return this.#lent
  }

  /** Bytes of the response under way that are known to be still to come; tells how large a buffer is worth having. */
  get expects(): number {
    return this.#phase === 'body' ? this.#body.remaining : 0
  }

  get capacity(): number {
    return this.#phase === 'idle' && !this.#draining ? 1 : 0
  }

  get active(): number {
    return this.#receiver === undefined ? 0 : 1
  }

  begin(receiver: UpstreamReceiver): UpstreamStream {
    this.#receiver = receiver
    this.#phase = 'head'
    this.#sending = 'nothing'
    this.#interim = 0
    return this
  }

  // what the attempt asks

  send(head: RequestHead, end: boolean): void {
    this.#request = head
    this.#chunked = head.bodyLength < 0
    this.#sending = 'head'
    this.#transport.wire.text(requestText(head))
    if (end) this.end()
  }

  write(chunk: Uint8Array): WriteResult {
    if (this.#chunked) this.#transport.wire.text(chunkText(chunk.length))
    const result = this.#transport.wire.write(chunk)
    if (this.#chunked) this.#transport.wire.text('\r\n')
    this.#transport.note(result)
    return result
  }

  end(trailers?: Fields): void {
    if (this.#chunked) this.#transport.wire.text(lastChunkText(trailers))
    this.#sending = 'done'
    if (this.#phase !== 'body' || this.#body.framing !== TUNNEL) return
    this.#transport.wire.end()
    if (this.#halfClosed) this.#finish(true)
  }

  abort(): void {
    this.#receiver = undefined
    this.#close('upstream_reset', 'given up')
  }

  resume(): void {
    this.#transport.burst(() => this.#transport.inlet.resume())
  }

  // what the pool asks

  drain(): void {
    this.#draining = true
    if (this.#phase === 'idle' || this.#phase === 'connecting') this.#close('draining', 'not needed any more')
  }

  destroy(code: FailureCode): void {
    this.#transport.burst(() => this.#fail(code, 'closed by the proxy'))
  }

  // reading

  consume(bytes: Buffer, from: number, end: number): number {
    let at = from
    for (;;) {
      switch (this.#phase) {
        case 'head': {
          const next = at === end ? -1 : this.#readHead(bytes, at, end)
          if (next < 0) return this.#phase === 'head' ? at : end
          at = next
          break
        }
        case 'body':
          if (this.#transport.inlet.full) return at
          if (!this.#readBody(bytes, at, end)) return this.#body.at
          at = this.#body.at
          break
        default:
          // never a reused connection with stray bytes: who knows whose response they are
          if (at < end) this.#close('upstream_protocol', 'bytes without a request')
          return end
      }
    }
  }

  #readHead(bytes: Buffer, from: number, end: number): number {
    let at = from
    this.#touched = true
    // some servers put an empty line between 100 Continue and what follows
    if (this.#interim > 0 && bytes[at] === CR && (at + 1 === end || bytes[at + 1] === LF)) at += 2
    if (at >= end) return -1
    const headEnd = this.#transport.inlet.headEnd(bytes, at, end)
    const length = (headEnd < 0 ? end : headEnd) - at
    if (length > this.#maxHeadBytes) return this.#refuse('the response head is too large')
    if (headEnd < 0) return isHopeless(bytes, at, end) ? this.#refuse('a line end that is none, or NUL') : -1
    const request = this.#request
    if (request === undefined) return this.#refuse('a response before its request')
    const head = this.#heads.response(headText(bytes, at, headEnd), request.method)
    if (head === undefined) return this.#refuse(this.#heads.detail)
    const next = headEnd + 2
    if (head.status < 200 && head.status !== 101) return this.#interimHead(head) ? next : -1
    if (head.status === 101 && (request.upgrade === '' || head.upgrade !== request.upgrade))
      return this.#refuse('101 to what nobody asked for')
    this.#startBody(head, next < end)
    return next
  }

  #interimHead(head: ResponseHead): boolean {
    if (++this.#interim > MAX_INTERIM) {
      this.#refuse('too many interim responses')
      return false
    }
    this.#receiver?.onInform(head)
    return this.#phase === 'head'
  }

  #startBody(head: ResponseHead, more: boolean): void {
    const { framing, persistent, keepAliveSeconds } = this.#heads
    this.#persistent = persistent
    if (keepAliveSeconds >= 0) this.keepAliveSeconds = keepAliveSeconds
    const receiver = this.#receiver as UpstreamReceiver
    if (framing === NO_BODY) {
      this.#finish(more)
      receiver.onResponse(head, true)
      return
    }
    this.#body.begin(framing, head.bodyLength)
    this.#phase = 'body'
    if (framing === TUNNEL) this.#sending = 'head'
    receiver.onResponse(head, false)
  }

  /** Whether to read on. */
  #readBody(bytes: Buffer, at: number, end: number): boolean {
    const body = this.#body
    const what = body.next(bytes, at, end)
    if (what === MORE) return false
    const receiver = this.#receiver as UpstreamReceiver
    if (what === BAD) {
      this.#fail('upstream_protocol', body.problem)
      return false
    }
    if (what === DONE) {
      this.#finish(body.at < end)
      receiver.onResponseEnd(body.trailers)
      return true
    }
    const result = receiver.onResponseData(bytes.subarray(body.start, body.stop))
    if (result > this.#lent) this.#lent = result
    if (result === FULL) this.#transport.inlet.fill()
    return true
  }

  /** The response is complete; is the connection good for another? The receiver is told afterwards, by the caller. */
  #finish(stray: boolean): void {
    this.#receiver = undefined
    const reusable = this.#persistent && !this.#draining && !stray && this.#sending === 'done' && !this.#transport.stalled
    if (!reusable) {
      this.#close('upstream_reset', 'not to be used again')
      return
    }
    this.#phase = 'idle'
    this.#touched = false
    this.#owner.onIdle(this)
  }

  onPeerEnded(): void {
    if (this.#phase === 'body' && this.#body.endsByClose) {
      const receiver = this.#receiver as UpstreamReceiver
      // a tunnel has two ends
      if (this.#body.framing === TUNNEL && this.#sending !== 'done') this.#halfClosed = true
      else this.#finish(true)
      receiver.onResponseEnd()
    } else this.onLost('the endpoint closed the connection')
  }

  onDrained(): void {
    this.#receiver?.onRequestDrain()
  }

  // ending

  /** The connection broke. What that means for the exchange depends on how far it was. */
  onLost(detail: string): void {
    if (this.#phase === 'connecting') this.#fail('connect_failed', detail)
    else if (this.#phase !== 'closed') this.#fail(this.#touched ? 'upstream_reset' : 'stale_connection', detail)
  }

  onDefect(error: unknown): void {
    this.#fail('internal', `a defect of the proxy: ${String(error)}`)
  }

  #refuse(detail: string): -1 {
    this.#fail('upstream_protocol', detail)
    return -1
  }

  #fail(code: FailureCode, detail: string): void {
    const receiver = this.#receiver
    this.#receiver = undefined
    this.#close(code, detail)
    receiver?.onUpstreamFailure(code, detail)
  }

  #close(code: FailureCode, detail: string): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#transport.inlet.clear()
    if (this.#body.framing === TUNNEL && this.#sending === 'done') {
      this.#transport.wire.flush()
      this.#transport.socket.destroySoon()
    } else this.#transport.socket.destroy()
    this.#owner.onGone(this, code, detail)
  }
}
