// One label set of Istio's families as plain numbers, and the small integer that names the labels a pair leaves open.
// hot path: bench/micro/telemetry/record.ts
import { FAILURES, type FailureCode, failureOf } from '../core/failures.ts'
import type { Sample } from './exposition.ts'
import { ISTIO, OVERFLOW } from './families.ts'
import type { Direction, Outcome } from './outcome.ts'

const FLAGS = [
  '-',
  ...new Set(
    Object.values(FAILURES)
      .map((failure) => failure.flag as string)
      .filter((flag) => flag !== '-'),
  ),
]
const FLAG_INDEX = new Map(Object.keys(FAILURES).map((code) => [code, FLAGS.indexOf(failureOf(code as FailureCode).flag)]))
const SECURITY = ['unknown', 'none', 'mutual_tls'] as const

const BOUNDS: readonly number[] = ISTIO.durations.buckets
/** Cells of one histogram: its buckets, +Inf, its sum. */
const WIDTH = BOUNDS.length + 2

/** status (10 bits), flag (6), gRPC status + 1 (5), gRPC (1), security (2): 24 bits. */
export function httpKey(outcome: Outcome): number {
  const { status, grpcStatus, delayed } = outcome
  const failure = outcome.failure ?? (delayed === true ? 'fault_delay' : undefined)
  const code = status >= 100 && status <= 599 ? status : 0
  const grpc = grpcStatus >= 0 && grpcStatus <= 16 ? grpcStatus + 1 : 0
  const isGrpc = outcome.kind === 'grpc' ? 1 : 0
  return (tcpKey(outcome.direction, outcome.security, failure) << 16) | (code << 6) | (grpc << 1) | isGrpc
}

/** flag (6 bits), security (2). */
export function tcpKey(direction: Direction, security: Outcome['security'], failure: FailureCode | undefined): number {
  const flag = failure === undefined ? 0 : (FLAG_INDEX.get(failure) as number)
  // Istio's way: only the receiving side vouches for the connection
  return (flag << 2) | (direction === 'outbound' || security === 'unknown' ? 0 : security === 'none' ? 1 : 2)
}

function tcpLabels(key: number): string {
  return `response_flags="${FLAGS[key >> 2]}",connection_security_policy="${SECURITY[key & 3]}"`
}

function httpLabels(key: number): string {
  const code = (key >> 6) & 1023
  const grpc = (key >> 1) & 31
  const protocol = key & 1 ? 'grpc' : 'http'
  return `request_protocol="${protocol}",response_code="${code}",grpc_response_status="${grpc === 0 ? '' : grpc - 1}",${tcpLabels(key >> 16)}`
}

/** What pairs need to know of a series to make room. */
export interface Series {
  /** Notes at `nowMs` whether it has moved since the last time. */
  mark(nowMs: number): void
  /** Nothing has moved since before `ms`, and nothing points here. */
  idleSince(ms: number): boolean
}

export class HttpSeries implements Series {
  readonly labels: string
  count = 0
  /** Duration, request bytes, response bytes: side by side, so that one record touches one array. */
  readonly cells = new Float64Array(3 * WIDTH)
  #seen = 0
  #idleSinceMs: number

  constructor(pair: string, key: number, nowMs: number) {
    const own = key < 0 ? httpLabels(0).replace(/="[^"]*"/g, `="${OVERFLOW}"`) : httpLabels(key)
    this.labels = `${pair},${own}`
    this.#idleSinceMs = nowMs
  }

  add(durationMs: number, requestBytes: number, responseBytes: number): void {
    this.count++
    const cells = this.cells
    ;(cells[bucketOf(durationMs)] as number)++
    ;(cells[WIDTH - 1] as number) += durationMs
    ;(cells[WIDTH + bucketOf(requestBytes)] as number)++
    ;(cells[2 * WIDTH - 1] as number) += requestBytes
    ;(cells[2 * WIDTH + bucketOf(responseBytes)] as number)++
    ;(cells[3 * WIDTH - 1] as number) += responseBytes
  }

  total(): Sample {
    return { labels: this.labels, numbers: [this.count] }
  }

  /** 0: duration, 1: request bytes, 2: response bytes. */
  histogram(which: number): Sample {
    return { labels: this.labels, numbers: this.cells.subarray(which * WIDTH, (which + 1) * WIDTH) }
  }

  mark(nowMs: number): void {
    if (this.count === this.#seen) return
    this.#seen = this.count
    this.#idleSinceMs = nowMs
  }

  idleSince(ms: number): boolean {
    return this.#idleSinceMs < ms
  }
}

export class TcpSeries implements Series {
  readonly labels: string
  opened = 0
  closed = 0
  received = 0
  sent = 0
  /** Connections that will still write here. */
  live = 0
  #seen = 0
  #idleSinceMs: number

  constructor(pair: string, key: number, nowMs: number) {
    const own = `request_protocol="tcp",${tcpLabels(Math.max(key, 0))}`
    this.labels = `${pair},${key < 0 ? own.replace(/="[^"]*"/g, `="${OVERFLOW}"`) : own}`
    this.#idleSinceMs = nowMs
  }

  mark(nowMs: number): void {
    const moved = this.opened + this.closed + this.received + this.sent
    if (moved === this.#seen && this.live === 0) return
    this.#seen = moved
    this.#idleSinceMs = nowMs
  }

  idleSince(ms: number): boolean {
    return this.live === 0 && this.#idleSinceMs < ms
  }
}

function bucketOf(value: number): number {
  let bucket = 0
  while (bucket < BOUNDS.length && value > (BOUNDS[bucket] as number)) bucket++
  return bucket
}
