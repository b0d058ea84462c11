// Who else looks at the body of a request on its way: a limit, mirrors. An exchange without any has none.
import type { Fields } from '../core/fields.ts'

export interface BodyTap {
  /** False: that was too much. The memory is used again as soon as this returns. */
  take(chunk: Uint8Array): boolean
  end(trailers: Fields | undefined): void
  /** The exchange is over. */
  close(): void
}

export class BodyLimit implements BodyTap {
  #left: number

  constructor(maxBytes: number) {
    this.#left = maxBytes
  }

  take(chunk: Uint8Array): boolean {
    this.#left -= chunk.length
    return this.#left >= 0
  }

  end(): void {}

  close(): void {}
}

/** One before the other: what is too much for the first one does not reach the second one. */
export class BothTaps implements BodyTap {
  readonly #first: BodyTap
  readonly #second: BodyTap

  constructor(first: BodyTap, second: BodyTap) {
    this.#first = first
    this.#second = second
  }

  take(chunk: Uint8Array): boolean {
    return this.#first.take(chunk) && this.#second.take(chunk)
  }

  end(trailers: Fields | undefined): void {
    this.#first.end(trailers)
    this.#second.end(trailers)
  }

  close(): void {
    this.#first.close()
    this.#second.close()
  }
}
