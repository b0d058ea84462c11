// A request and its response on a connection to an endpoint. It becomes a stream when its head is sent.
// hot path: bench/macro
import type { FailureCode } from '../../core/failures.ts'
import type { Fields } from '../../core/fields.ts'
import type { RequestHead, ResponseHead } from '../message.ts'
import { type UpstreamReceiver, type UpstreamStream, WRITTEN, type WriteResult } from '../stream.ts'
import { CANCEL, errorName, failureOfReset, PROTOCOL_ERROR } from './errors.ts'
import { Stream, type StreamHost } from './stream.ts'

/** A response of this many interim heads is no response. */
const MAX_INTERIM = 32

/** The connection as an attempt sees it. */
export interface UpstreamHost extends StreamHost {
  /** Opens the stream with its head, now or when the endpoint has said whether it takes such a one. */
  onSend(stream: Http2UpstreamStream, head: RequestHead, end: boolean): void
  /** The exchange is over; `code`: to be told to the endpoint, if the stream is open; -1: nothing. */
  onDone(stream: Http2UpstreamStream, code: number): void
}

export class Http2UpstreamStream extends Stream implements UpstreamStream {
  readonly #upstream: UpstreamHost
  #receiver: UpstreamReceiver | undefined
  #request: RequestHead | undefined
  #answered = false
  #interim = 0
  #tunnel = false

  constructor(host: UpstreamHost, receiver: UpstreamReceiver) {
    super(host, 0)
    this.#upstream = host
    this.#receiver = receiver
  }

  /** What is asked; there once it is sent. */
  get request(): RequestHead {
    return this.#request as RequestHead
  }

  get isTunnel(): boolean {
    return this.#tunnel
  }

  /** The response has begun. */
  get answered(): boolean {
    return this.#answered
  }

  /** Something of the response has come. */
  get touched(): boolean {
    return this.#answered || this.#interim > 0
  }

  /** A stream from now on; the head goes out. */
  open(id: number): void {
    this.id = id
    this.sendWindow = this.#upstream.peerStreamWindow
  }

  /** The head has gone out, and there is no more. */
  headEnds(): void {
    this.markLocalEnd()
  }

  // what the attempt asks

  send(head: RequestHead, end: boolean): void {
    if (this.released) return
    this.#request = head
    // a tunnel is told to have ended, like any request without a body, and has not
    this.#upstream.onSend(this, head, end && head.upgrade === '' && head.method !== 'CONNECT')
  }

  abort(): void {
    if (this.released) return
    this.#receiver = undefined
    this.#upstream.onDone(this, CANCEL)
  }

  // what comes

  respond(head: ResponseHead, end: boolean): void {
    const receiver = this.#receiver as UpstreamReceiver
    if (head.status < 200 && head.status !== 101) {
      if (++this.#interim > MAX_INTERIM) this.onMalformed('too many interim responses')
      else receiver.onInform(head)
      return
    }
    this.#answered = true
    const { request } = this
    const tunnel = request.upgrade !== '' || request.method === 'CONNECT'
    this.#tunnel = tunnel && (head.status === 101 || (head.status >= 200 && head.status < 300))
    // what was to be a tunnel is a request without a body after all
    if (tunnel && !this.#tunnel) this.end()
    if (end && !this.#tunnel) {
      this.markRemoteEnd()
      this.#finish()
      receiver.onResponse(head, true)
      return
    }
    this.expect(this.#tunnel ? -1 : head.bodyLength)
    receiver.onResponse(head, false)
    if (end) this.receiveEnd(undefined)
  }

  protected override deliver(chunk: Uint8Array): WriteResult {
    if (this.#answered) return this.#receiver?.onResponseData(chunk) ?? WRITTEN
    this.onMalformed('a body before its head')
    return WRITTEN
  }

  protected override deliverEnd(trailers: Fields | undefined): void {
    if (!this.#answered) {
      this.onMalformed('an end before a head')
      return
    }
    const receiver = this.#receiver
    // a tunnel has two ends
    if (!this.#tunnel || this.localEnded) this.#finish()
    receiver?.onResponseEnd(trailers)
  }

  protected override deliverDrain(): void {
    this.#receiver?.onRequestDrain()
  }

  protected override onLocalEnd(): void {
    if (this.#tunnel && this.remoteEnded) this.#finish()
  }

  protected override readsOnTime(): boolean {
    return false
  }

  override onMalformed(detail: string): void {
    this.#fail(PROTOCOL_ERROR, 'upstream_protocol', detail)
  }

  override onStalled(): void {
    this.#fail(CANCEL, 'upstream_idle', 'the endpoint took no bytes in time')
  }

  override onReset(code: number): void {
    this.onGone(failureOfReset(code), `reset by the endpoint: ${errorName(code)}`)
  }

  override onBroken(detail: string): void {
    this.onGone('upstream_protocol', detail)
  }

  /** The stream is released, whatever the reason. */
  onGone(code: FailureCode, detail: string): void {
    const receiver = this.#receiver
    this.#receiver = undefined
    receiver?.onUpstreamFailure(code, detail)
  }

  #fail(reset: number, code: FailureCode, detail: string): void {
    this.#upstream.onDone(this, reset)
    this.onGone(code, detail)
  }

  /** The response is complete. What of the request is not out yet is not wanted any more (RFC 9113 §8.1). */
  #finish(): void {
    this.#receiver = undefined
    this.#upstream.onDone(this, this.localEnded ? -1 : CANCEL)
  }
}
