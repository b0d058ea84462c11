// An HTTP/2 connection to an endpoint: as many exchanges at once as the endpoint and we allow. It ends without a failed request where
// the protocol lets it: what the endpoint has not looked at is said to be so, and may be sent elsewhere.
// hot path: bench/macro
import type { Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import type { FailureCode } from '../../core/failures.ts'
import type { RequestHead } from '../message.ts'
import {
  type UpstreamConnection,
  type UpstreamConnectionOwner,
  type UpstreamReceiver,
  WRITTEN,
  type WriteResult,
} from '../stream.ts'
import { DONE, RESET_BY_US } from './closed-streams.ts'
import { Connection } from './connection.ts'
import { ConnectionError, errorName, NO_ERROR, PROTOCOL_ERROR, STREAM_CLOSED } from './errors.ts'
import { ENABLE_PUSH, HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE, LARGEST_STREAM_ID, MAX_HEADER_LIST_SIZE } from './frames.ts'
import type { Http2Limits } from './limits.ts'
import type { Ending } from './link.ts'
import { ResponseReader } from './response-reader.ts'
import { NOBODY, TrailerReader } from './section-reader.ts'
import { Http2UpstreamStream, type UpstreamHost } from './upstream-stream.ts'
import { Vigil, type Watched } from './vigil.ts'

const PING_PAYLOAD = Buffer.from('outrigge', 'latin1')

export interface Http2UpstreamOptions {
  readonly limits: Http2Limits
  readonly clock: Clock
  /** Streams that the endpoint is thought to allow, until it has said. */
  readonly assumedStreams?: number
  /** The endpoint may be another sidecar, which is told the case of names of HTTP/1.1. */
  readonly spells?: boolean
}

export class Http2Upstream extends Connection<Http2UpstreamStream> implements UpstreamConnection, UpstreamHost, Watched {
  readonly #owner: UpstreamConnectionOwner
  readonly #responses: ResponseReader
  readonly #trailers: TrailerReader
  #ready = false
  /** It takes no new exchanges; its owner knows. */
  #gone = false
  #nextId = 1
  /** The last stream that the endpoint will look at. */
  #lastId = LARGEST_STREAM_ID
  /** Exchanges that have begun, and of which nothing has gone out. */
  #unsent = 0
  /** Their heads wait for the endpoint's SETTINGS. */
  #late: Http2UpstreamStream[] = []
  /** Exchanges that came to their end. */
  #served = 0
  readonly #vigil: Vigil
  readonly #spells: boolean

  /** `socket`: connecting or connected; whoever reads it calls `connected` and `push`. */
  constructor(socket: Socket, owner: UpstreamConnectionOwner, options: Http2UpstreamOptions) {
    const { limits, clock } = options
    super(socket, limits, clock)
    this.peer.maxStreams = options.assumedStreams ?? this.peer.maxStreams
    this.#owner = owner
    this.#spells = options.spells === true
    this.#responses = new ResponseReader(limits)
    this.#trailers = new TrailerReader(limits)
    this.#vigil = new Vigil(limits, this)
  }

  /** The connection is up, its handshake included. */
  connected(): void {
    if (this.#ready || !this.isOpen) return
    this.#ready = true
    const { limits } = this
    this.burst(() => {
      this.#vigil.up(this.clock.nowMs(), this.clock.random())
      this.#wake()
      this.sender.preface()
      this.greet([
        [HEADER_TABLE_SIZE, limits.hpackTableBytes],
        [ENABLE_PUSH, 0],
        [INITIAL_WINDOW_SIZE, limits.streamWindowBytes],
        [MAX_HEADER_LIST_SIZE, limits.maxHeadBytes],
      ])
      this.#owner.onReady(this)
    })
  }

  /** `lent`: the memory is the caller's; what is returned says when it is free again. What has to wait here is copied in any case. */
  push(chunk: Buffer, _lent: boolean): WriteResult {
    this.lent = WRITTEN
    this.read(chunk)
    return this.lent
  }

  // what the pool asks

  get capacity(): number {
    if (!this.#ready || this.#gone) return 0
    return Math.max(0, Math.min(this.peer.maxStreams, this.limits.maxStreams) - this.active)
  }

  get active(): number {
    return this.streams.size + this.#unsent
  }

  begin(receiver: UpstreamReceiver): Http2UpstreamStream {
    this.#unsent++
    return new Http2UpstreamStream(this, receiver)
  }

  drain(): void {
    this.burst(() => this.#leave('draining', 'not needed any more'))
  }

  destroy(code: FailureCode): void {
    this.burst(() => this.kill(code, 'closed by the proxy'))
  }

  // what the streams ask

  onSend(stream: Http2UpstreamStream, head: RequestHead, end: boolean): void {
    if (head.upgrade !== '' && !this.peer.settled && this.isOpen) {
      this.#late.push(stream)
      return
    }
    const refusal = this.#refusal(head)
    if (refusal !== undefined) {
      // not at once: the attempt is not prepared for an answer while it asks
      queueMicrotask(() => this.burst(() => this.#refuse(stream, refusal)))
      return
    }
    this.#unsent--
    const id = this.#nextId
    this.#nextId += 2
    this.streams.add(id, stream)
    stream.open(id)
    this.sender.request(stream, head, end, this.#spells)
    if (end) stream.headEnds()
    this.#attend()
    if (this.#nextId > LARGEST_STREAM_ID) this.#leave('draining', 'no more stream numbers')
  }

  onDone(stream: Http2UpstreamStream, code: number): void {
    if (stream.id === 0) {
      this.#unsent--
      stream.release()
      this.onForgotten()
      return
    }
    if (code >= 0) this.sender.reset(stream.id, code)
    else this.#served++
    this.forget(stream, code >= 0 ? RESET_BY_US : DONE)
  }

  /** Why a request can't go out on this connection: the endpoint has not seen it in any case. */
  #refusal(head: RequestHead): FailureCode | undefined {
    if (!this.isOpen || this.#nextId > this.#lastId) return 'refused_stream'
    return head.upgrade !== '' && !this.peer.connectProtocol ? 'upstream_protocol' : undefined
  }

  #refuse(stream: Http2UpstreamStream, code: FailureCode): void {
    if (stream.released) return
    this.onDone(stream, -1)
    stream.onGone(code, code === 'refused_stream' ? 'the connection is closing' : 'the endpoint does not take extended CONNECT')
  }

  // reading

  protected override isIdle(id: number): boolean {
    return id >= this.#nextId || id % 2 === 0
  }

  protected override onBlock(): void {
    const { id, ends } = this.block
    const stream = this.streams.get(id)
    if (stream === undefined) this.#onStrayBlock(id)
    else if (stream.remoteEnded) {
      this.decode(NOBODY)
      this.breakStream(stream, STREAM_CLOSED, 'HEADERS after the end')
    } else if (stream.answered) this.#onTrailers(stream)
    else {
      const reader = this.#responses
      reader.begin()
      this.decode(reader)
      const head = reader.read(stream.request, ends)
      if (head === undefined) stream.onMalformed(reader.problem)
      else stream.respond(head, ends)
    }
  }

  #onTrailers(stream: Http2UpstreamStream): void {
    const reader = this.#trailers
    reader.begin()
    this.decode(reader)
    const trailers = reader.read()
    if (!this.block.ends) stream.onMalformed('trailers that do not end the stream')
    else if (stream.isTunnel) stream.onMalformed('trailers in a tunnel')
    else if (trailers === undefined) stream.onMalformed(reader.problem)
    else stream.receiveEnd(trailers)
  }

  #onStrayBlock(id: number): void {
    if (this.isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, 'HEADERS on a stream that nobody opened')
    this.decode(NOBODY)
    if (this.closed.endOf(id) === DONE) throw new ConnectionError(STREAM_CLOSED, 'HEADERS after the end')
  }

  protected override onPeerSettings(): void {
    const late = this.#late
    this.#late = []
    for (const stream of late) if (!stream.released) this.onSend(stream, stream.request, false)
    if (this.capacity > 0) this.#owner.onIdle(this)
  }

  protected override onGoAway(lastId: number, code: number, text: string): void {
    this.#lastId = Math.min(this.#lastId, lastId)
    this.#leave('draining', `GOAWAY: ${errorName(code)}${text === '' ? '' : ` (${text})`}`)
    for (const stream of this.streams.values()) {
      if (stream.id <= lastId) continue
      this.forget(stream, RESET_BY_US)
      stream.onGone('refused_stream', 'the endpoint went away before it saw the request')
    }
  }

  protected override onPong(): void {
    if (this.#vigil.answered()) this.#attend()
  }

  protected override onForgotten(): void {
    if (!this.#gone) this.#owner.onIdle(this)
    else if (this.active === 0) this.goAway(NO_ERROR, '', 'draining')
  }

  // time

  get rests(): boolean {
    return this.streams.size === 0
  }

  onQuiet(): void {
    this.sender.ping(PING_PAYLOAD, 0, false)
  }

  onDead(): void {
    this.kill('lost', 'no answer to PING')
  }

  onOld(): void {
    this.#leave('draining', 'old enough')
  }

  protected override onDeadline(nowMs: number): void {
    super.onDeadline(nowMs)
    this.#vigil.look(nowMs)
    this.#wake()
  }

  #attend(): void {
    if (!this.#vigil.kept && this.#vigil.begin(this.clock.nowMs())) this.#wake()
  }

  #wake(): void {
    if (this.#vigil.nextMs !== Infinity) this.wake(this.#vigil.nextMs)
  }

  // ending

  /** No new exchanges; those under way finish. */
  #leave(code: FailureCode, detail: string): void {
    if (!this.#gone) {
      this.#gone = true
      this.#owner.onGone(this, code, detail)
    }
    if (this.active === 0) this.goAway(NO_ERROR, '', 'draining')
  }

  protected override onEnded(ending: Ending, detail: string): void {
    const sent = this.streams.values()
    const late = this.#late
    // before its exchanges are told, so that none of them is sent here again
    if (!this.#gone) {
      this.#gone = true
      this.#owner.onGone(this, this.#codeOf(ending), detail)
    }
    this.streams.clear()
    this.#late = []
    for (const stream of sent) stream.release()
    for (const stream of sent) {
      const stale = ending === 'lost' && this.#served > 0 && !stream.touched
      stream.onGone(stale ? 'stale_connection' : this.#codeOf(ending), detail)
    }
    for (const stream of late) this.#refuse(stream, 'refused_stream')
  }

  #codeOf(ending: Ending): FailureCode {
    if (ending === 'broken') return 'upstream_protocol'
    if (ending !== 'lost') return ending
    return this.#ready ? 'upstream_reset' : 'connect_failed'
  }
}
