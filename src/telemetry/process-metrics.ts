// Memory, CPU, descriptors, garbage collection and event loop of this process. The one door to prom-client, which measures them and
// knows how those of several processes become one.
import type { MetricObjectWithValues, MetricValue, Registry } from 'prom-client'

/** Resolution of the event loop's delay: coarse, so that an idle proxy sleeps. */
const LOOP_PRECISION_MS = 50

export interface ProcessMetrics {
  text(): Promise<string>
  /** For `mergeProcesses`. */
  snapshot(): Promise<object[]>
}

let loading: Promise<ProcessMetrics> | undefined

/** Gauges whose names end like a counter's; Prometheus' linter objects, and their sums by type say the same. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** One a process, whoever asks; loaded when first needed, which keeps it out of the way of the start. */
export function processMetrics(): Promise<ProcessMetrics> {
  loading ??= load()
  return loading
}

async function load(): Promise<ProcessMetrics> {
  const { Registry, collectDefaultMetrics } = (await import('prom-client')).default
  const registry: Registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_PRECISION_MS })
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  return { text: () => registry.metrics(), snapshot: async () => (await registry.getMetricsAsJSON()).map(finite) }
}

/** JSON has no NaN: an event loop that was not looked at has no delay. */
function finite(metric: MetricObjectWithValues<MetricValue<string>>): object {
  return {
    ...metric,
    values: metric.values.map((value) => ({ ...value, value: Number.isFinite(value.value) ? value.value : 0 })),
  }
}

export async function mergeProcesses(snapshots: object[][]): Promise<string> {
  const { AggregatorRegistry } = (await import('prom-client')).default
  return AggregatorRegistry.aggregate(snapshots).metrics()
}
