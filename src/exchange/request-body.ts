// The body of a request on its way to attempts: what came before there was anywhere to send it, and, where it may have to be sent again,
// all of it up to a limit.
// hot path: bench/macro
import { FULL, type UpstreamStream, WRITTEN, type WriteResult } from '../codec/stream.ts'
import type { Fields } from '../core/fields.ts'
import type { BodyTap } from './body-tap.ts'

export class RequestBody {
  ended: boolean
  trailers: Fields | undefined = undefined
  /** The downstream was told to wait. */
  held = false
  /** Some of it is gone and was not kept: the request can't be sent again. */
  lost = false
  /** From its beginning; undefined: it is not kept. */
  #kept: Uint8Array[] | undefined = undefined
  #room = 0
  /** Came before there was anywhere to send it, and is not kept: still in the memory of who sent it, who waits. */
  #early: Uint8Array[] | undefined = undefined

  constructor(ended: boolean) {
    this.ended = ended
  }

  /** It is kept, up to `limit` bytes. To be called before any of it is sent. */
  keep(limit: number): void {
    const early = this.#early
    if (early === undefined && this.ended) return
    this.#early = undefined
    this.#kept = []
    this.#room = limit
    if (early !== undefined) for (const chunk of early) this.push(chunk, undefined)
  }

  /** Shows what has come so far, and whether that was all; false: it was too much. */
  show(tap: BodyTap): boolean {
    for (const chunk of this.#kept ?? this.#early ?? []) if (!tap.take(chunk)) return false
    if (this.ended) tap.end(this.trailers)
    return true
  }

  /** It can be sent whole to another attempt. */
  get whole(): boolean {
    return this.ended && !this.lost
  }

  /** No other attempt will need it. What has not been sent yet stays. */
  forget(): void {
    this.#kept = undefined
    this.#room = 0
  }

  /** `stream`: undefined: there is nowhere to send it yet. */
  push(chunk: Uint8Array, stream: UpstreamStream | undefined): WriteResult {
    const kept = this.#keep(chunk, stream === undefined)
    if (stream === undefined) {
      if (kept === undefined) {
        this.#early ??= []
        this.#early.push(chunk)
      }
      this.held = true
      return FULL
    }
    if (kept === undefined) this.lost = true
    const result = stream.write(kept ?? chunk)
    this.held = result === FULL
    return kept === undefined || result === FULL ? result : WRITTEN
  }

  /** Nothing but the head has to be sent. */
  get bare(): boolean {
    return this.ended && this.#early === undefined && this.trailers === undefined && (this.#kept?.length ?? 0) === 0
  }

  /** Sends what there is of it. */
  sendTo(stream: UpstreamStream): WriteResult {
    let result: WriteResult = WRITTEN
    if (this.#kept !== undefined) for (const chunk of this.#kept) result = stream.write(chunk)
    const early = this.#early
    if (early !== undefined) {
      this.#early = undefined
      this.lost = true
      for (const chunk of early) result = stream.write(chunk)
    }
    return result
  }

  /** A copy of its own: what it came in is used again. undefined: it is not kept. */
  #keep(chunk: Uint8Array, waiting: boolean): Uint8Array | undefined {
    const kept = this.#kept
    if (kept === undefined) return undefined
    this.#room -= chunk.length
    if (this.#room < 0) {
      this.#kept = undefined
      // an attempt that is about to begin still gets all of it, the next one does not
      if (waiting) this.#early = kept
      else this.lost = true
      return undefined
    }
    const copy = Buffer.from(chunk)
    kept.push(copy)
    return copy
  }
}
