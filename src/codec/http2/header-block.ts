// A header block on its way in: one HEADERS frame as a rule, which is read where it stands, else HEADERS and CONTINUATION put together,
// within bounds (CVE-2024-27316 and its kin).
import { ConnectionError, ENHANCE_YOUR_CALM, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from './errors.ts'
import { END_HEADERS, END_STREAM, HAS_PRIORITY, PADDED } from './frames.ts'
import type { Http2Limits } from './limits.ts'

const PRIORITY_BYTES = 5

export class HeaderBlock {
  /** Of the block under way or last complete. */
  id = 0
  /** END_STREAM came with it. */
  ends = false
  /** Where it stands, once complete. */
  bytes: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  /** CONTINUATION is due. */
  open = false
  readonly #limits: Http2Limits
  #parts: Buffer[] = []
  #length = 0

  constructor(limits: Http2Limits) {
    this.#limits = limits
  }

  /** Takes the payload of HEADERS, `start` to `end` of `bytes`. */
  begin({ id, flags }: { readonly id: number; readonly flags: number }, bytes: Buffer, start: number, end: number): void {
    let from = start
    let to = end
    if ((flags & PADDED) !== 0) {
      if (to === from) throw new ConnectionError(FRAME_SIZE_ERROR, 'padded HEADERS without a pad length')
      to -= bytes[from++] as number
    }
    if ((flags & HAS_PRIORITY) !== 0) {
      if (end - from < PRIORITY_BYTES) throw new ConnectionError(FRAME_SIZE_ERROR, 'HEADERS too short for its priority')
      if (dependency(bytes, from) === id) throw new ConnectionError(PROTOCOL_ERROR, 'a stream that depends on itself')
      from += PRIORITY_BYTES
    }
    if (from > to) throw new ConnectionError(PROTOCOL_ERROR, 'more padding than payload')
    this.id = id
    this.ends = (flags & END_STREAM) !== 0
    this.bytes = bytes
    this.start = from
    this.end = to
    this.open = (flags & END_HEADERS) === 0
    if (!this.open) return
    this.#parts = [Buffer.from(bytes.subarray(from, to))]
    this.#length = to - from
  }

  /** Takes the payload of CONTINUATION. */
  add(flags: number, payload: Buffer): void {
    this.#length += payload.length
    if (this.#parts.length > this.#limits.maxContinuations) this.#tooLong('continuations')
    // a head that is a little too large is still answered; one that is much too large is not even decoded
    if (this.#length > 2 * this.#limits.maxHeadBytes) this.#tooLong('head_bytes')
    this.#parts.push(Buffer.from(payload))
    if ((flags & END_HEADERS) === 0) return
    this.open = false
    this.bytes = Buffer.concat(this.#parts, this.#length)
    this.start = 0
    this.end = this.#length
    this.#parts = []
  }

  /** Lets go of the memory. */
  clear(): void {
    this.bytes = NONE
  }

  #tooLong(limit: 'continuations' | 'head_bytes'): never {
    throw new ConnectionError(ENHANCE_YOUR_CALM, 'header block too long', limit)
  }
}

const NONE = Buffer.alloc(0)

/** The stream that a priority names (RFC 7540 §6.3). */
export function dependency(payload: Buffer, at: number): number {
  return payload.readUInt32BE(at) & 0x7fff_ffff
}
