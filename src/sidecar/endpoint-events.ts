// What happens to endpoints, told to the log and counted.
import type { Log } from '../core/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { EndpointEvent } from '../upstream/guard.ts'

const GOOD: ReadonlySet<string> = new Set(['returned', 'breaker_closed', 'healthy'])

export function endpointEvents(log: Log, metrics: Metrics): (service: string, event: EndpointEvent) => void {
  return (service, { event, endpoint, reason }) => {
    metrics.counter('endpointEvents', { service, event }).add()
    const facts = { service, endpoint, event, reason }
    if (GOOD.has(event)) log.info(`endpoint: ${event}`, facts)
    else log.warn(`endpoint: ${event}`, facts)
  }
}

/** Where a workload runs, for balancing by zone; '': unknown. */
export function zoneOf({
  zone,
  labels,
}: {
  readonly zone?: string | undefined
  readonly labels: Readonly<Record<string, string>>
}): string {
  return zone ?? labels['topology.kubernetes.io/zone'] ?? ''
}
