// When a further attempt is made and when it begins, as the data path uses it: what Envoy's retry policies say, and safer in that a request
// that may have been processed is repeated only where its method or the policy allows it.
// hot path: bench/macro
import type { ResponseHead } from '../codec/message.ts'
import { RETRY_CONDITIONS, type RetryCondition } from '../config/retry-conditions.ts'
import type { RetryConfig } from '../config/schema/retries.ts'
import type { FailureCode } from '../core/failures.ts'
import type { Fields } from '../core/fields.ts'
import { RegexError } from '../core/regex.ts'
import { TextTest } from './text-test.ts'

const BIT = Object.fromEntries(RETRY_CONDITIONS.map((name, index) => [name, 1 << index])) as Record<RetryCondition, number>
const ANY_RESET = BIT['5xx'] | BIT['gateway-error'] | BIT.reset

/** Which conditions a failure meets. Those that are not here are never repeated. */
const ON_FAILURE: Partial<Record<FailureCode, number>> = {
  connect_failed: ANY_RESET | BIT['reset-before-request'] | BIT['connect-failure'],
  connect_timeout: ANY_RESET | BIT['reset-before-request'] | BIT['connect-failure'],
  refused_stream: ANY_RESET | BIT['reset-before-request'] | BIT['refused-stream'],
  stale_connection: ANY_RESET,
  upstream_reset: ANY_RESET,
  upstream_protocol: ANY_RESET,
  attempt_timeout: ANY_RESET,
}

/** Conditions by gRPC status. */
const ON_GRPC: readonly number[] = Array.from({ length: 17 }, (_, status) => {
  const name = ({ 1: 'cancelled', 4: 'deadline-exceeded', 8: 'resource-exhausted', 13: 'internal', 14: 'unavailable' } as const)[
    status
  ]
  return name === undefined ? 0 : BIT[name]
})
const ANY_GRPC = ON_GRPC.reduce((bits, bit) => bits | bit, 0)
/** Conditions that a good status may meet. */
const READS_ANY = BIT['retriable-status-codes'] | BIT['retriable-headers'] | BIT['envoy-ratelimited']

