// Whether an exchange may be tried once more, and when: what its retry policy asks for, as far as it is safe, and attempts, time, budget and
// body are left.
import type { RequestHead } from '../codec/message.ts'
import type { Clock } from '../core/clock.ts'
import { FAILURES, type FailureCode } from '../core/failures.ts'
import type { Fields } from '../core/fields.ts'
import type { RetryPolicy } from '../routing/retry-policy.ts'
import type { Protocol } from '../upstream/pool/dial.ts'
import type { Load } from '../upstream/pool/load.ts'
import type { AttemptsOwner } from './attempts-owner.ts'
import type { Deadlines } from './deadlines.ts'
import type { RequestBody } from './request-body.ts'
import { isMarkedRetry } from './retry-marks.ts'

export interface AttemptsDeps {
  readonly body: RequestBody
  readonly deadlines: Deadlines
  readonly clock: Clock
}

interface RepeatsDeps extends AttemptsDeps {
  /** undefined: bytes. */
  readonly request: RequestHead | undefined
  readonly load: Load
}

/** Endpoints that can't be reached before one counts as a failed attempt. */
const MOST_UNREACHED = 3

export class Repeats {
  /** Processing the request twice does no harm. */
  readonly harmless: boolean
  /** Sent elsewhere at once because nothing had come of it: that is no retry. */
  replaced = 0
  readonly #policy: RetryPolicy
  readonly #deps: RepeatsDeps
  /** Counted in the budget of the service. */
  #counted = false

  constructor(policy: RetryPolicy, deps: RepeatsDeps) {
    this.#policy = policy
    this.#deps = deps
    this.harmless = policy.mayRepeat(deps.request?.method)
  }

  /**
   * At once and free of the budget, because it adds nothing to what endpoints have to do: where one closed a connection that it had kept or
   * refused to begin, once; where one could not be reached, a few times. `other`: there is another one that can be reached.
   */
  replaces(code: FailureCode, other: boolean): boolean {
    const { request, body } = this.#deps
    const unreached = code === 'connect_failed' || code === 'connect_timeout'
    if (this.replaced >= (unreached ? MOST_UNREACHED : 1) || body.lost) return false
    if (code === 'stale_connection') return this.harmless
    if (FAILURES[code].retry !== 'always' || this.#policy.attempts < 2 || !this.#policy.onFailure(code)) return false
    return (other || code === 'refused_stream') && (request === undefined || !isMarkedRetry(request, this.#counted))
  }

  /** The pause before the attempt after a failed one; undefined: there is none. `made`: attempts so far. */
  afterFailure(code: FailureCode, made: number): number | undefined {
    const { retry } = FAILURES[code]
    if (retry === 'never' || !this.#policy.onFailure(code)) return undefined
    return retry === 'always' || this.harmless ? this.#pauseMs(undefined, made) : undefined
  }

  /** The same after a response. `fields`: where it may say when. */
  afterResponse(fields: Fields, made: number): number | undefined {
    return this.#pauseMs(fields, made)
  }

  /** Whether one may begin now, beside those under way. */
  beside(made: number): boolean {
    return this.harmless && this.#deps.body.whole && this.#mayStart(0, made)
  }

  /** At the end of the exchange. */
  close(): void {
    if (this.#counted) this.#deps.load.retries--
    this.#counted = false
  }

  #pauseMs(fields: Fields | undefined, made: number): number | undefined {
    const { clock } = this.#deps
    const wanted = fields === undefined ? undefined : this.#policy.wantedPauseMs(fields, clock.wallMs())
    if (wanted === Infinity) return undefined
    const pauseMs = wanted ?? this.#policy.pauseMs(made - this.replaced, clock.random())
    return this.#mayStart(pauseMs, made) ? pauseMs : undefined
  }

  #mayStart(pauseMs: number, made: number): boolean {
    const { request, load, body, deadlines } = this.#deps
    const counted = made - this.replaced
    if (counted >= this.#policy.attempts || body.lost || pauseMs >= deadlines.leftMs()) return false
    if (request !== undefined && isMarkedRetry(request, this.#counted)) return false
    this.#counted ||= load.mayRetry()
    return this.#counted
  }
}

/** Whether the body of a request may have to be sent more than once. */
export function mayNeedAgain(
  { request, kind }: Pick<AttemptsOwner, 'request' | 'kind'>,
  policy: RetryPolicy,
  protocol: Protocol,
): boolean {
  if (request === undefined || policy.attempts < 2 || request.bodyLength > policy.bodyBytes) return false
  if (request.upgrade !== '' || request.method === 'CONNECT') return false
  // whatever the method, it may be refused before it is processed: by an endpoint of HTTP/2, or by the sidecar of another host
  return kind === 'grpc' || protocol === 'http2' || policy.otherHost || policy.mayRepeat(request.method)
}
