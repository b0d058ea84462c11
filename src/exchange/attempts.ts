// The upstream side of an exchange: one attempt after another, or beside another, until one has a response that is worth passing on.
// Which failures and responses are repeated is said by the retry policy; that it is safe and affordable is seen to here.
// hot path: bench/macro
import type { RequestHead, ResponseHead } from '../codec/message.ts'
import { FULL, type UpstreamStream, WRITTEN, type WriteResult } from '../codec/stream.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { FailureCode } from '../core/failures.ts'
import type { Fields } from '../core/fields.ts'
import type { RetryPolicy } from '../routing/retry-policy.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Protocol } from '../upstream/pool/dial.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'
import type { AttemptsOwner } from './attempts-owner.ts'
import type { Deadlines } from './deadlines.ts'
import type { Decision } from './decision.ts'
import { prefaceFor } from './preface.ts'
import { type AttemptsDeps, mayNeedAgain, Repeats } from './repeats.ts'
import type { RequestBody } from './request-body.ts'
import { isUnprocessedReply, markAttempt, UNPROCESSED } from './retry-marks.ts'
import { ServiceUse } from './service-use.ts'
import { UnderWay } from './under-way.ts'

export class Attempts implements AttemptOwner {
  readonly #x: AttemptsOwner
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #decision: Decision
  readonly #body: RequestBody
  readonly #protocol: Protocol
  /** null: nothing is repeated. */
  readonly #policy: RetryPolicy | null
  readonly #service: ServiceUse
  readonly #underWay = new UnderWay()
  /** Made when it is first asked. */
  #repeats: Repeats | undefined = undefined
  /** The response is being passed on: nothing is repeated any more. */
  #settled = false
  /** Before the next attempt. */
  #pause: Cancel | undefined = undefined

