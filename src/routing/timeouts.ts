// How long an exchange may take, as the data path uses it. Milliseconds throughout; 0: no limit.
import type { TimeoutsConfig } from '../config/schema/retries.ts'

export interface Timeouts {
  /** Whole exchange, retries included; not for upgrades and streaming calls that have begun. */
  readonly requestMs: number
  /** One attempt, until its response head. */
  readonly attemptMs: number
  /** Without a byte in either direction. */
  readonly idleMs: number
  /** The same for streaming calls that have begun. */
  readonly streamIdleMs: number
  /** Longest life of an exchange of any kind. */
  readonly maxStreamMs: number
}

export function compileTimeouts({ request, attempt, idle, streamIdle, maxStream }: TimeoutsConfig): Timeouts {
  return { requestMs: request, attemptMs: attempt, idleMs: idle, streamIdleMs: streamIdle ?? idle, maxStreamMs: maxStream }
}
