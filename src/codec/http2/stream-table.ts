// The streams of a connection: which are open, how the last ones ended, their DATA and their deadlines.
// hot path: bench/macro
import type { Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import { WRITTEN, type WriteResult } from '../stream.ts'
import { ClosedStreams, DONE, RESET_BY_PEER, RESET_BY_US } from './closed-streams.ts'
import { ConnectionError, FLOW_CONTROL_ERROR, PROTOCOL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED } from './errors.ts'
import { DATA, DEFAULT_WINDOW_BYTES, END_STREAM, PADDED } from './frames.ts'
import { Guard } from './guard.ts'
import { IdMap } from './id-map.ts'
import type { Http2Limits } from './limits.ts'
import { Link } from './link.ts'
import { PeerSettings } from './peer-settings.ts'
import { ReceiveWindow } from './receive-window.ts'
import type { Stream, StreamHost } from './stream.ts'

export abstract class StreamTable<S extends Stream> extends Link implements StreamHost {
  protected readonly streams = new IdMap<S>()
  protected readonly closed = new ClosedStreams()
  protected readonly peer = new PeerSettings()
  protected readonly guard: Guard
  /** Bytes of the body that came last that are known to be still to come; tells how large a buffer is worth having. */
  expects = 0
  /** Of the bytes that were read last: whether some of them are still referred to. */
  protected lent: WriteResult = WRITTEN
  /** When our SETTINGS must have been acknowledged. */
  protected settingsMs = Infinity
  /** What the peer may still send, all streams taken together. */
  readonly #window: ReceiveWindow
  #dataStream: S | undefined
  #dataBytes = 0

  constructor(socket: Socket, limits: Http2Limits, clock: Clock) {
    super(socket, limits, clock)
    this.guard = new Guard(limits, clock.nowMs())
    this.#window = new ReceiveWindow(limits.connectionWindowBytes)
  }

  get peerStreamWindow(): number {
    return this.peer.streamWindowBytes
  }

  /** No such stream has been opened. */
  protected abstract isIdle(id: number): boolean
  /** A stream is out of the table. */
  protected abstract onForgotten(stream: S): void
  /** Throws when a frame of this type can't come now. */
  protected abstract checkOrder(type: number): void

  /** Our SETTINGS, and the connection's window, which they do not touch. */
  protected greet(entries: readonly (readonly [id: number, value: number])[]): void {
    this.sender.settings(entries)
    const { connectionWindowBytes, settingsTimeoutMs } = this.limits
    if (connectionWindowBytes > DEFAULT_WINDOW_BYTES) this.sender.windowUpdate(0, connectionWindowBytes - DEFAULT_WINDOW_BYTES)
    if (settingsTimeoutMs > 0) this.settingsMs = this.deadlineIn(settingsTimeoutMs)
  }

  /** `how`: as in closed-streams.ts. */
  protected forget(stream: S, how: number): void {
    if (stream.released) return
    this.expects = 0
    this.streams.delete(stream.id)
    this.closed.add(stream.id, how)
    stream.release()
    this.onForgotten(stream)
  }

  /** The peer has broken a rule of this stream (RFC 9113 §5.4.2). */
  protected breakStream(stream: S, code: number, detail: string): void {
    this.provoked(stream.id, code)
    this.forget(stream, RESET_BY_US)
    stream.onBroken(detail)
  }

  /** RST_STREAM that the peer has brought on itself: too many are a way to make us work for nothing. */
  protected provoked(id: number, code: number): void {
    this.sender.reset(id, code)
    this.guard.provokedResets.spend(this.clock.nowMs())
  }

  protected override onDeadline(nowMs: number): void {
    if (nowMs >= this.settingsMs) {
      this.struck('settings_ack')
      this.goAway(SETTINGS_TIMEOUT, 'our SETTINGS were not acknowledged')
      return
    }
    if (this.settingsMs !== Infinity) this.wake(this.settingsMs)
    for (const stream of this.streams.values()) {
      if (nowMs >= stream.writeDeadlineMs) {
        this.struck('stalled_stream')
        stream.onStalled(true)
      } else if (nowMs >= stream.readDeadlineMs) stream.onStalled(false)
      const nextMs = Math.min(stream.writeDeadlineMs, stream.readDeadlineMs)
      if (nextMs !== Infinity) this.wake(nextMs)
    }
  }

  // DATA

  override onDataBegin(): void {
    const { id, flags, length } = this.reader
    this.checkOrder(DATA)
    if (id === 0) throw new ConnectionError(PROTOCOL_ERROR, 'DATA on the wrong stream')
    this.#take(length)
    this.#dataBytes = 0
    const stream = this.streams.get(id)
    this.#dataStream = stream
    if (stream === undefined) this.#onStrayData(id)
    else if (stream.remoteEnded) this.#refuseData(stream, STREAM_CLOSED, 'DATA after the end')
    else if (!stream.admit(length)) this.#refuseData(stream, FLOW_CONTROL_ERROR, 'more DATA than the stream window')
    else if (length === 0 && (flags & END_STREAM) === 0) this.guard.emptyFrames.spend(this.clock.nowMs())
  }

  override onDataPiece(bytes: Buffer): void {
    this.#dataBytes += bytes.length
    const stream = this.#dataStream
    if (stream === undefined || stream.released) return
    const result = stream.receive(bytes)
    if (result > this.lent) this.lent = result
    this.expects = stream.expected
  }

  override onDataEnd(): void {
    const stream = this.#dataStream
    this.#dataStream = undefined
    if (stream === undefined || stream.released) return
    const { flags, length } = this.reader
    if ((flags & PADDED) !== 0) {
      if (this.#dataBytes === 0 && (flags & END_STREAM) === 0) this.guard.emptyFrames.spend(this.clock.nowMs())
      stream.skip(length - this.#dataBytes)
    }
    if ((flags & END_STREAM) !== 0) stream.receiveEnd(undefined)
  }

  /** The connection's window is given back as it is used: memory is bounded stream by stream, and one that waits stops no other. */
  #take(bytes: number): void {
    if (!this.#window.admit(bytes)) throw new ConnectionError(FLOW_CONTROL_ERROR, 'more DATA than the connection window')
    const growth = this.#window.release(bytes)
    if (growth > 0) this.sender.windowUpdate(0, growth)
  }

  #refuseData(stream: S, code: number, detail: string): void {
    this.#dataStream = undefined
    this.breakStream(stream, code, detail)
  }

  #onStrayData(id: number): void {
    if (this.isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, 'DATA on an idle stream')
    const how = this.closed.endOf(id)
    if (how === DONE) throw new ConnectionError(STREAM_CLOSED, 'DATA after the end')
    // what it sent before it knew of our reset is no offence
    if (how === RESET_BY_PEER) this.provoked(id, STREAM_CLOSED)
  }
}
