// How long a new connection is waited for, before it is known what it speaks.
import type { AcceptOptions } from './accept-options.ts'

/** Time for a PROXY protocol head and a TLS handshake. */
export const PATIENCE_MS = 10_000
const NO_LIMIT_MS = 2_147_483_647

/** For the first bytes of what should be `protocol`. */
export function patienceMs(protocol: AcceptOptions['protocol'], options: AcceptOptions): number {
  const { carriesBytes, detectionTimeoutMs, limits } = options
  if (protocol === 'http') return limits.headTimeoutMs || limits.idleTimeoutMs || NO_LIMIT_MS
  return protocol === 'tls' || !carriesBytes ? PATIENCE_MS : detectionTimeoutMs
}
