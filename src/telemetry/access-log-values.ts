// What both forms of the access log say of an outcome: times, protocols and details in Envoy's words.

import type { HttpVersion } from '../codec/message.ts'
import { type FailureCode, failureOf } from '../core/failures.ts'
import type { Outcome } from './outcome.ts'

export const PROTOCOLS: Readonly<Record<HttpVersion, string>> = { '1.0': 'HTTP/1.0', '1.1': 'HTTP/1.1', '2': 'HTTP/2' }

/** Envoy's response code details, where it has a word for what happened; elsewhere our code is the word. */
const DETAILS: Partial<Record<FailureCode, string>> = {
  external_denied: 'ext_authz_denied',
  external_error: 'ext_authz_error',
  unauthenticated: 'jwt_authn_access_denied',
  no_route: 'route_not_found',
  no_service: 'cluster_not_found',
  no_endpoint: 'no_healthy_upstream',
  downstream_gone: 'downstream_remote_disconnect',
  head_timeout: 'request_header_timeout',
  body_timeout: 'stream_idle_timeout',
  upstream_idle: 'stream_idle_timeout',
  request_timeout: 'response_timeout',
  attempt_timeout: 'upstream_per_try_timeout',
  overflow: 'upstream_reset_before_response_started{overflow}',
  connect_failed: 'upstream_reset_before_response_started{connection_failure}',
  connect_timeout: 'upstream_reset_before_response_started{connection_timeout}',
  refused_stream: 'upstream_reset_before_response_started{remote_refused_stream_reset}',
  overload: 'overload',
}

const TOKEN = /([?&]access(?:_|%5[Ff])token=)[^&]*/g

/** Envoy's response flag; '-': none. */
export function flagOf({ failure, delayed }: Outcome): string {
  if (failure !== undefined) return failureOf(failure).flag
  return delayed === true ? failureOf('fault_delay').flag : '-'
}

/** How the status came about: a denial names its rule, other failures say what exactly went wrong. */
export function codeDetails(x: Outcome): string {
  if (x.kind === 'tcp') return ''
  return x.failure === undefined ? (x.attempts > 0 ? 'via_upstream' : 'direct_response') : failureDetails(x, x.failure)
}

export function terminationDetails(x: Outcome): string {
  return x.kind === 'tcp' && x.failure !== undefined ? failureDetails(x, x.failure) : ''
}

/** Why the endpoint could not be reached. */
export function connectDetails(x: Outcome): string {
  return x.failure === 'connect_failed' || x.failure === 'connect_timeout' ? x.detail : ''
}

function failureDetails(x: Outcome, code: FailureCode): string {
  if (code === 'policy_denied') return `rbac_access_denied_matched_policy[${x.rule === '' ? 'none' : x.rule}]`
  const words = DETAILS[code] ?? code
  return x.detail === '' || x.detail === failureOf(code).message || connectDetails(x) !== '' ? words : `${words}{${x.detail}}`
}

/** As it came, before routes: without the token that it may hold (RFC 6750 §2.3). */
export function pathOf({ request }: Outcome): string | undefined {
  const path = request?.fields.get('x-envoy-original-path') ?? request?.path
  return path?.includes('token=') === true ? path.replaceAll(TOKEN, '$1[redacted]') : path
}

export function wholeMs(ms: number): number {
  return Math.round(ms)
}

let cachedSecond = -1
let cachedStart = ''

/** ISO 8601 with milliseconds, in UTC. Most calls fall into the second of the one before. */
export function timeText(wallMs: number): string {
  const second = Math.floor(wallMs / 1000)
  if (second !== cachedSecond) {
    cachedSecond = second
    cachedStart = new Date(second * 1000).toISOString().slice(0, 20)
  }
  const ms = Math.floor(wallMs) - second * 1000
  return `${cachedStart}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`
}
