// What a peer may still send, and when it is told that it may send more: half a window at a time, so that one update serves many frames.

export class ReceiveWindow {
  readonly #size: number
  #left: number
  #used = 0

  constructor(size: number) {
    this.#size = size
    this.#left = size
  }

  /** Bytes have come; false: more than were allowed. */
  admit(bytes: number): boolean {
    this.#left -= bytes
    return this.#left >= 0
  }

  /** Bytes are out of our hands; returns by how much the window grows now. */
  release(bytes: number): number {
    this.#used += bytes
    const growth = this.#used
    if (growth * 2 < this.#size) return 0
    this.#used = 0
    this.#left += growth
    return growth
  }
}
