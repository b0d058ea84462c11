// One try of an exchange against one endpoint: waits for a connection, then stands between its stream and the attempts of the exchange.
// hot path: bench/macro
import type { RequestHead, ResponseHead } from '../codec/message.ts'
import type { UpstreamConnection, UpstreamReceiver, UpstreamStream, WriteResult } from '../codec/stream.ts'
import type { Clock } from '../core/clock.ts'
import type { FailureCode } from '../core/failures.ts'
import type { Fields } from '../core/fields.ts'
import type { Call } from '../upstream/breaker/breaker.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Protocol } from '../upstream/pool/dial.ts'
import type { PoolWaiter } from '../upstream/pool/pool.ts'
import type { Service } from '../upstream/service.ts'

/** Who makes attempts, as each of them sees it. */
export interface AttemptOwner {
  /** There is a stream now: the head and what of the body has come may go. */
  onStream(attempt: Attempt, stream: UpstreamStream): void
  onInform(attempt: Attempt, head: ResponseHead): void
  onResponse(attempt: Attempt, head: ResponseHead, end: boolean): void
  onResponseData(attempt: Attempt, chunk: Uint8Array): WriteResult
  onResponseEnd(attempt: Attempt, trailers: Fields | undefined): void
  onRequestDrain(attempt: Attempt): void
  onAttemptFailed(attempt: Attempt, code: FailureCode, detail: string): void
}

export interface AttemptOptions {
  readonly service: Service
  readonly endpoint: Endpoint
  readonly protocol: Protocol
  readonly clock: Clock
  readonly call: Call | null
}

export class Attempt implements PoolWaiter, UpstreamReceiver {
  readonly endpoint: Endpoint
  /** A response head that waits to be judged by what follows it. */
  head: ResponseHead | undefined = undefined
  /** What a breaker waits to hear of it; null: nothing, or it has heard. */
  call: Call | null
  readonly #owner: AttemptOwner
  readonly #service: Service
  readonly #protocol: Protocol
  readonly #clock: Clock
  #phase: 'waiting' | 'sent' | 'over' = 'waiting'
  #stream: UpstreamStream | undefined
  #sentMs = 0

  constructor(owner: AttemptOwner, { service, endpoint, protocol, clock, call }: AttemptOptions) {
    this.#owner = owner
    this.#service = service
    this.#protocol = protocol
    this.#clock = clock
    this.endpoint = endpoint
    this.call = call
    endpoint.active++
  }

  /** `fresh`: on a connection that nobody has used. `preface`: on one of its own that begins with these bytes. */
  start(fresh: boolean, preface: Buffer | undefined): void {
    const pool = this.#service.poolOf(this.endpoint, this.#protocol)
    if (preface === undefined) pool.acquire(this, fresh)
    else pool.acquireOnce(this, preface)
  }

  send(head: RequestHead, end: boolean): void {
    this.#stream?.send(head, end)
  }

  /** undefined: there is nowhere to write to yet. */
  get stream(): UpstreamStream | undefined {
    return this.#stream
  }

  /** Milliseconds since the request was sent; 0: it was not. */
  get sentAgoMs(): number {
    return this.#phase === 'sent' ? this.#clock.nowMs() - this.#sentMs : 0
  }

  /** Lets go of the endpoint; returns the milliseconds since the request was sent. */
  release(): number {
    if (this.#phase === 'over') return 0
    const ms = this.sentAgoMs
    this.call?.givenUp()
    this.call = null
    this.#phase = 'over'
    this.#stream = undefined
    this.endpoint.active--
    return ms
  }

  /** Gives up, wherever it is; returns as `release`. */
  abandon(): number {
    const stream = this.#stream
    if (this.#phase === 'waiting') this.#service.poolOf(this.endpoint, this.#protocol).cancel(this)
    const ms = this.release()
    stream?.abort()
    return ms
  }

  onConnection(connection: UpstreamConnection): void {
    if (this.#phase !== 'waiting') return
    this.#phase = 'sent'
    this.#sentMs = this.#clock.nowMs()
    this.#stream = connection.begin(this)
    this.#owner.onStream(this, this.#stream)
  }

  onPoolFailure(code: FailureCode, detail: string): void {
    if (this.#phase === 'waiting') this.#owner.onAttemptFailed(this, code, this.#told(detail))
  }

  onInform(head: ResponseHead): void {
    this.#owner.onInform(this, head)
  }

  onResponse(head: ResponseHead, end: boolean): void {
    this.#owner.onResponse(this, head, end)
  }

  onResponseData(chunk: Uint8Array): WriteResult {
    return this.#owner.onResponseData(this, chunk)
  }

  onResponseEnd(trailers?: Fields): void {
    this.#owner.onResponseEnd(this, trailers)
  }

  onRequestDrain(): void {
    this.#owner.onRequestDrain(this)
  }

  onUpstreamFailure(code: FailureCode, detail: string): void {
    if (this.#phase === 'over') return
    this.#stream = undefined
    this.#owner.onAttemptFailed(this, code, this.#told(detail))
  }

  #told(detail: string): string {
    return `${this.endpoint.address}: ${detail}`
  }
}
