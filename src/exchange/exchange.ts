// One request and its response, whatever the codecs: the single object of it. It relays between its two streams, tries again where that
// is safe, and tells telemetry once how it ended. What should happen to it is decided in pipeline.ts.
// hot path: bench/macro
import type { RequestHead, ResponseHead } from '../codec/message.ts'
import {
  type DownstreamReceiver,
  type DownstreamStream,
  FULL,
  type UpstreamConnection,
  type UpstreamReceiver,
  type UpstreamStream,
  WRITTEN,
  type WriteResult,
} from '../codec/stream.ts'
import { FAILURES, type FailureCode } from '../core/failures.ts'
import type { Fields } from '../core/fields.ts'
import type { FieldEdits } from '../routing/edits.ts'
import type { Tally } from '../telemetry/exchanges.ts'
import type { Direction, Outcome, Party } from '../telemetry/outcome.ts'
import { UNKNOWN } from '../telemetry/party.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { PoolWaiter } from '../upstream/pool/pool.ts'
import type { Service } from '../upstream/service.ts'
import { Deadlines } from './deadlines.ts'
import type { ExchangeDeps } from './deps.ts'
import { isGrpc, sendReply } from './local-reply.ts'
import type { Peer } from './peer.ts'

/** Methods that may be sent twice (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])
const MAX_ATTEMPTS = 2

type Phase = 'deciding' | 'connecting' | 'sending' | 'responding' | 'done'

/** What the pipeline decided: where to, how long, and what is changed in the response. */
export interface Decision {
  readonly service: Service
  readonly destination: Party
  /** Name of the route; '' without one. */
  readonly route: string
  readonly responseEdits: FieldEdits | null
  /** Milliseconds; 0: no limit. */
  readonly timeoutMs: number
  readonly attemptTimeoutMs: number
  readonly idleTimeoutMs: number
}

export class Exchange implements DownstreamReceiver, UpstreamReceiver, PoolWaiter, Outcome {
  readonly direction: Direction
  readonly kind: Outcome['kind']
  readonly peer: Peer
  readonly request: RequestHead | undefined
  readonly startWallMs: number
  readonly #deps: ExchangeDeps
  readonly #startMs: number
  readonly #deadlines: Deadlines
  readonly #downstream: DownstreamStream
  source: Party
  destination: Party = UNKNOWN
  security: Outcome['security'] = 'none'
  response: ResponseHead | undefined = undefined
  status = 0
  grpcStatus = -1
  failure: FailureCode | undefined = undefined
  detail = ''
  requestId = ''
  route = ''
  rule = ''
  upstreamAddress = ''
  attempts = 0
  requestBytes = 0
  responseBytes = 0
  durationMs = 0
  upstreamMs = 0
  upgraded = false
  recorded = false
  #phase: Phase = 'deciding'
  #decision: Decision | undefined = undefined
  #endpoint: Endpoint | undefined = undefined
  #upstream: UpstreamStream | undefined = undefined
  #sentMs = 0
  /** Body that came before there was anywhere to send it. */
  #early: Uint8Array[] | undefined = undefined
  #requestEnded: boolean
  #responseEnded = false
  #trailers: Fields | undefined = undefined
  /** Some of the body is gone: the request can't be sent again. */
  #bodySent = false
  /** The downstream was told to wait with the body. */
  #held = false
  #fresh = false
  #tally: Tally | undefined = undefined

  constructor(deps: ExchangeDeps, peer: Peer, downstream: DownstreamStream, request: RequestHead | undefined, ended: boolean, kind: Outcome['kind'] = 'tcp') {
    this.#deps = deps
    this.peer = peer
    this.direction = peer.direction
    this.source = peer.source
    this.#downstream = downstream
    this.request = request
    // what follows a CONNECT is its body
    this.#requestEnded = ended && request?.method !== 'CONNECT'
    this.kind = request === undefined ? kind : isGrpc(request) ? 'grpc' : 'http'
    this.#startMs = deps.clock.nowMs()
    this.startWallMs = deps.clock.wallMs()
    this.#deadlines = new Deadlines(deps.clock, deps.alarms, this)
    deps.open.add(this)
  }

  get downstreamAddress(): string {
    return this.peer.remoteAddress
  }

  get localAddress(): string {
    return this.peer.localAddress
  }

  get serverName(): string {
    return this.peer.serverName
  }

  get service(): string {
    return this.#decision?.service.key ?? ''
  }

  // what the pipeline decides

  forward(decision: Decision): void {
    const { service } = decision
    this.#decision = decision
    this.destination = decision.destination
    this.route = decision.route
    this.#deadlines.begin(this.#startMs, decision.timeoutMs, decision.idleTimeoutMs)
    if (this.kind === 'tcp') this.#tally = this.#deps.recorder.opened(this)
    if (!service.load.enter()) {
      this.#decision = undefined
      this.fail('overflow', 'too many requests under way')
      return
    }
    this.#attempt(undefined)
  }

