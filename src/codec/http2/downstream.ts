// An HTTP/2 connection from downstream: many requests at once, each a stream of its own.
// hot path: bench/macro
import type { Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import type { FailureCode } from '../../core/failures.ts'
import { readShared } from '../shared-read.ts'
import type { DownstreamConnection, DownstreamHandler } from '../stream.ts'
import { DONE, RESET_BY_PEER, RESET_BY_US } from './closed-streams.ts'
import { Connection } from './connection.ts'
import { type DownstreamHost, Http2DownstreamStream } from './downstream-stream.ts'
import { ConnectionError, NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, STREAM_CLOSED } from './errors.ts'
import {
  ENABLE_CONNECT_PROTOCOL,
  HEADER_TABLE_SIZE,
  INITIAL_WINDOW_SIZE,
  LARGEST_STREAM_ID,
  MAX_CONCURRENT_STREAMS,
  MAX_HEADER_LIST_SIZE,
  PREFACE,
} from './frames.ts'
import type { Http2Limits } from './limits.ts'
import type { Ending } from './link.ts'
import { RequestReader } from './request-reader.ts'
import { NOBODY, TrailerReader } from './section-reader.ts'

/** PING that shows how long a GOAWAY takes to arrive, and for how long its answer is awaited. */
const DRAIN_PING = Buffer.from('draining', 'latin1')
const DRAIN_PING_MS = 1000
/** What the peer had begun to send when it read the GOAWAY may come behind its answer to the PING, which is often sent first. */
const DRAIN_PAUSE_MS = 250

export interface Http2DownstreamOptions {
  readonly limits: Http2Limits
  readonly clock: Clock
  readonly scheme: 'http' | 'https'
}

export class Http2Downstream extends Connection<Http2DownstreamStream> implements DownstreamConnection, DownstreamHost {
  readonly #handler: DownstreamHandler
  readonly #requests: RequestReader
  readonly #trailers: TrailerReader
  /** Bytes of the preface that have come. */
  #prefaceSeen = 0
  /** When preface and SETTINGS must have come. */
  #prefaceMs = Infinity
  #idleMs = Infinity
  /** announced: GOAWAY is on its way, streams are still taken; closing: they are not, and the last one ends the connection. */
  #draining: 'no' | 'announced' | 'closing' = 'no'
  #drainMs = Infinity

  constructor(socket: Socket, handler: DownstreamHandler, { limits, clock, scheme }: Http2DownstreamOptions) {
    super(socket, limits, clock)
    this.#handler = handler
    this.#requests = new RequestReader(limits, scheme)
    this.#trailers = new TrailerReader(limits)
    if (limits.headTimeoutMs > 0) this.#prefaceMs = this.deadlineIn(limits.headTimeoutMs)
    this.greet([
      [HEADER_TABLE_SIZE, limits.hpackTableBytes],
      [MAX_CONCURRENT_STREAMS, limits.maxStreams],
      [INITIAL_WINDOW_SIZE, limits.streamWindowBytes],
      [MAX_HEADER_LIST_SIZE, limits.maxHeadBytes],
      [ENABLE_CONNECT_PROTOCOL, limits.upgrades.size > 0 ? 1 : 0],
    ])
    readShared(socket, (chunk) => this.push(chunk))
  }

  /** Bytes that have arrived, also those that were read before this codec was chosen. */
  push(chunk: Buffer): void {
    if (this.#prefaceSeen === PREFACE.length) this.read(chunk)
    else this.#readPreface(chunk)
  }

  // what the listener asks

  get active(): number {
    return this.streams.size
  }

  /** RFC 9113 §6.8: first "no more, please", then, when the peer has had time to read that, which streams were the last. */
  drain(): void {
    if (!this.isOpen || this.#draining !== 'no') return
    this.#draining = 'announced'
    this.#drainMs = this.deadlineIn(DRAIN_PING_MS)
    this.sender.goAway(LARGEST_STREAM_ID, NO_ERROR, '')
    this.sender.ping(DRAIN_PING, 0, false)
  }

  finish(): void {
    if (!this.isOpen || this.#draining === 'closing') return
    this.#draining = 'closing'
    this.#drainMs = Infinity
    if (this.streams.size > 0) this.sender.goAway(this.lastPeerId, NO_ERROR, '')
    else this.burst(() => this.goAway(NO_ERROR, '', 'draining'))
  }

  destroy(code: FailureCode): void {
    this.burst(() => this.kill(code, 'closed by the proxy'))
  }

  // what the streams ask

  onAnswered(stream: Http2DownstreamStream, code: number): void {
    const complete = stream.remoteEnded && code === NO_ERROR
    // RFC 9113 §8.1: a response may be complete before its request, the rest of which is not wanted
    if (!complete) this.sender.reset(stream.id, code)
    this.forget(stream, complete ? DONE : RESET_BY_US)
  }

  onAborted(stream: Http2DownstreamStream, code: number): void {
    this.sender.reset(stream.id, code)
    this.forget(stream, RESET_BY_US)
  }

  onRuleBroken(): void {
    this.guard.provokedResets.spend(this.clock.nowMs())
  }

  // reading

  #readPreface(chunk: Buffer): void {
    const length = Math.min(chunk.length, PREFACE.length - this.#prefaceSeen)
    if (PREFACE.compare(chunk, 0, length, this.#prefaceSeen, this.#prefaceSeen + length) !== 0) {
      this.burst(() => this.goAway(PROTOCOL_ERROR, 'no HTTP/2 preface'))
      return
    }
    this.#prefaceSeen += length
    if (length < chunk.length) this.read(chunk.subarray(length))
  }

  protected override isIdle(id: number): boolean {
    return id > this.lastPeerId || id % 2 === 0
  }

  protected override onBlock(): void {
    const { id } = this.block
    const stream = this.streams.get(id)
    if (stream !== undefined) this.#onTrailers(stream)
    else if (id % 2 === 0) throw new ConnectionError(PROTOCOL_ERROR, 'HEADERS on a stream of ours')
    else if (id > this.lastPeerId) this.#onRequest(id)
    else this.#onStrayBlock(id)
  }

  #onRequest(id: number): void {
    const late = this.#draining === 'closing'
    const { ends } = this.block
    if (late || this.streams.size >= this.limits.maxStreams) {
      this.decode(NOBODY)
      // after the last GOAWAY the peer knows that this one was not taken
      if (late) return
      this.lastPeerId = id
      this.closed.add(id, RESET_BY_US)
      this.struck('streams')
      this.provoked(id, REFUSED_STREAM)
      return
    }
    this.lastPeerId = id
    const reader = this.#requests
    reader.begin()
    this.decode(reader)
    const head = reader.read(ends)
    const stream = new Http2DownstreamStream(this, id, head)
    this.streams.add(id, stream)
    this.#idleMs = Infinity
    if (ends && stream.isTunnel) stream.receiveEnd(undefined)
    else if (ends) stream.markRemoteEnd()
    if (head === undefined) this.#refuse(stream, reader)
    else stream.begin(this.#handler.onRequest(stream, head, ends || stream.isTunnel))
  }

  /** Answered like any other, and reset, so that no one takes it for a request that was understood. */
  #refuse(stream: Http2DownstreamStream, { failure, problem }: RequestReader): void {
    stream.refuse(failure === 'bad_request' ? PROTOCOL_ERROR : NO_ERROR)
    if (failure === 'head_too_large') this.struck('head_bytes')
    this.onRuleBroken()
    this.#handler.onRefused(stream, failure, problem)
  }

  #onTrailers(stream: Http2DownstreamStream): void {
    const reader = this.#trailers
    reader.begin()
    this.decode(reader)
    if (stream.remoteEnded) {
      this.breakStream(stream, STREAM_CLOSED, 'HEADERS after the end')
      return
    }
    const trailers = reader.read()
    if (!this.block.ends) stream.onMalformed('trailers that do not end the stream')
    else if (stream.isTunnel) stream.onMalformed('trailers in a tunnel')
    else if (trailers === undefined) stream.onMalformed(reader.problem)
    else stream.receiveEnd(trailers)
  }

  #onStrayBlock(id: number): void {
    this.decode(NOBODY)
    switch (this.closed.endOf(id)) {
      case DONE:
        throw new ConnectionError(STREAM_CLOSED, 'HEADERS after the end')
      case RESET_BY_PEER:
        this.provoked(id, STREAM_CLOSED)
        break
      case RESET_BY_US:
        break
      default:
        throw new ConnectionError(PROTOCOL_ERROR, 'HEADERS on a stream that was passed over')
    }
  }

  protected override onPeerSettings(): void {
    this.#prefaceMs = Infinity
    if (this.streams.size === 0) this.#waitForWork()
  }

  protected override onPeerReset(): void {
    this.guard.resets.spend(this.clock.nowMs())
  }

  protected override onGoAway(): void {} // it will open no more streams; those it has are answered

  protected override onPong(payload: Buffer): void {
    if (this.#draining === 'announced' && payload.equals(DRAIN_PING)) this.#drainMs = this.deadlineIn(DRAIN_PAUSE_MS)
  }

  protected override onForgotten(): void {
    if (this.streams.size > 0) return
    if (this.#draining === 'closing') this.burst(() => this.end('draining', 'drained'))
    else this.#waitForWork()
  }

  // time

  #waitForWork(): void {
    if (this.limits.idleTimeoutMs > 0) this.#idleMs = this.deadlineIn(this.limits.idleTimeoutMs)
  }

  protected override onDeadline(nowMs: number): void {
    super.onDeadline(nowMs)
    if (nowMs >= this.#prefaceMs) {
      this.struck('preface')
      this.goAway(PROTOCOL_ERROR, 'the preface took too long')
    } else if (nowMs >= this.#idleMs) this.goAway(NO_ERROR, 'idle', 'draining')
    else if (nowMs >= this.#drainMs) this.finish()
    const nextMs = Math.min(this.#prefaceMs, this.#idleMs, this.#drainMs)
    if (nextMs !== Infinity) this.wake(nextMs)
  }

  // ending

  protected override onEnded(ending: Ending, detail: string): void {
    const code = ending === 'lost' || ending === 'broken' ? 'downstream_gone' : ending
    const streams = this.streams.values()
    this.streams.clear()
    for (const stream of streams) stream.release()
    for (const stream of streams) stream.onGone(code, detail)
    this.#handler.onClosed()
  }

  protected override onDefect(error: unknown): void {
    this.#handler.onDefect(error)
  }
}
