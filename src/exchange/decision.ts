// What the pipeline decides for an exchange, and what exchanges share.
import type { AlarmPool } from '../core/alarm.ts'
import type { Clock } from '../core/clock.ts'
import type { FieldEdits } from '../routing/edits.ts'
import type { Timeouts } from '../routing/timeouts.ts'
import type { Party } from '../telemetry/outcome.ts'
import type { Recorder } from '../telemetry/record.ts'
import type { Service } from '../upstream/service.ts'

/** Where to, how long, and what is changed in the response. */
export interface Decision {
  readonly service: Service
  readonly destination: Party
  /** Name of the route; '' without one. */
  readonly route: string
  readonly responseEdits: FieldEdits | null
  readonly timeouts: Timeouts
}

/** The exchanges under way, by any type: a set that only counts and lists. */
export interface ExchangeDeps<X> {
  readonly clock: Clock
  readonly alarms: AlarmPool
  readonly recorder: Recorder
  readonly open: Set<X>
  tcpIdleTimeoutMs(): number
  upgradeIdleTimeoutMs(): number
}
