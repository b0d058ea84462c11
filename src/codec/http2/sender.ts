// Makes frames: RFC 9113 §6, the sending half of a connection, with its half of flow control. Several streams share one window and one
// socket; those that have to wait get their turns in order. Larger frames than everybody takes would only make the others wait longer.
// hot path: bench/micro/codec/http2/frames.ts
import type { Fields } from '../../core/fields.ts'
import type { RequestHead, ResponseHead } from '../message.ts'
import {
  ACK,
  CONTINUATION,
  DATA,
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  END_HEADERS,
  END_STREAM,
  FRAME_HEADER_BYTES,
  GOAWAY,
  HEADERS,
  PING,
  PREFACE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frames.ts'
import { writeFields, writeRequest, writeResponse } from './head-writer.ts'
import { Encoder } from './hpack/encoder.ts'
import type { Output } from './output.ts'

/** A slab's end that is not worth beginning a DATA frame in. */
const LEAST_PIECE = 4096
/** Room that most heads fit in. */
const HEAD_ROOM = 2048
const HEAD_FLAGS = 4

/** A stream as the sender sees it. */
export interface Sending {
  readonly id: number
  sendWindow: number
  /** Where the flags of its last frame stand, and in which write; to be set to END_STREAM when it turns out to be the last. */
  flagsAt: number
  flagsEpoch: number
  /** Its turn has come: sends what it can of what waits, and queues up again if it could not send all. */
  pump(): void
}

interface ResponseSending extends Sending {
  /** Its request came with the case of its names. */
  readonly spelled: boolean
}

export class Sender {
  readonly encoder: Encoder
  window = DEFAULT_WINDOW_BYTES
  /** DATA frames since somebody last looked. */
  dataFrames = 0
  readonly #output: Output
  readonly #maxUnreadBytes: number
  readonly #onUnread: () => void
  readonly #waiting = new Set<Sending>()
  #unreadBytes = 0

  /** `onUnread`: more than `maxUnreadBytes` of heads and control frames wait for a peer that does not read. */
  constructor(output: Output, maxTableBytes: number, maxUnreadBytes: number, onUnread: () => void) {
    this.#output = output
    this.encoder = new Encoder(maxTableBytes)
    this.#maxUnreadBytes = maxUnreadBytes
    this.#onUnread = onUnread
  }

  // messages

  request(stream: Sending, head: RequestHead, end: boolean, spells: boolean): void {
    this.#beginBlock()
    writeRequest(this.encoder, head, spells)
    this.#endBlock(stream, end)
  }

  response(stream: ResponseSending, head: ResponseHead, end: boolean, tunnel: boolean): void {
    this.#beginBlock()
    writeResponse(this.encoder, head, tunnel, stream.spelled)
    this.#endBlock(stream, end)
    // an interim head is never the last frame
    if (head.status < 200 && head.status !== 101) stream.flagsAt = -1
  }

  trailers(stream: Sending, fields: Fields): void {
    this.#beginBlock()
    writeFields(this.encoder, fields, false)
    this.#endBlock(stream, true)
  }

  /** Sends of `chunk` from `from` what windows and socket take; returns up to where. The chunk is copied. */
  data(stream: Sending, chunk: Uint8Array, from: number): number {
    const output = this.#output
    let at = from
    while (at < chunk.length && !output.stalled) {
      const allowed = Math.min(chunk.length - at, this.window, stream.sendWindow, DEFAULT_FRAME_BYTES)
      if (allowed <= 0) break
      const room = output.room(Math.min(allowed, LEAST_PIECE) + FRAME_HEADER_BYTES) - FRAME_HEADER_BYTES
      const length = Math.min(allowed, room)
      const o = this.#frame(length, DATA, 0, stream.id)
      output.slab.set(length === chunk.length ? chunk : chunk.subarray(at, at + length), o)
      this.#remember(stream, o)
      this.window -= length
      stream.sendWindow -= length
      this.dataFrames++
      at += length
    }
    return at
  }

  /** In the stream's last frame if that has not left yet, else in one of its own. */
  endStream(stream: Sending): void {
    const output = this.#output
    if (stream.flagsAt >= 0 && stream.flagsEpoch === output.epoch) {
      output.slab[stream.flagsAt] = (output.slab[stream.flagsAt] as number) | END_STREAM
    } else this.#frame(0, DATA, END_STREAM, stream.id)
  }

  // turns

  wait(stream: Sending): void {
    this.#waiting.add(stream)
  }

  leave(stream: Sending): void {
    this.#waiting.delete(stream)
  }

  /** The connection's window or the socket is open again. */
  pump(): void {
    for (const stream of this.#waiting) {
      if (this.#output.stalled || this.window <= 0) return
      this.#waiting.delete(stream)
      stream.pump()
    }
  }

  // control frames

  preface(): void {
    const at = this.#output.reserve(PREFACE.length)
    PREFACE.copy(this.#output.slab, at)
  }

  settings(entries: readonly (readonly [id: number, value: number])[]): void {
    let o = this.#frame(entries.length * 6, SETTINGS, 0, 0)
    const { slab } = this.#output
    for (const [id, value] of entries) {
      slab[o++] = id >>> 8
      slab[o++] = id & 255
      o = writeUint32(slab, o, value)
    }
  }

  settingsAck(): void {
    this.#frame(0, SETTINGS, ACK, 0)
  }

  /** `payload`: eight bytes from `start`. */
  ping(payload: Uint8Array, start: number, ack: boolean): void {
    const o = this.#frame(8, PING, ack ? ACK : 0, 0)
    for (let i = 0; i < 8; i++) this.#output.slab[o + i] = payload[start + i] as number
  }

  goAway(lastId: number, code: number, text: string): void {
    const o = this.#frame(8 + text.length, GOAWAY, 0, 0)
    const { slab } = this.#output
    writeUint32(slab, o, lastId)
    writeUint32(slab, o + 4, code)
    slab.write(text, o + 8, 'latin1')
  }

  reset(id: number, code: number): void {
    const o = this.#frame(4, RST_STREAM, 0, id)
    writeUint32(this.#output.slab, o, code)
  }

  windowUpdate(id: number, bytes: number): void {
    const o = this.#frame(4, WINDOW_UPDATE, 0, id)
    writeUint32(this.#output.slab, o, bytes)
  }

  /** Reserves a frame and writes its header; returns where its payload goes. */
  #frame(length: number, type: number, flags: number, id: number): number {
    const output = this.#output
    let o = output.reserve(FRAME_HEADER_BYTES + length)
    const { slab } = output
    slab[o++] = length >>> 16
    slab[o++] = (length >>> 8) & 255
    slab[o++] = length & 255
    slab[o++] = type
    slab[o++] = flags
    o = writeUint32(slab, o, id)
    if (type !== DATA) this.#countUnread(length)
    return o
  }

  #countUnread(length: number): void {
    if (!this.#output.stalled) {
      this.#unreadBytes = 0
      return
    }
    const before = this.#unreadBytes
    this.#unreadBytes += length + FRAME_HEADER_BYTES
    if (before <= this.#maxUnreadBytes && this.#unreadBytes > this.#maxUnreadBytes) this.#onUnread()
  }

  /** Field blocks are made where they will be sent from; only one that is too large for that is made elsewhere and copied. */
  #beginBlock(): void {
    const output = this.#output
    output.room(HEAD_ROOM)
    const at = output.at + FRAME_HEADER_BYTES
    this.encoder.begin(output.slab, at, Math.min(output.slab.length, at + DEFAULT_FRAME_BYTES))
  }

  #endBlock(stream: Sending, end: boolean): void {
    const { bytes, start, at } = this.encoder
    const flags = end ? END_STREAM : 0
    if (bytes === this.#output.slab) {
      this.#remember(stream, this.#frame(at - start, HEADERS, END_HEADERS | flags, stream.id))
      return
    }
    stream.flagsAt = -1
    let type = HEADERS
    for (let from = start; from < at || type === HEADERS; ) {
      const length = Math.min(at - from, DEFAULT_FRAME_BYTES)
      const last = from + length >= at ? END_HEADERS : 0
      const o = this.#frame(length, type, type === HEADERS ? flags | last : last, stream.id)
      this.#output.slab.set(bytes.subarray(from, from + length), o)
      from += length
      type = CONTINUATION
    }
  }

  /** `payloadAt`: of the stream's newest frame. */
  #remember(stream: Sending, payloadAt: number): void {
    stream.flagsAt = payloadAt - FRAME_HEADER_BYTES + HEAD_FLAGS
    stream.flagsEpoch = this.#output.epoch
  }
}

function writeUint32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24
  bytes[at + 1] = (value >>> 16) & 255
  bytes[at + 2] = (value >>> 8) & 255
  bytes[at + 3] = value & 255
  return at + 4
}
