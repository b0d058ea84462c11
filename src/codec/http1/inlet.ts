// The reading half of a socket, for HTTP/1: keeps what can't be used yet, stops reading while its consumer is full, and finds the end
// of heads. Consumers read in place.
// hot path: bench/micro/codec/http1/head.ts
import type { Socket } from 'node:net'
import type { Latin1Buffer } from '../wire.ts'

const HEAD_END = Buffer.from('\r\n\r\n', 'latin1')
const NOTHING = Buffer.alloc(0)
const CR = 13
const LF = 10

export interface Consumer {
  /** Uses bytes from `at` to `end`; returns up to where. What it leaves comes again, with more behind it or after `resume`. */
  consume(bytes: Buffer, at: number, end: number): number
}

export class Inlet {
  readonly #socket: Socket
  readonly #consumer: Consumer
  readonly #maxHeld: number
  #held: Buffer | undefined
  #full = false
  #paused = false
  #consuming = false
  /** Where the search for the end of a head goes on. */
  #searched = 0

  /** `maxHeld`: bytes that the consumer may leave before reading stops: more than the largest head. */
  constructor(socket: Socket, consumer: Consumer, maxHeld: number) {
    this.#socket = socket
    this.#consumer = consumer
    this.#maxHeld = maxHeld
  }

  /** `lent`: the memory is only ours during the call. */
  push(chunk: Buffer, lent: boolean): void {
    const held = this.#held
    const bytes = held === undefined ? chunk : Buffer.concat([held, chunk])
    this.#run(bytes, lent && held === undefined)
  }

  /** The consumer takes nothing until `resume`. To be called while it consumes, or between. */
  fill(): void {
    this.#full = true
    this.#pause()
  }

  resume(): void {
    this.#full = false
    if (this.#consuming) return
    this.#run(this.#held ?? NOTHING, false)
    if (!this.#full && this.#paused && (this.#held?.length ?? 0) < this.#maxHeld) {
      this.#paused = false
      this.#socket.resume()
    }
  }

  /** Lets go of everything; what still comes is the caller's to ignore. */
  clear(): void {
    this.#held = undefined
  }

  get full(): boolean {
    return this.#full
  }

  /**
   * Where the head ends that begins at `at`: the position behind the CRLF of its last line, -1 while it is not all there.
   */
  headEnd(bytes: Buffer, at: number, end: number): number {
    const from = this.#searched > at + 3 ? this.#searched - 3 : at
    const found = bytes.indexOf(HEAD_END, from)
    if (found < 0 || found + 4 > end) {
      this.#searched = end
      return -1
    }
    this.#searched = 0
    return found + 2
  }

  #run(bytes: Buffer, lent: boolean): void {
    this.#held = undefined
    this.#consuming = true
    const at = this.#consumer.consume(bytes, 0, bytes.length)
    this.#consuming = false
    if (at === bytes.length) {
      this.#searched = 0
      return
    }
    if (this.#searched > 0) this.#searched -= at
    this.#held = lent ? Buffer.from(bytes.subarray(at)) : bytes.subarray(at)
    if (this.#held.length >= this.#maxHeld) this.#pause()
  }

  #pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#socket.pause()
  }
}

/** Whether the beginning of a head can't become one: a line end that is not CRLF, or NUL. */
export function isHopeless(bytes: Buffer, from: number, end: number): boolean {
  for (let i = from; i < end; i++) {
    const byte = bytes[i] as number
    // what stands before `from` belongs to another message
    if (byte === LF && (i === from || bytes[i - 1] !== CR)) return true
    if (byte === CR && i + 1 < end && bytes[i + 1] !== LF) return true
    if (byte === 0) return true
  }
  return false
}

export function headText(bytes: Buffer, from: number, end: number): string {
  return (bytes as Latin1Buffer).latin1Slice(from, end)
}
