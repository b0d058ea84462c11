// Memory that upstream sockets read into. A connection holds a small buffer; while it reads a large body it borrows a large one, which
// makes for few and cheap reads. A buffer is read into again as soon as its bytes are gone.
// hot path: bench/macro
import { FULL, WRITTEN, type WriteResult } from '../../codec/stream.ts'

const SMALL_BYTES = 32_768
const LARGE_BYTES = 1_048_576
/** From how many bytes still to come a large buffer is worth it. */
const LARGE_FROM = 131_072
const MAX_LARGE = 32
const MAX_SPARE_SMALL = 256

const spareSmall: Buffer[] = []
const spareLarge: Buffer[] = []
let largeInUse = 0

/** The buffers of one connection. */
export class ReadBuffers {
  #current: Buffer = spareSmall.pop() ?? Buffer.allocUnsafeSlow(SMALL_BYTES)
  /** Read into, and still referred to by a slow peer's writes. */
  #lent: Buffer[] = []
  /** The peer had enough after the last read: that there is another one says that it has taken everything since. */
  #full = false

  get current(): Buffer {
    return this.#current
  }

  /** After a read: `result` is what became of the bytes, `expects` how many are still to come. */
  turn(result: WriteResult, expects: number): Buffer {
    const large = expects >= LARGE_FROM
    if ((this.#full || result === WRITTEN) && this.#lent.length > 0) this.#takeBack()
    this.#full = result === FULL
    if (result === WRITTEN) {
      if (large === (this.#current.length === LARGE_BYTES)) return this.#current
      giveBack(this.#current)
    } else this.#lent.push(this.#current)
    this.#current = take(large)
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
  #current: Buffer = take(false)

  get current(): Buffer {
    return this.#current
  }

  turn(result: WriteResult): Buffer {
    if (result !== WRITTEN) this.#current = take(false)
    return this.#current
  }

  close(): void {
    giveBack(this.#current)
    this.#current = NOTHING
  }
}

const NOTHING = Buffer.alloc(0)

function take(large: boolean): Buffer {
  if (large && largeInUse < MAX_LARGE) {
    largeInUse++
    return spareLarge.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES)
  }
  return spareSmall.pop() ?? Buffer.allocUnsafeSlow(SMALL_BYTES)
}

function giveBack(buffer: Buffer): void {
  if (buffer.length === LARGE_BYTES) {
    largeInUse--
    if (spareLarge.length < MAX_LARGE) spareLarge.push(buffer)
  } else if (buffer.length === SMALL_BYTES && spareSmall.length < MAX_SPARE_SMALL) spareSmall.push(buffer)
}