/** Methods that may be processed twice (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

export class RetryPolicy {
  /** In all, the first one included. */
  readonly attempts: number
  /** Until the response head; undefined: as the route says. */
  readonly attemptTimeoutMs: number | undefined
  readonly bodyBytes: number
  readonly otherHost: boolean
  /** Some conditions are about gRPC statuses. */
  readonly readsGrpc: boolean
  readonly #on: number
  readonly #statusCodes: ReadonlySet<number>
  readonly #fields: readonly { readonly name: string; readonly test: TextTest }[]
  readonly #nonIdempotent: boolean
  readonly #baseMs: number
  readonly #maxMs: number
  readonly #minMs: number
  readonly #retryAfterMs: number

  /** Throws RegexError. */
  constructor(config: RetryConfig) {
    this.attempts = config.attempts
    this.attemptTimeoutMs = config.attemptTimeout
    this.bodyBytes = config.bodyBytes
    this.otherHost = config.otherHost
    this.#on = config.on.reduce((bits, name) => bits | BIT[name], 0)
    this.readsGrpc = (this.#on & ANY_GRPC) !== 0
    this.#statusCodes = new Set(config.statusCodes)
    this.#fields = Object.entries(config.headers).map(([name, test]) => ({
      name: name.toLowerCase(),
      test: new TextTest(test, (text) => text),
    }))
    this.#nonIdempotent = config.nonIdempotent
    this.#baseMs = config.backoff.base
    this.#maxMs = config.backoff.max ?? config.backoff.base * 10
    this.#minMs = config.backoff.min
    this.#retryAfterMs = config.retryAfter
  }

  /** `method`: undefined for bytes. */
  mayRepeat(method: string | undefined): boolean {
    return method !== undefined && (this.#nonIdempotent || IDEMPOTENT.has(method))
  }

  /** A failure of an attempt that had no response asks for another one. Whether that is safe is another question. */
  onFailure(code: FailureCode): boolean {
    return ((ON_FAILURE[code] ?? 0) & this.#on) !== 0
  }

  /** A response asks for another attempt by its status or its fields. */
  onResponse({ status, fields }: ResponseHead): boolean {
    const on = this.#on
    if (status < 400 && (on & READS_ANY) === 0) return false
    // a rate limit is no trouble of one endpoint: only who asks for it by name repeats
    if (isRateLimited(fields)) return (on & BIT['envoy-ratelimited']) !== 0
    if (status >= 500 && status < 600 && (on & BIT['5xx']) !== 0) return true
    if (status >= 502 && status <= 504 && (on & BIT['gateway-error']) !== 0) return true
    if (status === 409 && (on & BIT['retriable-4xx']) !== 0) return true
    if ((on & BIT['retriable-status-codes']) !== 0 && this.#statusCodes.has(status)) return true
    if ((on & BIT['retriable-headers']) === 0) return false
    for (const { name, test } of this.#fields) if (test.holds(fields.get(name))) return true
    return false
  }

  /** A gRPC status, in the head or in trailers before any message, asks for another attempt. */
  onGrpc(fields: Fields): boolean {
    const status = Number(fields.get('grpc-status') ?? NaN)
    return ((ON_GRPC[status] ?? 0) & this.#on) !== 0 && !isRateLimited(fields)
  }

  /** The nth pause, from 1: at random below a bound that doubles, and not below the least. `random`: 0 ≤ x < 1. */
  pauseMs(nth: number, random: number): number {
    return Math.max(this.#minMs, random * Math.min(this.#baseMs * 2 ** (nth - 1), this.#maxMs))
  }

  /**
   * The pause that a response wants, by Retry-After or, from gRPC servers, grpc-retry-pushback-ms. undefined: it says nothing; Infinity:
   * it wants no repetition, or a longer pause than is allowed.
   */
  wantedPauseMs(fields: Fields, wallMs: number): number | undefined {
    const pushback = fields.get('grpc-retry-pushback-ms')
    const ms = pushback === undefined ? retryAfterMs(fields, wallMs) : /^\d{1,9}$/.test(pushback) ? Number(pushback) : Infinity
    if (ms === undefined || this.#retryAfterMs === 0) return undefined
    return ms > this.#retryAfterMs ? Infinity : ms
  }
}

/** RFC 9110 §10.2.3: seconds or a date. */
function retryAfterMs(fields: Fields, wallMs: number): number | undefined {
  const text = fields.get('retry-after')?.trim()
  if (text === undefined) return undefined
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - wallMs
  return ms > 0 ? ms : undefined
}

function isRateLimited(fields: Fields): boolean {
  return fields.has('x-envoy-ratelimited')
}

/** Reports what is wrong, and then answers null. */
export function compileRetry(
  config: RetryConfig,
  report: (path: readonly (string | number)[], message: string) => void,
): RetryPolicy | null {
  try {
    return new RetryPolicy(config)
  } catch (error) {
    if (!(error instanceof RegexError)) throw error
    report(['headers'], error.message)
    return null
  }
}

/** What the schema says; a test sees to that. The schema itself is not in the memory of the data path. */
export const DEFAULTS: Omit<RetryConfig, 'on'> = {
  attempts: 3,
  backoff: { base: 25, min: 0 },
  retryAfter: 30_000,
  statusCodes: [],
  headers: {},
  bodyBytes: 65_536,
  nonIdempotent: false,
  otherHost: true,
}

/**
 * Without a route: as Istio has it, as far as it is safe, and resets as well where repeating does no harm. What a gRPC status asks for
 * needs a route that says so.
 */
export const DEFAULT_RETRY = new RetryPolicy({ ...DEFAULTS, on: ['connect-failure', 'refused-stream', 'reset'] })
/** To the application: it is the only one, so that a second attempt is all there is to gain. */
export const APP_RETRY = new RetryPolicy({
  ...DEFAULTS,
  on: ['connect-failure', 'refused-stream'],
  attempts: 2,
  otherHost: false,
})
