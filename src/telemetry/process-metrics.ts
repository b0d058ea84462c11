// Memory, CPU, descriptors, garbage collection and event loop of this process. The one door to prom-client, which measures them and
// knows how those of several processes become one.
import { createRequire } from 'node:module'
import { cpuUsage } from 'node:process'
import type { Counter, MetricObjectWithValues, MetricValue, Registry } from 'prom-client'

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

const part = createRequire(import.meta.url)
/** Of prom-client's default metrics, those that are taken from it. The package as a whole has OpenTelemetry with it: 5 MiB. */
const TAKEN = [
  'processStartTime',
  'osMemoryHeap',
  'processOpenFileDescriptors',
  'processMaxFileDescriptors',
  'eventLoopLag',
  'processResources',
  'processHandles',
  'processRequests',
  'heapSizeAndUsed',
  'heapSpacesSizeAndUsed',
  'version',
  'gc',
] as const

type Take = (registry: Registry, options: { eventLoopMonitoringPrecision: number }) => void

async function load(): Promise<ProcessMetrics> {
  const MadeRegistry = part('prom-client/lib/registry') as typeof Registry
  const registry = new MadeRegistry()
  const options = { eventLoopMonitoringPrecision: LOOP_PRECISION_MS }
  countCpu(registry)
  for (const name of TAKEN) (part(`prom-client/lib/metrics/${name}`) as Take)(registry, options)
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  return { text: () => registry.metrics(), snapshot: async () => (await registry.getMetricsAsJSON()).map(finite) }
}

/** In place of prom-client's, which is what asks for OpenTelemetry. */
function countCpu(registry: Registry): void {
  const MadeCounter = part('prom-client/lib/counter') as typeof Counter
  for (const [name, help, micros] of CPU)
    registry.registerMetric(
      new MadeCounter({
        name,
        help,
        registers: [],
        collect() {
          this.reset()
          this.inc(micros(cpuUsage()) / 1e6)
        },
      }),
    )
}

type Micros = (usage: ReturnType<typeof cpuUsage>) => number

const CPU: readonly (readonly [string, string, Micros])[] = [
  ['process_cpu_user_seconds_total', 'Total user CPU time spent in seconds.', ({ user }) => user],
  ['process_cpu_system_seconds_total', 'Total system CPU time spent in seconds.', ({ system }) => system],
  ['process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', ({ user, system }) => user + system],
]

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
