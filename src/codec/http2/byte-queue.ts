// Bytes of a body that came while nobody could take them. They are copied: a few bytes must not keep a whole read buffer, and a
// thousand tiny frames must not become a thousand objects. What flow control allows bounds it.

const BLOCK_BYTES = 16_384

export class ByteQueue {
  readonly #blocks: Buffer[] = []
  /** Free bytes behind the last one. */
  #room = 0

  get isEmpty(): boolean {
    return this.#blocks.length === 0
  }

  push(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#room === 0) {
        this.#room = Math.min(BLOCK_BYTES, Math.max(bytes.length - at, 512))
        this.#blocks.push(Buffer.allocUnsafeSlow(this.#room))
      }
      const block = this.#blocks.at(-1) as Buffer
      const length = Math.min(this.#room, bytes.length - at)
      block.set(bytes.subarray(at, at + length), block.length - this.#room)
      this.#room -= length
      at += length
    }
  }

  /** The oldest piece; its memory is the caller's. */
  shift(): Buffer | undefined {
    const block = this.#blocks.shift()
    if (block === undefined || this.#blocks.length > 0) return block
    const filled = block.subarray(0, block.length - this.#room)
    this.#room = 0
    return filled
  }

  clear(): void {
    this.#blocks.length = 0
    this.#room = 0
  }
}
