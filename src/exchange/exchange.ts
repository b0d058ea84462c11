// One request and its response, whatever the codecs: the single object of it. It relays between its two streams, tries again where that
// is safe, and tells telemetry once how it ended. What should happen to it is decided in pipeline.ts.
// hot path: bench/macro

import { isGrpc } from '../codec/grpc.ts'
import type { RequestHead, ResponseHead } from '../codec/message.ts'
import {
  type DownstreamReceiver,
  type DownstreamStream,
  FULL,
  type UpstreamStream,
  WRITTEN,
  type WriteResult,
} from '../codec/stream.ts'
import { closeFrame, FrameTracker } from '../codec/websocket.ts'
import { FAILURES, type FailureCode } from '../core/failures.ts'
import type { Fields } from '../core/fields.ts'
import type { Tally } from '../telemetry/exchanges.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import { Deadlines } from './deadlines.ts'
import type { Decision, ExchangeDeps, ExchangeStart } from './decision.ts'
import { egressDenial } from './egress.ts'
import { ExchangeFacts } from './facts.ts'
import { type Reply, replyTo, sendReply } from './local-reply.ts'
import { prefaceFor } from './preface.ts'
import { mayRetry } from './retry.ts'

type Phase = 'open' | 'responding' | 'done'

export class Exchange extends ExchangeFacts implements DownstreamReceiver, AttemptOwner {
  readonly #deps: ExchangeDeps<Exchange>
  readonly #startMs: number
  readonly #deadlines: Deadlines
  readonly #downstream: DownstreamStream
  #phase: Phase = 'open'
  #decision: Decision | undefined = undefined
  #attempt: Attempt | undefined = undefined
  /** Body that came before there was anywhere to send it. */
  #early: Uint8Array[] | undefined = undefined
  #requestEnded: boolean
  #responseEnded = false
  #trailers: Fields | undefined = undefined
  /** Some of the body is gone: the request can't be sent again. */
  #bodySent = false
  /** The downstream was told to wait with the body. */
  #held = false
  #tally: Tally | undefined = undefined
  #frames: FrameTracker | undefined = undefined

  constructor(deps: ExchangeDeps<Exchange>, { peer, stream, request, ended, kind }: ExchangeStart) {
    super(peer, request, request !== undefined && isGrpc(request) ? 'grpc' : kind, deps.clock.wallMs())
    this.#deps = deps
    this.#downstream = stream
    // what follows a CONNECT is its body
    this.#requestEnded = ended && request?.method !== 'CONNECT'
    this.#startMs = deps.clock.nowMs()
    this.#deadlines = new Deadlines(deps.clock, deps.alarms, this)
    deps.open.add(this)
  }

  // what the pipeline decides

  forward(decision: Decision): void {
    const { service } = decision
    this.#decision = decision
    this.destination = decision.destination
    this.route = decision.route
    this.#deadlines.begin(this.#startMs, decision.timeouts.requestMs, decision.timeouts.idleMs)
    if (this.kind === 'tcp') this.#tally = this.#deps.recorder.opened(this)
    if (!service.load.enter()) {
      this.#decision = undefined
      this.fail('overflow', 'too many requests under way')
      return
    }
    this.#try(undefined)
  }

