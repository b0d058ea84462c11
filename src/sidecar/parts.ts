// A running sidecar as its own helpers see it: what the composition root has put together.
import type { Problem } from '../config/problem.ts'
import type { Settings } from '../config/schema/settings.ts'
import type { Bag } from '../core/bag.ts'
import type { Clock } from '../core/clock.ts'
import type { Listener } from '../downstream/listener.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { Snapshot } from '../exchange/snapshot.ts'
import type { Identity } from '../identity/identity.ts'
import type { OwnLog } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Readiness } from '../telemetry/readiness.ts'
import type { Carrier } from '../upstream/carrier.ts'
import type { ServiceRegistry } from '../upstream/registry.ts'

export interface SidecarParts {
  readonly log: OwnLog
  readonly clock: Clock
  readonly metrics: Metrics
  readonly readiness: Readiness
  readonly registry: ServiceRegistry
  /** Exchanges under way. */
  readonly open: Bag<Exchange>
  readonly listeners: ReadonlyMap<string, Listener>
  readonly snapshot: Snapshot<Carrier>
  /** undefined: there is none. */
  readonly identity: Identity | undefined
  readonly settings: Settings
  /** Of the newest configuration. */
  readonly problems: readonly Problem[]
  /** The newest configuration was refused: an older one serves. */
  readonly refused: boolean
  readonly loadedAtMs: number
  drain(): void
  quit(): void
}
