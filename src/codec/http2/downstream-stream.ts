// A request and its response on a connection from downstream. A CONNECT of either kind is a tunnel: its bytes are held until the
// response opens it.
// hot path: bench/macro
import type { FailureCode } from '../../core/failures.ts'
import type { Fields } from '../../core/fields.ts'
import type { RequestHead, ResponseHead } from '../message.ts'
import { type DownstreamReceiver, type DownstreamStream, WRITTEN, type WriteResult } from '../stream.ts'
import { CANCEL, errorName, NO_ERROR, PROTOCOL_ERROR, resetOfFailure } from './errors.ts'
import { Stream, type StreamHost } from './stream.ts'

/** The connection as a request sees it. */
export interface DownstreamHost extends StreamHost {
  /** Our side has ended; `code`: to be told to a peer that has not ended its own, or that has broken a rule. */
  onAnswered(stream: Http2DownstreamStream, code: number): void
  /** The exchange gives up. */
  onAborted(stream: Http2DownstreamStream, code: number): void
  /** The peer has broken a rule of messages. Throws when it does so too often. */
  onRuleBroken(): void
}

export class Http2DownstreamStream extends Stream implements DownstreamStream {
  readonly #downstream: DownstreamHost
  /** undefined: what came is no request, and is only answered. */
  readonly #request: RequestHead | undefined
  #receiver: DownstreamReceiver | undefined
  #tunnel: 'none' | 'held' | 'open'
  #begun = false
  /** The request had a defect: what RST_STREAM will say after the answer. */
  #fault = NO_ERROR

  constructor(host: DownstreamHost, id: number, request: RequestHead | undefined) {
    super(host, id)
    this.#downstream = host
    this.#request = request
    this.#tunnel = request !== undefined && (request.upgrade !== '' || request.method === 'CONNECT') ? 'held' : 'none'
    if (this.#tunnel === 'held') this.hold()
  }

  get isTunnel(): boolean {
    return this.#tunnel !== 'none'
  }

  get spelled(): boolean {
    return this.#request?.spelled === true
  }

  /** The exchange is known; it may have answered already. */
  begin(receiver: DownstreamReceiver): void {
    if (this.released) return
    this.#receiver = receiver
    if (this.remoteEnded || this.isTunnel) return
    this.expect(this.#request?.bodyLength ?? -1)
    if (this.readsOnTime()) this.awaitBody()
  }

  /** There will be no more than an answer. `fault`: what was wrong, as an error code. */
  refuse(fault: number): void {
    this.#fault = fault
    this.turnDeaf()
  }

  // what the exchange asks

  inform(head: ResponseHead): void {
    if (!this.released && !this.#begun) this.#downstream.sender.response(this, head, false, false)
  }

  respond(head: ResponseHead, end: boolean): void {
    if (this.released || this.#begun) return
    this.#begun = true
    const opens = this.#tunnel === 'held' && (head.status === 101 || (head.status >= 200 && head.status < 300))
    this.#downstream.sender.response(this, head, end, opens)
    if (opens) this.#tunnel = 'open'
    else if (this.#tunnel === 'held') this.turnDeaf()
    if (end) this.markLocalEnd()
    else if (opens) this.resume()
  }

  abort(code: FailureCode): void {
    if (this.released) return
    this.#receiver = undefined
    this.#downstream.onAborted(this, this.#fault === NO_ERROR ? resetOfFailure(code, this.#begun) : this.#fault)
  }

  // what comes

  protected override deliver(chunk: Uint8Array): WriteResult {
    // whoever gets it may keep it, for a slow endpoint or for another attempt: the memory of a read is only lent
    return this.#receiver?.onRequestData(Buffer.from(chunk)) ?? WRITTEN
  }

  protected override deliverEnd(trailers: Fields | undefined): void {
    // in a tunnel our side may have ended first
    const receiver = this.#receiver
    if (this.localEnded) this.#downstream.onAnswered(this, NO_ERROR)
    receiver?.onRequestEnd(trailers)
  }

  protected override deliverDrain(): void {
    this.#receiver?.onResponseDrain()
  }

  protected override onLocalEnd(): void {
    // a tunnel has two ends
    if (this.#tunnel === 'open' && !this.remoteEnded) return
    this.#downstream.onAnswered(this, this.#fault)
  }

  /** Streams of gRPC and tunnels are silent for as long as they like. */
  protected override readsOnTime(): boolean {
    return this.#tunnel === 'none' && this.#request?.fields.get('content-type')?.startsWith('application/grpc') !== true
  }

  override onMalformed(detail: string): void {
    if (this.#fault !== NO_ERROR) return
    this.refuse(PROTOCOL_ERROR)
    this.#downstream.onRuleBroken()
    this.#receiver?.onDownstreamFailure('bad_request', detail)
  }

  override onStalled(sending: boolean): void {
    if (!sending) {
      this.refuse(CANCEL)
      this.#receiver?.onDownstreamFailure('body_timeout', 'the request body stalled')
      return
    }
    const receiver = this.#receiver
    this.#receiver = undefined
    this.#downstream.onAborted(this, CANCEL)
    receiver?.onDownstreamFailure('downstream_gone', 'the caller took no bytes in time')
  }

  override onReset(code: number): void {
    this.onGone('downstream_gone', `reset by the caller: ${errorName(code)}`)
  }

  override onBroken(detail: string): void {
    this.onGone('downstream_gone', detail)
  }

  /** The stream is released, whatever the reason. */
  onGone(code: FailureCode, detail: string): void {
    const receiver = this.#receiver
    this.#receiver = undefined
    receiver?.onDownstreamFailure(code, detail)
  }
}
