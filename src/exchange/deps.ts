// What exchanges share.
import type { AlarmPool } from '../core/alarm.ts'
import type { Clock } from '../core/clock.ts'
import type { Recorder } from '../telemetry/record.ts'
import type { Exchange } from './exchange.ts'

export interface ExchangeDeps {
  readonly clock: Clock
  readonly alarms: AlarmPool
  readonly recorder: Recorder
  /** Exchanges under way. */
  readonly open: Set<Exchange>
  tcpIdleTimeoutMs(): number
  upgradeIdleTimeoutMs(): number
}