  /** Answers with a failure, or cuts what has begun. */
  fail(code: FailureCode, detail: string): void {
    if (this.#phase === 'done') return
    this.failure = code
    this.detail = detail
    const began = this.#phase === 'responding'
    this.#dropUpstream()
    if (began || this.kind === 'tcp' || FAILURES[code].status === 0) this.#downstream.abort(code)
    else {
      const { head, bytes } = sendReply(this.#downstream, code, this.request, this.requestId)
      this.response = head
      this.status = head.status
      if (this.kind === 'grpc') this.grpcStatus = FAILURES[code].grpc
      this.responseBytes = bytes
    }
    this.#finish()
  }

  /** A tunnel must end now: a WebSocket is told why where that fits between its frames. */
  goAway(): void {
    this.fail('draining', 'the proxy is shutting down')
  }

  // attempts

  #attempt(exclude: Endpoint | undefined): void {
    const { service, attemptTimeoutMs } = this.#decision as Decision
    const endpoint = service.pick(exclude)
    if (endpoint === undefined) {
      this.fail('no_endpoint', `no endpoint of ${service.key} is available`)
      return
    }
    this.attempts++
    this.#phase = 'connecting'
    this.#endpoint = endpoint
    this.upstreamAddress = endpoint.address
    endpoint.active++
    this.#deadlines.attempt(attemptTimeoutMs)
    const preface = this.peer.preface
    if (preface === undefined) service.poolOf(endpoint).acquire(this, this.#fresh)
    else service.poolOf(endpoint).acquireOnce(this, preface)
  }

  onConnection(connection: UpstreamConnection): void {
    if (this.#phase !== 'connecting') return
    this.#phase = 'sending'
    const stream = connection.begin(this)
    this.#upstream = stream
    this.#sentMs = this.#deps.clock.nowMs()
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
    if (this.#upstream !== stream) return
    if (this.#requestEnded) stream.end(this.#trailers)
    if (this.#held && result !== FULL) {
      this.#held = false
      this.#downstream.resume()
    }
  }

  onPoolFailure(code: FailureCode, detail: string): void {
    if (this.#phase === 'connecting') this.#attemptFailed(code, `${this.upstreamAddress}: ${detail}`)
  }

  /** Tries once more where the request was provably not processed; else that was it. */
  #attemptFailed(code: FailureCode, detail: string): void {
    const endpoint = this.#endpoint
    this.#leaveEndpoint()
    if (this.attempts >= MAX_ATTEMPTS || !this.#mayRetry(code)) {
      this.fail(code, detail)
      return
    }
    const stale = code === 'stale_connection'
    this.#fresh = stale
    this.#attempt(stale ? undefined : endpoint)
  }

  #mayRetry(code: FailureCode): boolean {
    const { retry } = FAILURES[code]
    if (retry === 'never' || this.#bodySent) return false
    return retry === 'always' || (this.request !== undefined && IDEMPOTENT.has(this.request.method))
  }

  // from downstream

  onRequestData(chunk: Uint8Array): WriteResult {
    this.requestBytes += chunk.length
    this.#deadlines.activity++
    if (this.#phase === 'done') return WRITTEN
    const upstream = this.#upstream
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
    this.#upstream?.end(trailers)
    if (this.upgraded && this.#responseEnded) this.#finish()
  }

  onResponseDrain(): void {
    this.#deadlines.activity++
    this.#upstream?.resume()
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
      this.#requestEnded = this.#requestEnded && head.status !== 101
      this.#deadlines.tunnel(this.kind === 'tcp' ? this.#deps.tcpIdleTimeoutMs() : this.#deps.upgradeIdleTimeoutMs())
    }
    if (this.kind === 'grpc') this.#noteGrpc(head.fields)
    const edits = (this.#decision as Decision).responseEdits
    if (edits !== null) edits.applyTo(head.fields)
    if (end) this.#leaveEndpoint()
    this.#downstream.respond(head, end)
    if (end) this.#finish()
  }

  onResponseData(chunk: Uint8Array): WriteResult {
    this.responseBytes += chunk.length
    this.#deadlines.activity++
    return this.#downstream.write(chunk)
  }

  onResponseEnd(trailers?: Fields): void {
    this.#responseEnded = true
    if (this.upgraded) {
      this.#downstream.end()
      if (this.#requestEnded) this.#finish()
      return
    }
    if (this.kind === 'grpc' && trailers !== undefined) this.#noteGrpc(trailers)
    this.#leaveEndpoint()
    this.#downstream.end(trailers)
    this.#finish()
  }

  onRequestDrain(): void {
    this.#deadlines.activity++
    this.#held = false
    this.#downstream.resume()
  }

  onUpstreamFailure(code: FailureCode, detail: string): void {
    if (this.#phase === 'done') return
    this.#upstream = undefined
    if (this.upgraded && this.#responseEnded && this.#requestEnded) this.#finish()
    else if (this.#phase === 'sending') this.#attemptFailed(code, `${this.upstreamAddress}: ${detail}`)
    else this.fail(code, `${this.upstreamAddress}: ${detail}`)
  }

  #noteGrpc(fields: Fields): void {
    const status = fields.get('grpc-status')
    if (status !== undefined && /^\d{1,2}$/.test(status)) this.grpcStatus = Number(status)
  }

  // the end

  #leaveEndpoint(): void {
    if (this.#endpoint === undefined) return
    this.#endpoint.active--
    this.#endpoint = undefined
    this.#upstream = undefined
    if (this.#sentMs > 0) this.upstreamMs += this.#deps.clock.nowMs() - this.#sentMs
    this.#sentMs = 0
  }

  #dropUpstream(): void {
    if (this.#endpoint !== undefined && this.#phase === 'connecting') this.#decision?.service.poolOf(this.#endpoint).cancel(this)
    const upstream = this.#upstream
    this.#leaveEndpoint()
    upstream?.abort()
  }

  #finish(): void {
    if (this.#phase === 'done') return
    this.#phase = 'done'
    this.#leaveEndpoint()
    this.#decision?.service.load.leave()
    this.#early = undefined
    this.#deadlines.close()
    this.#deps.open.delete(this)
    this.durationMs = this.#deps.clock.nowMs() - this.#startMs
    this.#deps.recorder.end(this, this.#tally)
  }
}
