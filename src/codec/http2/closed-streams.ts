// How the last streams of a connection ended: what may still come for one depends on it (RFC 9113 §5.1). What is older
// is given the benefit of the doubt.

export const UNKNOWN = 0
/** Both sides have ended it. */
export const DONE = 1
/** The peer may not know yet: what it sent before is no offence. */
export const RESET_BY_US = 2
export const RESET_BY_PEER = 3

const REMEMBERED = 128

export class ClosedStreams {
  readonly #ids = new Int32Array(REMEMBERED)
  readonly #ends = new Uint8Array(REMEMBERED)
  #next = 0

  add(id: number, how: number): void {
    this.#ids[this.#next] = id
    this.#ends[this.#next] = how
    this.#next = (this.#next + 1) % REMEMBERED
  }

  endOf(id: number): number {
    const place = this.#ids.indexOf(id)
    return place < 0 ? UNKNOWN : (this.#ends[place] as number)
  }
}