  constructor(x: AttemptsOwner, decision: Decision, { body, clock, deadlines }: AttemptsDeps) {
    this.#x = x
    this.#clock = clock
    this.#deadlines = deadlines
    this.#decision = decision
    this.#body = body
    this.#protocol = decision.service.speaks(x.request)
    this.#policy = decision.retry
    this.#service = new ServiceUse(x, decision, clock)
    if (!body.bare && decision.retry !== null && mayNeedAgain(x, decision.retry, this.#protocol))
      body.keep(decision.retry.bodyBytes)
  }

  /** There is somewhere to send the request to. */
  begin(): void {
    this.#next()
  }

  // from the exchange

  write(chunk: Uint8Array): WriteResult {
    return this.#body.push(chunk, this.#underWay.current?.stream)
  }

  /** The body has ended. */
  end(): void {
    this.#underWay.current?.stream?.end(this.#body.trailers)
  }

  /** The response may go on. */
  resume(): void {
    this.#underWay.current?.stream?.resume()
  }

  /** The response has come to its end. */
  release(): void {
    this.#underWay.release()
  }

  /** Gives up, wherever it is. `code`: why, which the endpoint may be to blame for. */
  abandon(code?: FailureCode): void {
    const { current } = this.#underWay
    if (code !== undefined && current !== undefined && !this.#settled) this.#service.failed(current, code)
    this.#cancelPause()
    this.#underWay.abandon()
  }

  /** To be called once, at the end of the exchange. */
  close(): void {
    this.abandon()
    this.#body.forget()
    this.#repeats?.close()
  }

  /** Milliseconds that attempts took, since each was sent. */
  get ms(): number {
    return this.#underWay.ms
  }

  /** The attempt under way has had its time for a response head. */
  onAttemptTimeout(): void {
    const attempt = this.#underWay.current
    if (attempt === undefined || this.#settled) return
    if (this.#decision.hedge?.onAttemptTimeout === true && this.#hedge()) return
    this.#service.failed(attempt, 'attempt_timeout')
    this.#failed(attempt, attempt.abandon(), 'attempt_timeout', `${attempt.endpoint.address}: no response head in time`)
  }

  onHedge(): void {
    if (!this.#settled) this.#hedge()
  }

  /** A head has been held back long enough. */
  onHeldLong(): void {
    const { current } = this.#underWay
    if (current?.head !== undefined) this.#passOn(current, current.head, false)
  }

  // from an attempt

  onStream(attempt: Attempt, stream: UpstreamStream): void {
    const body = this.#body
    const bare = body.bare
    stream.send(this.#x.request as RequestHead, bare)
    if (bare) return
    const result = body.sendTo(stream)
    if (attempt.stream !== stream) return
    if (body.ended) stream.end(body.trailers)
    if (body.held && result !== FULL) {
      body.held = false
      this.#x.onRequestDrain()
    }
  }

  onInform(attempt: Attempt, head: ResponseHead): void {
    if (attempt === this.#underWay.current) this.#x.onInform(head)
  }

  onResponse(attempt: Attempt, head: ResponseHead, end: boolean): void {
    this.#service.answered(attempt, head)
    const policy = this.#policy
    if (policy === null || this.#settled) {
      this.#passOn(attempt, head, end)
      return
    }
    const complete = end && this.#body.ended
    if (isUnprocessedReply(head)) {
      if (this.#repeat(attempt, true, head.fields, complete)) return
      // of the attempts before it, that may not be so
      head.fields.remove(UNPROCESSED)
    }
    if (this.#x.kind === 'grpc') {
      if (policy.onGrpc(head.fields) && this.#repeat(attempt, true, head.fields, complete)) return
      // what became of the call is said in trailers, if it goes wrong before the first message
      if (!end && policy.readsGrpc && this.#body.whole && !head.fields.has('grpc-status')) {
        attempt.head = head
        this.#deadlines.holdHead()
        return
      }
    }
    if (policy.onResponse(head) && this.#repeat(attempt, this.#asked().harmless, head.fields, complete)) return
    this.#passOn(attempt, head, end)
  }

  onResponseData(attempt: Attempt, chunk: Uint8Array): WriteResult {
    if (attempt.head !== undefined) this.#passOn(attempt, attempt.head, false)
    return attempt === this.#underWay.current ? this.#x.onResponseData(chunk) : WRITTEN
  }

  onResponseEnd(attempt: Attempt, trailers: Fields | undefined): void {
    const { head } = attempt
    if (head !== undefined) {
      if (trailers !== undefined && this.#policy?.onGrpc(trailers) === true && this.#repeat(attempt, true, trailers, true)) return
      this.#passOn(attempt, head, false)
    }
    if (attempt === this.#underWay.current) this.#x.onResponseEnd(trailers)
  }

  onRequestDrain(attempt: Attempt): void {
    if (attempt !== this.#underWay.current) return
    this.#body.held = false
    this.#x.onRequestDrain()
  }

  onAttemptFailed(attempt: Attempt, code: FailureCode, detail: string): void {
    this.#service.failed(attempt, code)
    this.#failed(attempt, attempt.release(), code, detail)
  }

  // attempts

  /** Begins an attempt, beside one that is under way; whether it could. */
  #next(): boolean {
    const endpoint = this.#service.pick(this.#underWay.tried)
    if (endpoint !== undefined) this.#try(endpoint, false)
    else if (this.#underWay.current === undefined) {
      const { code, detail } = this.#service.whyNone()
      this.#x.onGivenUp(code, detail)
    }
    return endpoint !== undefined
  }

  /** `fresh`: on a connection that nobody has used. */
  #try(endpoint: Endpoint, fresh: boolean): void {
    const x = this.#x
    const { service, timeouts, hedge } = this.#decision
    const { tried } = this.#underWay
    const denial = x.denialOf(endpoint.target)
    if (denial !== undefined) return x.onGivenUp('policy_denied', denial)
    const call = this.#service.begin(endpoint)
    if (call === undefined) return x.onGivenUp('breaker_open', `the breaker for ${endpoint.address} is open`)
    x.attempts++
    x.upstreamAddress = endpoint.address
    const timeoutMs = this.#policy?.attemptTimeoutMs ?? timeouts.attemptMs
    this.#deadlines.attempt(timeoutMs)
    if (hedge !== null) this.#deadlines.hedge(hedge.afterMs)
    if (x.request !== undefined) {
      markAttempt(x.request, x.attempts - (this.#repeats?.replaced ?? 0))
      x.onAttempt(x.request, timeoutMs)
    }
    const attempt = new Attempt(this, { service, endpoint, protocol: this.#protocol, clock: this.#clock, call })
    this.#underWay.add(attempt)
    // the same endpoint again: not on another connection that it may have closed
    attempt.start(fresh || endpoint === tried, x.peer.preface ?? prefaceFor(service.config.sendProxyProtocol, x.peer))
  }

  #passOn(attempt: Attempt, head: ResponseHead, end: boolean): void {
    attempt.head = undefined
    this.#settled = true
    this.#cancelPause()
    this.#underWay.settle(attempt)
    this.#body.forget()
    this.#x.upstreamAddress = attempt.endpoint.address
    this.#service.passedOn(head)
    this.#x.onResponse(head, end)
  }

  /** `ms`: since it was sent. */
  #failed(attempt: Attempt, ms: number, code: FailureCode, detail: string): void {
    this.#underWay.remove(attempt, ms)
    if (this.#settled || this.#policy === null) {
      this.#x.onGivenUp(code, detail)
      return
    }
    const repeats = this.#asked()
    const other = this.#service.pick(attempt.endpoint)
    if (other !== undefined && repeats.replaces(code, other !== attempt.endpoint && other.reachable)) {
      repeats.replaced++
      this.#try(other, true)
      return
    }
    const pauseMs = this.#pause === undefined ? repeats.afterFailure(code, this.#x.attempts) : undefined
    if (pauseMs !== undefined) this.#later(pauseMs)
    else if (this.#underWay.current === undefined && this.#pause === undefined) this.#x.onGivenUp(code, detail)
  }

  /** A response that is not worth passing on: another attempt comes, or is under way. `complete`: nothing of it is still to come. */
  #repeat(attempt: Attempt, safe: boolean, fields: Fields, complete: boolean): boolean {
    const may = safe && this.#pause === undefined
    const pauseMs = may ? this.#asked().afterResponse(fields, this.#x.attempts) : undefined
    if (pauseMs === undefined && this.#underWay.rivals === 0 && this.#pause === undefined) return false
    this.#underWay.remove(attempt, complete ? attempt.release() : attempt.abandon())
    if (pauseMs !== undefined) this.#later(pauseMs)
    return true
  }

  #later(pauseMs: number): void {
    this.#pause = this.#clock.after(pauseMs, () => {
      this.#pause = undefined
      this.#next()
    })
  }

  /** Sends one more beside those under way; whether it could. */
  #hedge(): boolean {
    const { hedge } = this.#decision
    const underWay = this.#underWay
    if (hedge === null || underWay.current === undefined || this.#pause !== undefined) return false
    if (underWay.rivals + 1 >= hedge.attempts || !this.#asked().beside(this.#x.attempts)) return false
    underWay.tried = underWay.current.endpoint
    return this.#next()
  }

  #cancelPause(): void {
    this.#pause?.()
    this.#pause = undefined
  }

  /** Only with a policy. */
  #asked(): Repeats {
    this.#repeats ??= new Repeats(this.#policy as RetryPolicy, {
      request: this.#x.request,
      load: this.#decision.service.load,
      body: this.#body,
      deadlines: this.#deadlines,
      clock: this.#clock,
    })
    return this.#repeats
  }
}
