// Finds the next request head among the bytes of a connection from downstream, or says why there is none.
// hot path: bench/micro/codec/http1/head.ts
import type { FailureCode } from '../../core/failures.ts'
import type { HttpLimits } from '../limits.ts'
import type { RequestHead } from '../message.ts'
import type { HeadReader } from './head.ts'
import { headText, type Inlet, isHopeless } from './inlet.ts'

const CR = 13
const LF = 10
const HEAD_START = 72

export class Intake {
  readonly #heads: HeadReader
  readonly #inlet: Inlet
  readonly #maxHeadBytes: number
  /** What was read last: the request that begins at `next`'s body, or why there is none. */
  request: RequestHead | undefined
  failure: FailureCode = 'bad_request'
  detail = ''
  /** Where the head ends. */
  next = 0
  /** What came is a HEAD, even if a malformed one: its answer has no body. */
  mute = false

  constructor(heads: HeadReader, inlet: Inlet, { maxHeadBytes }: HttpLimits) {
    this.#heads = heads
    this.#inlet = inlet
    this.#maxHeadBytes = maxHeadBytes
  }

  /** 'begun': so far it may become one. */
  read(bytes: Buffer, from: number, end: number): 'request' | 'begun' | 'refused' {
    let at = from
    // RFC 9112 §2.2: one empty line in front is forgiven; it is read again with what follows
    if (bytes[at] === CR && (at + 1 === end || bytes[at + 1] === LF)) at += 2
    if (at >= end) return 'begun'
    const headEnd = this.#inlet.headEnd(bytes, at, end)
    const length = (headEnd < 0 ? end : headEnd) - at
    this.mute = bytes[at] === HEAD_START && isHead(bytes, at, end)
    if (length > this.#maxHeadBytes) return this.#refuse('head_too_large', 'too many bytes')
    if (headEnd < 0) return isHopeless(bytes, at, end) ? this.#refuse('bad_request', 'a line end that is none, or NUL') : 'begun'
    this.request = this.#heads.request(headText(bytes, at, headEnd))
    if (this.request === undefined) return this.#refuse(this.#heads.failure, this.#heads.detail)
    this.next = headEnd + 2
    return 'request'
  }

  #refuse(failure: FailureCode, detail: string): 'refused' {
    this.failure = failure
    this.detail = detail
    return 'refused'
  }
}

function isHead(bytes: Buffer, at: number, end: number): boolean {
  return end - at >= 5 && headText(bytes, at, at + 5) === 'HEAD '
}
