// What of gRPC a proxy has to know: whether a request is one, and how many messages pass. The messages themselves are not looked at.
// hot path: bench/macro
import type { RequestHead } from './message.ts'

/** Of a message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5

/** gRPC itself, which has its statuses in trailers; gRPC-Web is HTTP like any other. */
export function isGrpc(head: RequestHead): boolean {
  const type = head.fields.get('content-type')
  return type?.startsWith('application/grpc') === true && !type.startsWith('application/grpc-web')
}

/** Counts the messages of one direction: each when it begins. */
export class MessageCounter {
  count = 0
  /** Of the message at hand, what is still to come. */
  #left = 0
  /** Of a prefix that has not come whole: its bytes, and the length as far as it is known. */
  #have = 0
  #length = 0

  /** Bytes that pass, in order. */
  push(chunk: Uint8Array): void {
    const end = chunk.length
    let at = 0
    while (at < end) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, end - at)
        this.#left -= step
        at += step
        continue
      }
      if (this.#have === 0) this.count++
      else this.#length = this.#length * 256 + (chunk[at] as number)
      at++
      if (++this.#have < PREFIX_BYTES) continue
      this.#left = this.#length
      this.#have = this.#length = 0
    }
  }
}

export class MessageCounts {
  readonly request = new MessageCounter()
  readonly response = new MessageCounter()
}
