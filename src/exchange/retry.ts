// Whether a request may be sent again after an attempt has failed: only when it provably was not processed, or may be processed twice.
import type { RequestHead } from '../codec/message.ts'
import { FAILURES, type FailureCode } from '../core/failures.ts'

/** Methods that may be sent twice (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])
const MAX_ATTEMPTS = 2

/** For a request of which no byte of a body is gone. `request`: undefined for TCP. `attempts`: that have been made. */
export function mayRetry(code: FailureCode, request: RequestHead | undefined, attempts: number): boolean {
  if (attempts >= MAX_ATTEMPTS) return false
  const { retry } = FAILURES[code]
  if (retry === 'if-idempotent') return request !== undefined && IDEMPOTENT.has(request.method)
  return retry === 'always'
}
