// The writing half of an HTTP/2 socket. Frames are made in place in a slab that the connection has only while it has something to say;
// what one burst of reading causes leaves in one write. DATA asks `stalled` first; heads and control frames always find room.
// hot path: bench/micro/codec/http2/frames.ts
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type Flushable, markDirty } from '../flush.ts'

/** Four of the largest frames that we send and something more. */
const SLAB_BYTES = 66_560
/** Of a slab that waits for the kernel, so much less is copied out of it rather than kept with it. */
const SMALL_BYTES = 8192
const MAX_SPARE = 64

const NO_SLAB = Buffer.alloc(0)
const spare: Buffer[] = []

export class Output implements Flushable {
  /** Where frames are made: `at` is the next free byte. */
  slab: Buffer = NO_SLAB
  at = 0
  /** Grows with each write: what was reserved before can't be changed any more. */
  epoch = 0
  /** The peer takes fewer bytes than we have: DATA has to wait for `onDrain`. */
  stalled = false
  readonly #socket: Socket
  /** TLS keeps what it is given until later. */
  readonly #holds: boolean
  readonly #highWaterBytes: number
  readonly #onDrain: () => void
  readonly #onWritten = (): void => this.#written()
  /** One for each write under way, in order; undefined: its memory was free at once. */
  readonly #inFlight: (Buffer | undefined)[] = []
  #dirty = false
  #ending = false

  /** `onDrain`: the peer takes bytes again, after `stalled`. */
  constructor(socket: Socket, highWaterBytes: number, onDrain: () => void) {
    this.#socket = socket
    this.#holds = socket instanceof TLSSocket
    this.#highWaterBytes = highWaterBytes
    this.#onDrain = onDrain
  }

  /** Makes room for `length` bytes in one piece, a slab at most, and returns where. */
  reserve(length: number): number {
    if (this.at + length > this.slab.length) this.#turn()
    const at = this.at
    this.at += length
    if (!this.#dirty) {
      this.#dirty = true
      markDirty(this)
    }
    return at
  }

  /** Free bytes of the slab; at least `wanted` of them, if a slab has so many. */
  room(wanted: number): number {
    if (this.slab.length - this.at < wanted) this.#turn()
    return this.slab.length - this.at
  }

  /** Sends what waits and then the end of the stream. */
  end(): void {
    this.#ending = true
    if (!this.#dirty) this.#socket.end()
  }

  flush(): void {
    this.#dirty = false
    this.#emit()
    if (this.slab !== NO_SLAB) {
      release(this.slab)
      this.slab = NO_SLAB
    }
    if (this.#ending) this.#socket.end()
  }

  #turn(): void {
    this.#emit()
    if (this.slab === NO_SLAB) this.slab = spare.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES)
  }

  #emit(): void {
    const length = this.at
    if (length === 0) return
    const socket = this.#socket
    this.at = 0
    this.epoch++
    if (!socket.writable) return
    if (length < SMALL_BYTES && (this.#holds || socket.writableLength > 0)) {
      this.#inFlight.push(undefined)
      socket.write(Buffer.from(this.slab.subarray(0, length)), this.#onWritten)
    } else {
      socket.write(this.slab.subarray(0, length), this.#onWritten)
      if (socket.writableLength === 0) this.#inFlight.push(undefined)
      else {
        this.#inFlight.push(this.slab)
        this.slab = NO_SLAB
      }
    }
    if (socket.writableLength >= this.#highWaterBytes) this.stalled = true
  }

  #written(): void {
    const slab = this.#inFlight.shift()
    if (slab !== undefined) release(slab)
    if (!this.stalled || this.#socket.writableLength * 2 > this.#highWaterBytes) return
    this.stalled = false
    this.#onDrain()
  }
}

function release(slab: Buffer): void {
  if (spare.length < MAX_SPARE) spare.push(slab)
}
