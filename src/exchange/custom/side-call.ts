// A request of the sidecar's own, sent as requests of exchanges are: one attempt, and its answer as a whole.
import type { RequestHead, ResponseHead } from '../../codec/message.ts'
import { type UpstreamStream, WRITTEN, type WriteResult } from '../../codec/stream.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import { type FailureCode, ProxyError } from '../../core/failures.ts'
import type { Fields } from '../../core/fields.ts'
import type { Service } from '../../upstream/service.ts'
import { Attempt, type AttemptOwner } from '../attempt.ts'

const MAX_BODY_BYTES = 1024 ** 2

export interface SideAnswer {
  readonly head: ResponseHead
  readonly body: Buffer
  readonly trailers: Fields | undefined
}

export interface SideQuestion {
  readonly service: Service
  readonly head: RequestHead
  readonly body: Buffer | undefined
  readonly clock: Clock
  readonly timeoutMs: number
}

/** Rejects with a ProxyError when there is no whole answer in time. */
export function sideCall(question: SideQuestion): Promise<SideAnswer> {
  return new Promise((resolve, reject) => new SideCall(question, resolve, reject).begin())
}

class SideCall implements AttemptOwner {
  readonly #question: SideQuestion
  readonly #resolve: (answer: SideAnswer) => void
  readonly #reject: (error: ProxyError) => void
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #head: ResponseHead | undefined
  #attempt: Attempt | undefined
  #timer: Cancel = () => {}

  constructor(question: SideQuestion, resolve: (answer: SideAnswer) => void, reject: (error: ProxyError) => void) {
    this.#question = question
    this.#resolve = resolve
    this.#reject = reject
  }

  begin(): void {
    const { service, head, clock, timeoutMs } = this.#question
    const endpoint = service.pick()
    if (endpoint === undefined) return this.#fail('no_endpoint', `no endpoint of ${service.key} is available`)
    this.#timer = clock.after(timeoutMs, () => this.#fail('request_timeout', `no answer in ${timeoutMs} ms`))
    this.#attempt = new Attempt(this, { service, endpoint, protocol: service.speaks(head), clock, call: null })
    this.#attempt.start(false, undefined)
  }

  onStream(_: Attempt, stream: UpstreamStream): void {
    const { head, body } = this.#question
    stream.send(head, body === undefined)
    if (body === undefined) return
    stream.write(body)
    stream.end()
  }

  onInform(): void {}

  onResponse(_: Attempt, head: ResponseHead, end: boolean): void {
    this.#head = head
    if (end) this.#done(undefined)
  }

  onResponseData(_: Attempt, chunk: Uint8Array): WriteResult {
    this.#bytes += chunk.length
    // the memory is the codec's
    if (this.#bytes <= MAX_BODY_BYTES) this.#chunks.push(Buffer.from(chunk))
    else this.#fail('upstream_protocol', 'the answer is too large')
    return WRITTEN
  }

  onResponseEnd(_: Attempt, trailers: Fields | undefined): void {
    this.#done(trailers)
  }

  onRequestDrain(): void {}

  onAttemptFailed(_: Attempt, code: FailureCode, detail: string): void {
    this.#fail(code, detail)
  }

  #done(trailers: Fields | undefined): void {
    this.#timer()
    this.#attempt?.release()
    this.#resolve({ head: this.#head as ResponseHead, body: Buffer.concat(this.#chunks), trailers })
  }

  #fail(code: FailureCode, detail: string): void {
    this.#timer()
    this.#attempt?.abandon()
    this.#reject(new ProxyError(code, detail))
  }
}
