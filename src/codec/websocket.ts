// Just enough of RFC 6455 to end a WebSocket that passes through: where one frame ends and the next has not begun, a close frame may go
// out that says why. Payloads are not looked at.

const MIN_HEAD = 2
const OPCODE_CLOSE = 8

export class FrameTracker {
  /** Bytes of the frame at hand, head included, that are still to come; 0 between frames. */
  #left = 0
  /** Beginning of a head that has not come whole. */
  #head: number[] = []
  #closing = false

  /** Bytes that pass, in order. */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, chunk.length - at)
        this.#left -= step
        at += step
        continue
      }
      this.#head.push(chunk[at++] as number)
      const payload = payloadLength(this.#head)
      if (payload === undefined) continue
      if (((this.#head[0] as number) & 0x0f) === OPCODE_CLOSE) this.#closing = true
      this.#left = payload
      this.#head = []
    }
  }

  /** A frame of our own may go out now. */
  get between(): boolean {
    return this.#left === 0 && this.#head.length === 0 && !this.#closing
  }
}

/** Bytes that follow the head (the masking key included), once the head is whole. */
function payloadLength(head: readonly number[]): number | undefined {
  if (head.length < MIN_HEAD) return undefined
  const second = head[1] as number
  const short = second & 0x7f
  const mask = (second & 0x80) === 0 ? 0 : 4
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0
  if (head.length < MIN_HEAD + extended) return undefined
  if (extended === 0) return short + mask
  let length = 0
  for (let i = MIN_HEAD; i < MIN_HEAD + extended; i++) length = length * 256 + (head[i] as number)
  return length + mask
}

/** An unmasked close frame, as servers send them (RFC 6455 §5.5.1, §7.4.1). */
export function closeFrame(code: number): Buffer {
  return Buffer.from([0x80 | OPCODE_CLOSE, 2, code >> 8, code & 0xff])
}
