// Error codes of HTTP/2 (RFC 9113 §7), and what they mean as failures of an exchange, both ways.
import type { FailureCode } from '../../core/failures.ts'
import type { LimitReason } from './limits.ts'

export const NO_ERROR = 0
export const PROTOCOL_ERROR = 1
export const INTERNAL_ERROR = 2
export const FLOW_CONTROL_ERROR = 3
export const SETTINGS_TIMEOUT = 4
export const STREAM_CLOSED = 5
export const FRAME_SIZE_ERROR = 6
export const REFUSED_STREAM = 7
export const CANCEL = 8
export const COMPRESSION_ERROR = 9
export const ENHANCE_YOUR_CALM = 11

const NAMES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
]

export function errorName(code: number): string {
  return NAMES[code] ?? `error ${code}`
}

/** Ends the connection: thrown while a frame is read, turned into GOAWAY by the connection. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  readonly code: number
  /** The limit that was passed, where it was one. */
  readonly limit: LimitReason | undefined

  constructor(code: number, detail: string, limit?: LimitReason) {
    super(detail)
    this.code = code
    this.limit = limit
  }
}

/** RST_STREAM from an endpoint before its response was complete. Only REFUSED_STREAM says that nothing was done (§8.7). */
export function failureOfReset(code: number): FailureCode {
  return code === REFUSED_STREAM ? 'refused_stream' : 'upstream_reset'
}

/** For a caller whose response can't go on, or will not come. `begun`: it has had a head. */
export function resetOfFailure(code: FailureCode, begun: boolean): number {
  switch (code) {
    case 'overload':
    case 'draining':
    case 'refused_stream':
      // nothing was processed, and the caller may try again: only true while it has seen nothing
      return begun ? INTERNAL_ERROR : REFUSED_STREAM
    case 'bad_request':
      return PROTOCOL_ERROR
    case 'downstream_gone':
    case 'body_timeout':
    case 'policy_denied':
      return CANCEL
    default:
      return INTERNAL_ERROR
  }
}
