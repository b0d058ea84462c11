// Every way an exchange can fail, as rows of one table: what the caller gets, what the log says, and whether trying again is safe.

interface FailureSpec {
  /** HTTP status of the local reply; 0: none can be sent any more. */
  readonly status: number
  /** gRPC status code of the local reply to a gRPC request. */
  readonly grpc: number
  /** Envoy's response flag (Envoy docs, access log, %RESPONSE_FLAGS%). */
  readonly flag: string
  /** Whose fault it is. */
  readonly side: 'downstream' | 'upstream' | 'proxy'
  /**
   * Whether the request may be sent again, while it has no response: `always` (it provably was not processed), `if-idempotent` (it may
   * have been), `never`.
   */
  readonly retry: 'always' | 'if-idempotent' | 'never'
  /** What the caller is told. No addresses, no rule. */
  readonly message: string
}

// biome-ignore format: a table reads best with a row on a line
export const FAILURES = {
  bad_request: { status: 400, grpc: 13, flag: 'DPE', side: 'downstream', retry: 'never', message: 'The request is malformed.' },
  head_too_large: { status: 431, grpc: 13, flag: 'DPE', side: 'downstream', retry: 'never', message: 'The request head is too large.' },
  http_version: { status: 505, grpc: 13, flag: 'DPE', side: 'downstream', retry: 'never', message: 'This HTTP version is not spoken here.' },
  head_timeout: { status: 408, grpc: 4, flag: 'SI', side: 'downstream', retry: 'never', message: 'The request head took too long.' },
  body_timeout: { status: 408, grpc: 4, flag: 'SI', side: 'downstream', retry: 'never', message: 'The request body stalled.' },
  downstream_gone: { status: 0, grpc: 1, flag: 'DC', side: 'downstream', retry: 'never', message: 'The caller has gone.' },
  unauthenticated: { status: 401, grpc: 16, flag: '-', side: 'downstream', retry: 'never', message: 'The token is not valid.' },
  policy_denied: { status: 403, grpc: 7, flag: '-', side: 'proxy', retry: 'never', message: 'RBAC: access denied' },
  caller_distrusted: { status: 0, grpc: 16, flag: 'DC', side: 'downstream', retry: 'never', message: 'The certificate of the caller is no longer believed.' },
  misdirected: { status: 421, grpc: 12, flag: 'NR', side: 'downstream', retry: 'never', message: 'This connection is for another host.' },
  rate_limited: { status: 429, grpc: 8, flag: 'RL', side: 'downstream', retry: 'never', message: 'Too many requests.' },
  body_too_large: { status: 413, grpc: 8, flag: 'DPE', side: 'downstream', retry: 'never', message: 'The request body is too large.' },
  fault_delay: { status: 0, grpc: 14, flag: 'DI', side: 'proxy', retry: 'never', message: 'The request was held on purpose, which is no failure.' },
  fault_abort: { status: 503, grpc: 14, flag: 'FI', side: 'proxy', retry: 'never', message: 'The request was answered on purpose.' },
  external_denied: { status: 403, grpc: 7, flag: 'UAEX', side: 'proxy', retry: 'never', message: 'Access denied.' },
  external_error: { status: 403, grpc: 7, flag: 'UAEX', side: 'proxy', retry: 'never', message: 'Access could not be decided.' },
  no_route: { status: 404, grpc: 12, flag: 'NR', side: 'proxy', retry: 'never', message: 'No route matches.' },
  no_service: { status: 502, grpc: 14, flag: 'NC', side: 'proxy', retry: 'never', message: 'The destination is not known here.' },
  missing_backend: { status: 500, grpc: 14, flag: 'NC', side: 'proxy', retry: 'never', message: 'The route has no valid destination.' },
  loop: { status: 508, grpc: 13, flag: 'NR', side: 'proxy', retry: 'never', message: 'The request would come back to this proxy.' },
  no_endpoint: { status: 503, grpc: 14, flag: 'UH', side: 'proxy', retry: 'never', message: 'No healthy endpoint.' },
  overflow: { status: 503, grpc: 14, flag: 'UO', side: 'proxy', retry: 'never', message: 'Too many requests at once for this service.' },
  breaker_open: { status: 503, grpc: 14, flag: 'UO', side: 'proxy', retry: 'never', message: 'Too many requests to this service fail.' },
  overload: { status: 503, grpc: 14, flag: 'OM', side: 'proxy', retry: 'always', message: 'The proxy is overloaded.' },
  draining: { status: 503, grpc: 14, flag: 'DC', side: 'proxy', retry: 'always', message: 'The proxy is shutting down.' },
  connect_failed: { status: 503, grpc: 14, flag: 'UF', side: 'upstream', retry: 'always', message: 'The upstream could not be reached.' },
  connect_timeout: { status: 503, grpc: 14, flag: 'UF', side: 'upstream', retry: 'always', message: 'The upstream could not be reached in time.' },
  upstream_distrusted: { status: 503, grpc: 14, flag: 'UC', side: 'upstream', retry: 'if-idempotent', message: 'The upstream is no longer believed.' },
  refused_stream: { status: 503, grpc: 14, flag: 'UR', side: 'upstream', retry: 'always', message: 'The upstream refused the request.' },
  stale_connection: { status: 503, grpc: 14, flag: 'UC', side: 'upstream', retry: 'if-idempotent', message: 'The upstream closed the connection.' },
  upstream_reset: { status: 503, grpc: 14, flag: 'UC', side: 'upstream', retry: 'if-idempotent', message: 'The upstream ended the connection early.' },
  upstream_protocol: { status: 502, grpc: 14, flag: 'UPE', side: 'upstream', retry: 'if-idempotent', message: 'The upstream sent a malformed response.' },
  upstream_idle: { status: 504, grpc: 4, flag: 'SI', side: 'upstream', retry: 'never', message: 'The response stalled.' },
  request_timeout: { status: 504, grpc: 4, flag: 'UT', side: 'upstream', retry: 'never', message: 'The upstream took too long.' },
  attempt_timeout: { status: 504, grpc: 4, flag: 'UT', side: 'upstream', retry: 'if-idempotent', message: 'The upstream took too long.' },
  internal: { status: 500, grpc: 13, flag: '-', side: 'proxy', retry: 'never', message: 'The proxy failed.' },
} as const satisfies Record<string, FailureSpec>

export type FailureCode = keyof typeof FAILURES
export type { FailureSpec }

/** A failure on its way to the one place that answers it. `detail` is for the log, never for the caller. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError'
  readonly code: FailureCode

  constructor(code: FailureCode, detail: string = FAILURES[code].message, options?: ErrorOptions) {
    super(detail, options)
    this.code = code
  }
}

export function failureOf(code: FailureCode): FailureSpec {
  return FAILURES[code]
}
