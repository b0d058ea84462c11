// One request and its response, whatever the codecs: the single object of it. It relays between the caller and the attempt whose response
// is passed on (attempts.ts), and tells telemetry once how it ended. What should happen to it is decided in pipeline.ts.
// hot path: bench/macro
import { isGrpc } from '../codec/grpc.ts'
import type { RequestHead, ResponseHead } from '../codec/message.ts'
import { type DownstreamReceiver, type DownstreamStream, WRITTEN, type WriteResult } from '../codec/stream.ts'
import { closeFrame, FrameTracker } from '../codec/websocket.ts'
import type { Address } from '../core/address.ts'
import { FAILURES, type FailureCode } from '../core/failures.ts'
import type { Fields } from '../core/fields.ts'
import type { Verdict } from '../policy/verdict.ts'
import type { Tally } from '../telemetry/exchanges.ts'
import { Attempts } from './attempts.ts'
import type { AttemptsOwner } from './attempts-owner.ts'
import { type BodyTap, BothTaps } from './body-tap.ts'
import { callerTimeoutMs, tellTimeLeft } from './call-time.ts'
import { Deadlines, type DeadlinesOwner } from './deadlines.ts'
import type { Decision, ExchangeDeps, ExchangeStart } from './decision.ts'
import { egressDenial } from './egress.ts'
import { ExchangeFacts } from './facts.ts'
import { type Reply, replyTo, sendReply } from './local-reply.ts'
import { RequestBody } from './request-body.ts'

/** RFC 6455 §7.4.1. */
const POLICY_VIOLATION = 1008

type Phase = 'open' | 'responding' | 'done'

export class Exchange extends ExchangeFacts implements DownstreamReceiver, AttemptsOwner, DeadlinesOwner {
  readonly #deps: ExchangeDeps<Exchange>
  readonly #startMs: number
  readonly #deadlines: Deadlines
  readonly #downstream: DownstreamStream
  readonly #body: RequestBody
  #phase: Phase = 'open'
  #decision: Decision | undefined = undefined
  #attempts: Attempts | undefined = undefined
  #requestEnded: boolean
  #tap: BodyTap | undefined = undefined
  #responseEnded = false
  /** A call whose length nobody can say, and has begun: gRPC, server-sent events. */
  streaming = false
  #tally: Tally | undefined = undefined
  #frames: FrameTracker | undefined = undefined

  constructor(deps: ExchangeDeps<Exchange>, { peer, stream, request, ended, kind }: ExchangeStart) {
    super(peer, request, request !== undefined && isGrpc(request) ? 'grpc' : kind, deps.clock.wallMs())
    this.#deps = deps
    this.#downstream = stream
    // what follows a CONNECT is its body
    this.#requestEnded = ended && request?.method !== 'CONNECT'
    this.#body = new RequestBody(this.#requestEnded)
    this.#startMs = deps.clock.nowMs()
    this.#deadlines = new Deadlines(deps.clock, deps.alarms, this)
    deps.open.add(this)
  }

  // what the pipeline decides

  forward(decision: Decision): void {
    const { service, timeouts } = decision
    this.destination = decision.destination
    this.route = decision.route
    const callerMs = this.kind === 'grpc' ? callerTimeoutMs(this.request as RequestHead) : 0
    this.#deadlines.begin(this.#startMs, timeouts, callerMs)
    if (this.kind === 'tcp') this.#tally = this.#deps.recorder.opened(this)
    if (!service.load.enter()) {
      this.fail('overflow', 'too many requests under way')
      return
    }
    this.#decision = decision
    this.#attempts = new Attempts(this, decision, { body: this.#body, clock: this.#deps.clock, deadlines: this.#deadlines })
    this.#attempts.begin()
  }

  get over(): boolean {
    return this.#phase === 'done'
  }

