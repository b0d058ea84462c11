// Bytes of a connection into frames, in place. DATA is handed on as it comes and never gathered; of other frames only those that a read
// cuts in two are copied. The largest piece of memory this holds is one frame.
// hot path: bench/micro/codec/http2/frames.ts
import { ConnectionError, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from './errors.ts'
import { DATA, DEFAULT_FRAME_BYTES, FRAME_HEADER_BYTES, PADDED } from './frames.ts'

/** Type, flags, stream and length of the frame in question stand in the reader. Whatever throws ends the connection. */
export interface FrameSink {
  /** A frame other than DATA; its payload is `start` to `end` of `bytes`, and only there during the call. */
  onFrame(bytes: Buffer, start: number, end: number): void
  /** `length` of the reader is what flow control counts: padding included. */
  onDataBegin(): void
  onDataPiece(bytes: Buffer): void
  onDataEnd(): void
}

export class FrameReader {
  type = 0
  flags = 0
  /** Stream. */
  id = 0
  length = 0
  /** Frame headers that have been read. */
  begun = 0
  readonly #sink: FrameSink
  /** The beginning of a frame that is not all there; its first `#have` bytes. */
  #held: Buffer | undefined
  #have = 0
  /** Within DATA: what is still to come. */
  #inData = false
  #padLengthDue = false
  #dataLeft = 0
  #padLeft = 0
  #stopped = false

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  /** Of a frame other than DATA only a part is there. */
  get held(): boolean {
    return this.#held !== undefined
  }

  /** Bytes of the DATA frame under way that are still to come. */
  get dataLeft(): number {
    return this.#dataLeft
  }

  /** Reads no more, not even what is left of the bytes it has. */
  stop(): void {
    this.#stopped = true
    this.#held = undefined
  }

  push(bytes: Buffer): void {
    const end = bytes.length
    let at = this.#held === undefined ? 0 : this.#complete(bytes)
    while (at < end && !this.#stopped) {
      if (this.#inData) {
        at = this.#readData(bytes, at, end)
        continue
      }
      if (end - at < FRAME_HEADER_BYTES) {
        this.#hold(bytes, at, FRAME_HEADER_BYTES)
        return
      }
      this.#readHeader(bytes, at)
      if (this.type === DATA) {
        at += FRAME_HEADER_BYTES
        this.#beginData()
        continue
      }
      const stop = at + FRAME_HEADER_BYTES + this.length
      if (stop > end) {
        this.#hold(bytes, at, FRAME_HEADER_BYTES + this.length)
        return
      }
      this.#sink.onFrame(bytes, at + FRAME_HEADER_BYTES, stop)
      at = stop
    }
  }

  #readHeader(bytes: Buffer, at: number): void {
    this.length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
    this.type = bytes[at + 3] as number
    this.flags = bytes[at + 4] as number
    this.id =
      (((bytes[at + 5] as number) & 127) << 24) |
      ((bytes[at + 6] as number) << 16) |
      ((bytes[at + 7] as number) << 8) |
      (bytes[at + 8] as number)
    this.begun++
    if (this.length > DEFAULT_FRAME_BYTES) throw new ConnectionError(FRAME_SIZE_ERROR, 'frame larger than allowed')
  }

  #hold(bytes: Buffer, at: number, needed: number): void {
    const held = Buffer.allocUnsafeSlow(needed)
    this.#have = bytes.copy(held, 0, at)
    this.#held = held
  }

  /** Takes from `bytes` what the held frame lacks; returns how much that was. */
  #complete(bytes: Buffer): number {
    let held = this.#held as Buffer
    let at = this.#fill(held, bytes, 0)
    if (this.#have < held.length) return at
    if (held.length === FRAME_HEADER_BYTES) {
      this.#readHeader(held, 0)
      if (this.type === DATA) {
        this.#held = undefined
        this.#beginData()
        return at
      }
      if (this.length > 0) {
        const whole = Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES + this.length)
        held.copy(whole)
        this.#held = held = whole
        at = this.#fill(held, bytes, at)
        if (this.#have < held.length) return at
      }
    }
    this.#held = undefined
    this.#sink.onFrame(held, FRAME_HEADER_BYTES, held.length)
    return at
  }

  #fill(held: Buffer, bytes: Buffer, at: number): number {
    const copied = bytes.copy(held, this.#have, at)
    this.#have += copied
    return at + copied
  }

  #beginData(): void {
    this.#padLengthDue = (this.flags & PADDED) !== 0
    if (this.#padLengthDue && this.length === 0) throw new ConnectionError(FRAME_SIZE_ERROR, 'padded DATA without a pad length')
    this.#sink.onDataBegin()
    this.#dataLeft = this.length
    this.#padLeft = 0
    this.#inData = true
    if (this.length === 0) this.#endData()
  }

  #readData(bytes: Buffer, from: number, end: number): number {
    let at = from
    if (this.#padLengthDue) {
      this.#padLengthDue = false
      this.#padLeft = bytes[at++] as number
      this.#dataLeft -= 1 + this.#padLeft
      if (this.#dataLeft < 0) throw new ConnectionError(PROTOCOL_ERROR, 'more padding than payload')
    }
    if (this.#dataLeft > 0 && at < end) {
      const stop = Math.min(end, at + this.#dataLeft)
      this.#dataLeft -= stop - at
      this.#sink.onDataPiece(at === 0 && stop === bytes.length ? bytes : bytes.subarray(at, stop))
      at = stop
    }
    if (this.#dataLeft === 0) {
      const skipped = Math.min(this.#padLeft, end - at)
      this.#padLeft -= skipped
      at += skipped
      if (this.#padLeft === 0) this.#endData()
    }
    return at
  }

  #endData(): void {
    this.#inData = false
    this.#sink.onDataEnd()
  }
}