  /** Answers with a failure, or cuts what has begun. */
  fail(code: FailureCode, detail: string): void {
    if (this.#phase === 'done') return
    this.failure = code
    this.detail = detail
    const began = this.#phase === 'responding'
    this.#dropUpstream()
    if (began || this.kind === 'tcp' || FAILURES[code].status === 0) this.#downstream.abort(code)
    else this.#reply(replyTo(code, this.request, this.requestId))
    this.#finish()
  }

  /** Answers without any service. */
  answer(reply: Reply): void {
    this.#reply(reply)
    this.#finish()
  }

  #reply(reply: Reply): void {
    this.response = reply.head
    this.status = reply.head.status
    this.grpcStatus = reply.grpcStatus
    this.responseBytes = sendReply(this.#downstream, reply, this.request)
  }

  /** A tunnel must end: a WebSocket is told why (RFC 6455 §7.4.1), where that fits between its frames. */
  goAway(code: number): void {
    if (this.#frames?.between === true) this.#downstream.write(closeFrame(code))
    this.failure = 'draining'
    this.detail = 'the proxy is shutting down'
    this.#dropUpstream()
    this.#downstream.end()
    this.#finish()
  }

  // attempts

  #try(failed: Endpoint | undefined): void {
    const { service, timeouts } = this.#decision as Decision
    const endpoint = service.pick(failed)
    if (endpoint === undefined) return this.fail('no_endpoint', `no endpoint of ${service.key} is available`)
    const denial = this.egress === null ? undefined : egressDenial(this.egress, endpoint.target)
    if (denial !== undefined) return this.fail('policy_denied', denial.why)
    this.attempts++
    this.upstreamAddress = endpoint.address
    this.#deadlines.attempt(timeouts.attemptMs)
    this.#attempt = new Attempt(this, { service, endpoint, protocol: service.speaks(this.request), clock: this.#deps.clock })
    // the same endpoint again: not on another connection that it may have closed
    this.#attempt.start(endpoint === failed, this.peer.preface ?? prefaceFor(service.config.sendProxyProtocol, this.peer))
  }

  onStream(stream: UpstreamStream): void {
    const bare = this.#requestEnded && this.#early === undefined && this.#trailers === undefined
    stream.send(this.request as RequestHead, bare)
    if (!bare) this.#sendEarly(stream)
  }

  #sendEarly(stream: UpstreamStream): void {
    let result: WriteResult = WRITTEN
    const early = this.#early
    if (early !== undefined) {
      this.#early = undefined
      this.#bodySent = true
      for (const chunk of early) result = stream.write(chunk)
    }
    if (this.#attempt?.stream !== stream) return
    if (this.#requestEnded) stream.end(this.#trailers)
    if (this.#held && result !== FULL) {
      this.#held = false
      this.#downstream.resume()
    }
  }

  /** Tries once more where the request was provably not processed; else that was it. */
  onAttemptFailed(code: FailureCode, detail: string, answered: boolean): void {
    if (this.#phase === 'done') return
    if (this.upgraded && this.#responseEnded && this.#requestEnded) {
      this.#finish()
      return
    }
    const endpoint = this.#attempt?.endpoint
    this.#release()
    if (answered || this.#bodySent || !mayRetry(code, this.request, this.attempts)) {
      this.fail(code, detail)
      return
    }
    this.#try(endpoint)
  }

  // from downstream

  onRequestData(chunk: Uint8Array): WriteResult {
    this.requestBytes += chunk.length
    this.messages?.request.push(chunk)
    this.#deadlines.activity++
    if (this.#phase === 'done') return WRITTEN
    const upstream = this.#attempt?.stream
    if (upstream === undefined) {
      this.#early ??= []
      this.#early.push(chunk)
      this.#held = true
      return FULL
    }
    this.#bodySent = true
    const result = upstream.write(chunk)
    this.#held = result === FULL
    return result
  }

  onRequestEnd(trailers?: Fields): void {
    this.#requestEnded = true
    this.#trailers = trailers
    this.#attempt?.stream?.end(trailers)
    if (this.upgraded && this.#responseEnded) this.#finish()
  }

  onResponseDrain(): void {
    this.#deadlines.activity++
    this.#attempt?.stream?.resume()
  }

  onDownstreamFailure(code: FailureCode, detail: string): void {
    if (this.#phase === 'done') return
    if (code !== 'downstream_gone') {
      this.fail(code, detail)
      return
    }
    // a tunnel whose far end has said all it had to say is through when the caller goes
    if (!this.upgraded || !this.#responseEnded) {
      this.failure = code
      this.detail = detail
    }
    this.#dropUpstream()
    this.#finish()
  }

  // from upstream

  onInform(head: ResponseHead): void {
    this.#downstream.inform(head)
  }

  onResponse(head: ResponseHead, end: boolean): void {
    this.#phase = 'responding'
    this.response = head
    this.status = head.status
    this.#deadlines.answered()
    if (head.status === 101 || this.kind === 'tcp' || (this.request?.method === 'CONNECT' && head.status < 300)) {
      this.upgraded = true
      if (head.upgrade === 'websocket') this.#frames = new FrameTracker()
      this.#requestEnded = this.#requestEnded && head.status !== 101
      this.#deadlines.tunnel(this.kind === 'tcp' ? this.#deps.tcpIdleTimeoutMs() : this.#deps.upgradeIdleTimeoutMs())
    }
    if (this.kind === 'grpc') this.noteGrpc(head.fields)
    const edits = (this.#decision as Decision).responseEdits
    if (edits !== null) edits.applyTo(head.fields)
    if (end) this.#release()
    this.#downstream.respond(head, end)
    if (end) this.#finish()
  }

  onResponseData(chunk: Uint8Array): WriteResult {
    this.responseBytes += chunk.length
    this.messages?.response.push(chunk)
    this.#deadlines.activity++
    this.#frames?.push(chunk)
    return this.#downstream.write(chunk)
  }

  onResponseEnd(trailers?: Fields): void {
    this.#responseEnded = true
    if (this.upgraded) {
      this.#downstream.end()
      if (this.#requestEnded) this.#finish()
      return
    }
    if (this.kind === 'grpc' && trailers !== undefined) this.noteGrpc(trailers)
    this.#release()
    this.#downstream.end(trailers)
    this.#finish()
  }

  onRequestDrain(): void {
    this.#deadlines.activity++
    this.#held = false
    this.#downstream.resume()
  }

  // the end

  #release(): void {
    if (this.#attempt === undefined) return
    this.upstreamMs += this.#attempt.release()
    this.#attempt = undefined
  }

  #dropUpstream(): void {
    const attempt = this.#attempt
    this.#attempt = undefined
    if (attempt !== undefined) this.upstreamMs += attempt.abandon()
  }

  #finish(): void {
    if (this.#phase === 'done') return
    this.#phase = 'done'
    this.#release()
    this.#decision?.service.load.leave()
    this.#early = undefined
    this.#deadlines.close()
    this.#deps.open.delete(this)
    this.durationMs = this.#deps.clock.nowMs() - this.#startMs
    this.#deps.recorder.end(this, this.#tally)
  }
}
