// The time that a caller gives a call and that is passed on: grpc-timeout (gRPC over HTTP/2, Requests), and as Envoy tells it for HTTP.
import type { RequestHead } from '../codec/message.ts'
import type { Timeouts } from '../routing/timeouts.ts'

const GRPC_TIMEOUT = 'grpc-timeout'
const EXPECTED = 'x-envoy-expected-rq-timeout-ms'
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 }
/** What eight digits can say. */
const MAX_VALUE = 99_999_999

/** Of a gRPC call; 0: none, or nothing that could be understood. */
export function callerTimeoutMs({ fields }: RequestHead): number {
  const text = fields.get(GRPC_TIMEOUT)
  return text === undefined ? 0 : parseGrpcTimeout(text)
}

/** Milliseconds; 0: no such time. A time of 0 is none, as Envoy has it. */
export function parseGrpcTimeout(text: string): number {
  const unit = UNIT_MS[text.at(-1) as string]
  const digits = text.slice(0, -1)
  if (unit === undefined || digits.length > 8 || !/^\d+$/.test(digits)) return 0
  return Number(digits) * unit
}

/** In the smallest unit that has room for it. */
export function formatGrpcTimeout(ms: number): string {
  if (ms <= MAX_VALUE) return `${Math.max(1, Math.ceil(ms))}m`
  const seconds = Math.ceil(ms / 1000)
  return seconds <= MAX_VALUE ? `${seconds}S` : `${Math.ceil(seconds / 60)}M`
}

/** Tells who is called how long the caller will wait. `leftMs`: Infinity: for ever. */
export function tellTimeLeft(request: RequestHead, { attemptMs, grpc }: Told, leftMs: number): void {
  if (leftMs === Infinity) return
  // that of an attempt ends with the response head; gRPC would hold the whole call to it
  if (grpc) request.fields.set(GRPC_TIMEOUT, formatGrpcTimeout(leftMs))
  else request.fields.set(EXPECTED, String(Math.max(1, Math.ceil(attemptMs > 0 ? Math.min(attemptMs, leftMs) : leftMs))))
}

interface Told {
  readonly attemptMs: Timeouts['attemptMs']
  readonly grpc: boolean
}
