// Who else looks at the body of a request on its way: a limit, mirrors. An exchange without any has none.
import type { Fields } from '../core/fields.ts'

export interface BodyTap {
  /** False: that was too much. */
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
