// The frames of a connection and what they do: RFC 9113 §5 and §6, as far as both sides have it in common.
// hot path: bench/macro
import type { Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import { RESET_BY_PEER } from './closed-streams.ts'
import { ConnectionError, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from './errors.ts'
import {
  ACK,
  CONTINUATION,
  GOAWAY,
  HEADERS,
  LARGEST_WINDOW_BYTES,
  PING,
  PRIORITY,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frames.ts'
import { dependency, HeaderBlock } from './header-block.ts'
import { Decoder } from './hpack/decoder.ts'
import type { FieldSink } from './hpack/field.ts'
import type { Http2Limits } from './limits.ts'
import type { Stream } from './stream.ts'
import { StreamTable } from './stream-table.ts'

/** A DATA frame that we have sent lets the peer open this many windows. */
const UPDATES_PER_DATA_FRAME = 4

export abstract class Connection<S extends Stream> extends StreamTable<S> {
  protected readonly block: HeaderBlock
  readonly #decoder = new Decoder()

  constructor(socket: Socket, limits: Http2Limits, clock: Clock) {
    super(socket, limits, clock)
    this.block = new HeaderBlock(limits)
  }

  // what the sides differ in

  /** The block is complete: it has to be decoded whoever it is for. */
  protected abstract onBlock(): void
  protected abstract onPeerSettings(): void
  protected abstract onGoAway(lastId: number, code: number, text: string): void
  protected abstract onPong(payload: Buffer): void
  /** The peer has given up a stream. */
  protected onPeerReset(): void {}

  protected override get unfinished(): number {
    if (this.block.open) return -this.block.id
    return this.reader.held ? this.reader.begun + 1 : 0
  }

  protected decode(sink: FieldSink): void {
    const { bytes, start, end } = this.block
    this.block.clear()
    this.#decoder.decode(bytes, start, end, sink)
  }

  // frames

  override onFrame(bytes: Buffer, start: number, end: number): void {
    const { type } = this.reader
    this.checkOrder(type)
    switch (type) {
      case HEADERS:
        this.#onHeaders(bytes, start, end)
        break
      case CONTINUATION:
        if (!this.block.open) throw new ConnectionError(PROTOCOL_ERROR, 'CONTINUATION without HEADERS')
        this.block.add(this.reader.flags, bytes.subarray(start, end))
        if (!this.block.open) this.onBlock()
        break
      case WINDOW_UPDATE:
        this.#onWindowUpdate(bytes, start)
        break
      case RST_STREAM:
        this.#onRstStream(bytes, start)
        break
      case SETTINGS:
        this.#onSettings(bytes.subarray(start, end))
        break
      case PING:
        this.#onPing(bytes.subarray(start, end))
        break
      case GOAWAY:
        this.#expect(this.reader.length >= 8, 'GOAWAY', false)
        this.onGoAway(
          bytes.readUInt32BE(start) & 0x7fff_ffff,
          bytes.readUInt32BE(start + 4),
          bytes.toString('latin1', start + 8, end),
        )
        break
      case PRIORITY:
        this.#expect(this.reader.length === 5, 'PRIORITY', true)
        if (dependency(bytes, start) === this.reader.id)
          throw new ConnectionError(PROTOCOL_ERROR, 'a stream that depends on itself')
        this.guard.priorities.spend(this.clock.nowMs())
        break
      case PUSH_PROMISE:
        throw new ConnectionError(PROTOCOL_ERROR, 'PUSH_PROMISE')
      default:
        // RFC 9113 §5.5: what is not known is ignored, as long as it is not all that comes
        this.guard.priorities.spend(this.clock.nowMs())
    }
  }

  protected override checkOrder(type: number): void {
    if (this.block.open && (type !== CONTINUATION || this.reader.id !== this.block.id)) {
      throw new ConnectionError(PROTOCOL_ERROR, 'a header block was interrupted')
    }
    if (!this.peer.settled && (type !== SETTINGS || (this.reader.flags & ACK) !== 0)) {
      throw new ConnectionError(PROTOCOL_ERROR, 'the first frame is not SETTINGS')
    }
  }

  /** Length and stream of a frame of fixed form; `onStream`: it has to name one. */
  #expect(fits: boolean, what: string, onStream: boolean): void {
    if (!fits) throw new ConnectionError(FRAME_SIZE_ERROR, `${what} of the wrong length`)
    if ((this.reader.id !== 0) !== onStream) throw new ConnectionError(PROTOCOL_ERROR, `${what} on the wrong stream`)
  }

  #onHeaders(bytes: Buffer, start: number, end: number): void {
    if (this.reader.id === 0) throw new ConnectionError(PROTOCOL_ERROR, 'HEADERS on the wrong stream')
    this.block.begin(this.reader, bytes, start, end)
    if (!this.block.open) this.onBlock()
  }

  #onWindowUpdate(bytes: Buffer, start: number): void {
    const { id } = this.reader
    if (this.reader.length !== 4) this.#expect(false, 'WINDOW_UPDATE', true)
    this.guard.windowUpdates.earn(this.sender.dataFrames * UPDATES_PER_DATA_FRAME)
    this.sender.dataFrames = 0
    this.guard.windowUpdates.spend(this.clock.nowMs())
    const increment = bytes.readUInt32BE(start) & 0x7fff_ffff
    if (id === 0) {
      if (increment === 0) throw new ConnectionError(PROTOCOL_ERROR, 'WINDOW_UPDATE of nothing')
      this.sender.window += increment
      if (this.sender.window > LARGEST_WINDOW_BYTES) throw new ConnectionError(FLOW_CONTROL_ERROR, 'connection window too large')
      this.sender.pump()
      return
    }
    const stream = this.streams.get(id)
    if (stream === undefined) this.#checkNotIdle('WINDOW_UPDATE')
    else if (increment === 0) this.breakStream(stream, PROTOCOL_ERROR, 'WINDOW_UPDATE of nothing')
    else if (stream.sendWindow + increment > LARGEST_WINDOW_BYTES) {
      this.breakStream(stream, FLOW_CONTROL_ERROR, 'stream window too large')
    } else stream.grow(increment)
  }

  #onRstStream(bytes: Buffer, start: number): void {
    this.#expect(this.reader.length === 4, 'RST_STREAM', true)
    const stream = this.streams.get(this.reader.id)
    if (stream === undefined) {
      this.#checkNotIdle('RST_STREAM')
      return
    }
    const code = bytes.readUInt32BE(start)
    this.forget(stream, RESET_BY_PEER)
    stream.onReset(code)
    this.onPeerReset()
  }

  #checkNotIdle(what: string): void {
    if (this.isIdle(this.reader.id)) throw new ConnectionError(PROTOCOL_ERROR, `${what} on an idle stream`)
  }

  #onSettings(payload: Buffer): void {
    this.#expect(payload.length % 6 === 0, 'SETTINGS', false)
    if ((this.reader.flags & ACK) !== 0) {
      this.#expect(payload.length === 0, 'SETTINGS acknowledgement', false)
      this.settingsMs = Infinity
      this.#decoder.limitTable(this.limits.hpackTableBytes)
      return
    }
    this.guard.settings.spend(this.clock.nowMs())
    const before = this.peer.streamWindowBytes
    this.peer.read(payload)
    this.sender.encoder.limitTable(this.peer.smallestTableBytes)
    this.sender.encoder.limitTable(this.peer.tableBytes)
    this.sender.settingsAck()
    const growth = this.peer.streamWindowBytes - before
    for (const stream of growth === 0 ? [] : this.streams.values()) {
      if (stream.sendWindow + growth > LARGEST_WINDOW_BYTES)
        throw new ConnectionError(FLOW_CONTROL_ERROR, 'stream window too large')
      stream.grow(growth)
    }
    this.onPeerSettings()
  }

  #onPing(payload: Buffer): void {
    this.#expect(payload.length === 8, 'PING', false)
    if ((this.reader.flags & ACK) !== 0) this.onPong(payload)
    else {
      this.guard.pings.spend(this.clock.nowMs())
      this.sender.ping(payload, 0, true)
    }
  }
}
