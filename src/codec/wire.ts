// The writing half of a socket, for the codecs: gathers heads, framing and small bodies into one write, passes large bodies on without
// a copy, and says when the memory of a chunk may be used again.
// hot path: bench/macro
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type Flushable, markDirty } from './flush.ts'
import { FULL, HELD, WRITTEN, type WriteResult } from './stream.ts'

/** Bytes up to which a chunk is copied next to what waits, rather than written on its own. */
const SMALL = 16_384
const GATHER = 2 * SMALL
const SPARE_BUFFERS = 64

/** Buffers to gather in; one goes back as soon as the kernel has its bytes. */
const spare: Latin1Buffer[] = []

/** Node's own latin1 routines: `toString('latin1')` and `write(…, 'latin1')` without the look at their arguments. */
export interface Latin1Buffer extends Buffer<ArrayBuffer> {
  latin1Slice(start: number, end: number): string
  latin1Write(text: string, offset: number): number
}

export class Wire implements Flushable {
  readonly #socket: Socket
  /** A write never is through when it returns. */
  readonly #holds: boolean
  #dirty = false
  #text = ''
  #gather: Latin1Buffer | undefined
  #gathered = 0
  #ending = false

  constructor(socket: Socket) {
    this.#socket = socket
    this.#holds = socket instanceof TLSSocket
  }

  /** Bytes that the kernel has not taken yet. */
  get waiting(): number {
    return this.#socket.writableLength + this.#gathered + this.#text.length
  }

  /** Latin-1 text: heads and framing. */
  text(text: string): void {
    this.#text += text
    this.#touch()
  }

  /** WRITTEN also says that everything before is out of the caller's hands. */
  write(chunk: Uint8Array): WriteResult {
    if (chunk.length <= SMALL && this.#gathered + this.#text.length + chunk.length <= GATHER) this.#copy(chunk)
    else this.#pass(chunk)
    const waiting = this.#socket.writableLength
    if (waiting === 0) return WRITTEN
    return waiting < this.#socket.writableHighWaterMark ? HELD : FULL
  }

  /** Sends what waits and then the end of the stream. */
  end(): void {
    this.#ending = true
    if (this.#dirty) return
    this.#socket.end()
  }

  flush(): void {
    this.#dirty = false
    const socket = this.#socket
    if (!socket.writable) {
      this.#drop()
      return
    }
    if (this.#gather !== undefined) this.#writeGathered(this.#gather)
    if (this.#text !== '') {
      const text = this.#text
      this.#text = ''
      socket.write(text, 'latin1')
    }
    if (this.#ending) socket.end()
  }

  #writeGathered(gather: Latin1Buffer): void {
    if (this.#gathered + this.#text.length <= GATHER) this.#moveText(gather)
    this.#gather = undefined
    const gathered = gather.subarray(0, this.#gathered)
    this.#gathered = 0
    // TLS keeps what it is given until later: a small copy is cheaper than a new buffer to gather in for every response
    this.#socket.write(this.#holds ? Buffer.from(gathered) : gathered)
    const free = this.#holds || this.#socket.writableLength === 0
    if (free && spare.length < SPARE_BUFFERS) spare.push(gather)
  }

  /** A chunk that is not worth copying: what waits and the chunk leave as one vector. */
  #pass(chunk: Uint8Array): void {
    const socket = this.#socket
    if (!socket.writable) return
    if (!this.#dirty) {
      socket.write(chunk)
      return
    }
    socket.cork()
    this.flush()
    this.#dirty = true // still on the list; the flush to come finds nothing
    socket.write(chunk)
    socket.uncork()
  }

  #copy(chunk: Uint8Array): void {
    this.#gather ??= spare.pop() ?? (Buffer.allocUnsafeSlow(GATHER) as Latin1Buffer)
    this.#moveText(this.#gather)
    this.#gather.set(chunk, this.#gathered)
    this.#gathered += chunk.length
    this.#touch()
  }

  /** Text that came before a chunk goes before it. */
  #moveText(gather: Latin1Buffer): void {
    if (this.#text === '') return
    this.#gathered += gather.latin1Write(this.#text, this.#gathered)
    this.#text = ''
  }

  #touch(): void {
    if (this.#dirty) return
    this.#dirty = true
    markDirty(this)
  }

  #drop(): void {
    this.#text = ''
    this.#gather = undefined
    this.#gathered = 0
  }
}
