// Memory that upstream sockets read into. A connection holds a small buffer, or a middling one after the small one was too small; while
// it reads a large body it borrows a large one, which makes for few and cheap reads. A buffer is read into again as soon as its bytes are gone.
// hot path: bench/macro
import { FULL, WRITTEN, type WriteResult } from '../../codec/stream.ts'

/** An odd number of cache lines: buffers that begin at the same place of a page would push each other out of the cache. */
const SMALL_BYTES = 71 * 64
const MIDDLE_BYTES = 32_768
const LARGE_BYTES = 1_048_576
/** From how many bytes still to come a large buffer is worth it. */
const LARGE_FROM = 131_072
const MAX_LARGE = 32

/** Buffers that nobody uses, and how many of them are kept. */
interface Spare {
  readonly buffers: Buffer[]
  readonly max: number
}

const SPARE: ReadonlyMap<number, Spare> = new Map([
  [SMALL_BYTES, { buffers: [], max: 1024 }],
  [MIDDLE_BYTES, { buffers: [], max: 128 }],
  [LARGE_BYTES, { buffers: [], max: MAX_LARGE }],
])
let largeInUse = 0

/** The buffers of one connection. */
export class ReadBuffers {
  #current: Buffer = take(SMALL_BYTES)
  /** Length of the buffer when nothing large is expected. */
  #usual = SMALL_BYTES
  /** Read into, and still referred to by a slow peer's writes. */
  #lent: Buffer[] = []
  /** The peer had enough after the last read: that there is another one says that it has taken everything since. */
  #full = false

  get current(): Buffer {
    return this.#current
  }

  /** After a read: `result` is what became of the bytes, `expects` how many are still to come; `filled`: the buffer had no room for more. */
  turn(result: WriteResult, expects: number, filled = false): Buffer {
    if (filled) this.#usual = MIDDLE_BYTES
    const large = expects >= LARGE_FROM
    const wanted = large ? LARGE_BYTES : this.#usual
    if ((this.#full || result === WRITTEN) && this.#lent.length > 0) this.#takeBack()
    this.#full = result === FULL
    if (result === WRITTEN) {
      const had = this.#current.length
      if (had === wanted || (large && had === MIDDLE_BYTES && largeInUse >= MAX_LARGE)) return this.#current
      giveBack(this.#current)
    } else this.#lent.push(this.#current)
    this.#current = take(wanted)
    return this.#current
  }

  close(): void {
    // what is lent may still be on its way out: left to the garbage collector
    for (const buffer of this.#lent) if (buffer.length === LARGE_BYTES) largeInUse--
    this.#lent = []
    giveBack(this.#current)
    this.#current = NOTHING
  }

  #takeBack(): void {
    for (const buffer of this.#lent) giveBack(buffer)
    this.#lent = []
  }
}

/**
 * The same for a connection of many exchanges: that one of them has taken its bytes says nothing of the others, so what is still
 * referred to is not read into again.
 */
export class SharedBuffers {
  #current: Buffer = take(MIDDLE_BYTES)

  get current(): Buffer {
    return this.#current
  }

  turn(result: WriteResult): Buffer {
    if (result !== WRITTEN) this.#current = take(MIDDLE_BYTES)
    return this.#current
  }

  close(): void {
    giveBack(this.#current)
    this.#current = NOTHING
  }
}

const NOTHING = Buffer.alloc(0)

function take(bytes: number): Buffer {
  if (bytes === LARGE_BYTES && largeInUse >= MAX_LARGE) return take(MIDDLE_BYTES)
  if (bytes === LARGE_BYTES) largeInUse++
  return SPARE.get(bytes)?.buffers.pop() ?? Buffer.allocUnsafeSlow(bytes)
}

function giveBack(buffer: Buffer): void {
  if (buffer.length === LARGE_BYTES) largeInUse--
  const spare = SPARE.get(buffer.length)
  if (spare !== undefined && spare.buffers.length < spare.max) spare.buffers.push(buffer)
}
