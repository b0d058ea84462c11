// docs/metrics.md: every family of telemetry/families.ts.
import { ISTIO, OWN } from '../../src/telemetry/families.ts'
import type { FamilySpec, LabelSpec } from '../../src/telemetry/family.ts'

const HEAD = `# Metrics

Generated from src/telemetry/families.ts by \`npm run docs\`.

\`telemetry.listen\` serves them in the Prometheus text format, under \`/metrics\` and \`/stats/prometheus\`; the admin under \`/stats\`.
With several workers one answer tells of all of them.

- Label values come from the configuration or from closed sets, never raw from a request. What is not known is \`unknown\`.
- A family holds at most \`telemetry.maxSeries\` label sets. When they are used up, sets that were silent for ten minutes make room;
  failing that, what is new is counted in one set whose labels all say \`overflow\`, and
  \`outrigger_metric_series_overflows_total\` rises.
- Bytes of TCP connections that last are counted while they last, up to the moment of the scrape.
- \`promtool check metrics\` has one remark, that \`istio_request_duration_milliseconds\` should be in seconds: the name is Istio's.

## Istio's

Names, labels and buckets are those of Istio, so that its Grafana dashboards and Kiali work unchanged. \`reporter\` is \`source\` where
the sidecar speaks for the caller (outbound) and \`destination\` where it speaks for the service (inbound). As with Istio, only the latter
vouches for \`connection_security_policy\`.

`

const OWN_HEAD = `
## Outrigger's own

`

const TAIL = `
## Of the process

\`process_*\` (CPU, memory, descriptors, start time) and \`nodejs_*\` (heap, garbage collection, event loop) are those of prom-client.

## Questions to ask

| question | PromQL |
|---|---|
| requests a second, by service and code | \`sum by (destination_service_name, response_code) (rate(istio_requests_total{reporter="source"}[1m]))\` |
| 99th percentile of durations | \`histogram_quantile(0.99, sum by (le) (rate(istio_request_duration_milliseconds_bucket[1m])))\` |
| 99th percentile of what the sidecar adds | \`histogram_quantile(0.99, sum by (le) (rate(outrigger_proxy_overhead_seconds_bucket[1m])))\` |
| why requests fail | \`sum by (code) (rate(outrigger_failures_total[5m]))\` |
| utilization of the event loop | \`rate(outrigger_event_loop_active_seconds_total[1m])\` |
| a configuration was refused | \`outrigger_reload_last_successful == 0\` |
`

export function metricsPage(): string {
  return HEAD + istioTables() + OWN_HEAD + table(Object.values<FamilySpec>(OWN)) + TAIL
}

/** Families with the same labels share one list of them. */
function istioTables(): string {
  const groups = new Map<string, FamilySpec[]>()
  for (const spec of Object.values<FamilySpec>(ISTIO)) {
    const key = Object.keys(spec.labels).join()
    groups.set(key, [...(groups.get(key) ?? []), spec])
  }
  return [...groups.values()].map((specs) => `${table(specs, false)}\nLabels: ${labelList(specs[0] as FamilySpec)}\n`).join('\n')
}

function table(specs: readonly FamilySpec[], withLabels = true): string {
  const rows = specs.map((spec) => {
    const labels = withLabels ? `| ${labelList(spec) || '–'} ` : ''
    return `| \`${spec.name}\` | ${spec.type} ${labels}| ${spec.help}${bounds(spec)} |\n`
  })
  const columns = withLabels ? ['name', 'type', 'labels', 'what'] : ['name', 'type', 'what']
  return `| ${columns.join(' | ')} |\n|${'---|'.repeat(columns.length)}\n${rows.join('')}`
}

function bounds({ buckets }: FamilySpec): string {
  return buckets === undefined ? '' : ` Buckets: ${buckets.join(', ')}.`
}

function labelList({ labels }: FamilySpec): string {
  return Object.entries(labels)
    .map(([name, values]) => `\`${name}\`${valueList(values)}`)
    .join(', ')
}

function valueList(values: LabelSpec): string {
  if (values === 'configured') return ''
  return ` (${values.map((value) => (value === '' ? 'empty' : value)).join(', ')})`
}
