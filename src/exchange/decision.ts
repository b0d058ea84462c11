// What the pipeline decides for an exchange, and what exchanges share.
import type { RequestHead } from '../codec/message.ts'
import type { DownstreamStream } from '../codec/stream.ts'
import type { AlarmPool } from '../core/alarm.ts'
import type { Bag, Kept } from '../core/bag.ts'
import type { Clock } from '../core/clock.ts'
import type { FieldChange } from '../routing/edits.ts'
import type { Hedge } from '../routing/hedge.ts'
import type { RetryPolicy } from '../routing/retry-policy.ts'
import type { Timeouts } from '../routing/timeouts.ts'
import type { Party } from '../telemetry/outcome.ts'
import type { Recorder } from '../telemetry/record.ts'
import type { Service } from '../upstream/service.ts'
import type { Peer } from './peer.ts'

/** Where to, how long, and what is changed in the response. */
export interface Decision {
  readonly service: Service
  /** Of the service's endpoints; '': all. */
  readonly subset: string
  readonly destination: Party
  /** Name of the route; '' without one. */
  readonly route: string
  readonly responseEdits: FieldChange | null
  readonly timeouts: Timeouts
  /** Of a TCP connection without a byte; left out: as the settings say. */
  readonly tcpIdleMs?: number
  /** null: nothing is repeated. */
  readonly retry: RetryPolicy | null
  /** null: one attempt at a time. */
  readonly hedge: Hedge | null
}

export interface ExchangeStart {
  readonly peer: Peer
  readonly stream: DownstreamStream
  /** undefined: TCP, or what came was no request. */
  readonly request: RequestHead | undefined
  /** The request has no body. */
  readonly ended: boolean
  readonly kind: 'http' | 'tcp'
}

/** The exchanges under way, by any type: a set that only counts and lists. */
export interface ExchangeDeps<X extends Kept> {
  readonly clock: Clock
  readonly alarms: AlarmPool
  readonly recorder: Recorder
  readonly open: Bag<X>
  tcpIdleTimeoutMs(): number
  upgradeIdleTimeoutMs(): number
}