  /** Answers with a failure, or cuts what has begun. */
  fail(code: FailureCode, detail: string): void {
    if (this.#phase === 'done') return
    this.failure = code
    this.detail = detail
    const began = this.#phase === 'responding'
    this.#attempts?.abandon(code)
    if (began || this.kind === 'tcp' || FAILURES[code].status === 0) this.#downstream.abort(code)
    else this.#reply(replyTo(code, this.request, this.requestId))
    this.#finish()
  }

  /** Answers a failure in other words than its row's; undefined: in these. */
  refuse(code: FailureCode, detail: string, reply: Reply | undefined): void {
    if (reply === undefined || this.#phase !== 'open') return this.fail(code, detail)
    this.failure = code
    this.detail = detail
    this.answer(reply)
  }

  /** Answers without any service. */
  answer(reply: Reply): void {
    this.#reply(reply)
    this.#finish()
  }

  /** Waits, then goes on unless it is over. */
  hold(ms: number, go: () => void): void {
    this.#deps.clock.after(ms, () => {
      if (this.#phase !== 'done') go()
    })
  }

  /** Another one who looks at the body, from its beginning. To be called before anything of it is sent. False: that was the end. */
  look(tap: BodyTap): boolean {
    this.#tap = this.#tap === undefined ? tap : new BothTaps(this.#tap, tap)
    const fits = this.#body.show(tap)
    if (!fits) this.fail('body_too_large', 'more bytes than the route allows')
    return fits
  }

  #reply(reply: Reply): void {
    this.ownEdits?.applyTo(reply.head.fields)
    this.response = reply.head
    this.status = reply.head.status
    this.grpcStatus = reply.grpcStatus
    this.responseBytes = sendReply(this.#downstream, reply, this.request)
  }

  /** A newer snapshot denies it: 403 where nothing of a response has gone, else it is cut. */
  revoke({ rule, why }: Verdict): void {
    if (this.#phase === 'done') return
    this.verdict = { allowed: false, rule, why }
    this.rule = rule
    if (this.#frames?.between === true) this.#sayGoodbye(this.#frames, POLICY_VIOLATION, { code: 'policy_denied', detail: why })
    else this.fail('policy_denied', why)
  }

  /** A tunnel must end: a WebSocket is told why (RFC 6455 §7.4.1), where that fits between its frames. */
  goAway(code: number): void {
    this.#sayGoodbye(this.#frames, code, { code: 'draining', detail: 'the proxy is shutting down' })
  }

  #sayGoodbye(frames: FrameTracker | undefined, status: number, { code, detail }: { code: FailureCode; detail: string }): void {
    if (frames?.between === true) this.#downstream.write(closeFrame(status))
    this.failure = code
    this.detail = detail
    this.#attempts?.abandon()
    this.#downstream.end()
    this.#finish()
  }

  // from downstream

  onRequestData(chunk: Uint8Array): WriteResult {
    this.requestBytes += chunk.length
    this.messages?.request.push(chunk)
    this.#deadlines.activity++
    if (this.#phase === 'done') return WRITTEN
    if (this.#tap !== undefined && !this.#tap.take(chunk)) {
      this.fail('body_too_large', 'more bytes than the route allows')
      return WRITTEN
    }
    return this.#attempts === undefined ? this.#body.push(chunk, undefined) : this.#attempts.write(chunk)
  }

  onRequestEnd(trailers?: Fields): void {
    this.#requestEnded = true
    this.#body.ended = true
    this.#body.trailers = trailers
    this.#attempts?.end()
    this.#tap?.end(trailers)
    if (this.upgraded && this.#responseEnded) this.#finish()
  }

  onResponseDrain(): void {
    this.#deadlines.activity++
    this.#attempts?.resume()
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
    this.#attempts?.abandon()
    this.#finish()
  }

  // from the attempts

  denialOf(target: Address): string | undefined {
    return this.egress === null ? undefined : egressDenial(this.egress, target)?.why
  }

  onAttempt(request: RequestHead, attemptMs: number): void {
    const grpc = this.kind === 'grpc'
    tellTimeLeft(request, { attemptMs, grpc }, this.#deadlines.toldMs(grpc))
  }

  onInform(head: ResponseHead): void {
    this.#downstream.inform(head)
  }

  onResponse(head: ResponseHead, end: boolean): void {
    const { responseEdits, timeouts } = this.#decision as Decision
    this.#phase = 'responding'
    this.response = head
    this.status = head.status
    this.streaming = !end && (this.kind === 'grpc' || isEventStream(head))
    this.#deadlines.answered(this.streaming ? timeouts.streamIdleMs : -1)
    if (head.status === 101 || this.kind === 'tcp' || (this.request?.method === 'CONNECT' && head.status < 300)) {
      this.upgraded = true
      if (head.upgrade === 'websocket') this.#frames = new FrameTracker()
      this.#requestEnded = this.#requestEnded && head.status !== 101
      this.#deadlines.tunnel(
        this.kind === 'tcp' ? (this.#decision?.tcpIdleMs ?? this.#deps.tcpIdleTimeoutMs()) : this.#deps.upgradeIdleTimeoutMs(),
      )
    }
    if (this.kind === 'grpc') this.noteGrpc(head.fields)
    if (responseEdits !== null) responseEdits.applyTo(head.fields)
    if (this.alsoRespond !== null) this.alsoRespond.applyTo(head.fields)
    if (this.ownEdits !== null) this.ownEdits.applyTo(head.fields)
    if (end) this.#attempts?.release()
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

  onResponseEnd(trailers: Fields | undefined): void {
    this.#responseEnded = true
    if (this.upgraded) {
      this.#downstream.end()
      if (this.#requestEnded) this.#finish()
      return
    }
    if (this.kind === 'grpc' && trailers !== undefined) this.noteGrpc(trailers)
    this.#attempts?.release()
    this.#downstream.end(trailers)
    this.#finish()
  }

  onRequestDrain(): void {
    this.#deadlines.activity++
    this.#downstream.resume()
  }

  onGivenUp(code: FailureCode, detail: string): void {
    if (this.upgraded && this.#responseEnded && this.#requestEnded) this.#finish()
    else this.fail(code, detail)
  }

  // from the clock

  onAttemptTimeout(): void {
    this.#attempts?.onAttemptTimeout()
  }

  onHedge(): void {
    this.#attempts?.onHedge()
  }

  onHeldLong(): void {
    this.#attempts?.onHeldLong()
  }

  // the end

  #finish(): void {
    if (this.#phase === 'done') return
    this.#phase = 'done'
    if (this.#attempts !== undefined) {
      this.#attempts.close()
      this.upstreamMs = this.#attempts.ms
      ;(this.#decision as Decision).service.load.leave()
    }
    this.#deadlines.close()
    this.#tap?.close()
    this.#deps.open.delete(this)
    this.durationMs = this.#deps.clock.nowMs() - this.#startMs
    this.#deps.recorder.end(this, this.#tally)
  }
}

function isEventStream(head: ResponseHead): boolean {
  return head.fields.get('content-type')?.startsWith('text/event-stream') === true
}
