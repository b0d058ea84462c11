// Every metric family, as data: what docs/metrics.md is made of and what `Metrics` binds its numbers to. A new family is one entry.
import { LIMIT_REASONS } from '../codec/http2/limits.ts'
import { FAILURES, type FailureCode } from '../core/failures.ts'
import { DISTRUST } from '../identity/trust.ts'
import { counter, type FamilySpec, gauge, histogram } from './family.ts'
import { MALFORMED, REFUSALS, REVOKED } from './label-values.ts'
import { UPSTREAM } from './upstream-families.ts'

export const OVERFLOW = 'overflow'

/** Envoy's default bounds, which Istio uses for milliseconds and bytes alike. */
const ENVOY_BUCKETS = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000,
] as const

const reporter = ['source', 'destination', OVERFLOW] as const
const configured = 'configured'

const pairLabels = {
  reporter,
  source_workload: configured,
  source_canonical_service: configured,
  source_canonical_revision: configured,
  source_workload_namespace: configured,
  source_principal: configured,
  source_app: configured,
  source_version: configured,
  source_cluster: configured,
  destination_workload: configured,
  destination_workload_namespace: configured,
  destination_principal: configured,
  destination_app: configured,
  destination_version: configured,
  destination_service: configured,
  destination_canonical_service: configured,
  destination_canonical_revision: configured,
  destination_service_name: configured,
  destination_service_namespace: configured,
  destination_cluster: configured,
} as const

const flags = [
  '-',
  ...new Set(
    Object.values(FAILURES)
      .map((failure) => failure.flag)
      .filter((flag) => flag !== '-'),
  ),
]
const security = ['mutual_tls', 'none', 'unknown'] as const

const httpLabels = {
  ...pairLabels,
  request_protocol: ['http', 'grpc'],
  response_code: ['0', '100 to 599'],
  grpc_response_status: ['', '0 to 16'],
  response_flags: flags,
  connection_security_policy: security,
} as const

const tcpLabels = {
  ...pairLabels,
  request_protocol: ['tcp'],
  response_flags: flags,
  connection_security_policy: security,
} as const

const direction = ['inbound', 'outbound'] as const

/** Istio's, under its names, so that its dashboards and Kiali work unchanged. Written by the recorder only. */
export const ISTIO = {
  requests: counter('istio_requests_total', httpLabels, 'Requests that have ended.'),
  durations: histogram(
    'istio_request_duration_milliseconds',
    httpLabels,
    ENVOY_BUCKETS,
    'Time from the request head to the end of the response.',
  ),
  requestBytes: histogram('istio_request_bytes', httpLabels, ENVOY_BUCKETS, 'Bytes of request bodies.'),
  responseBytes: histogram('istio_response_bytes', httpLabels, ENVOY_BUCKETS, 'Bytes of response bodies.'),
  requestMessages: counter('istio_request_messages_total', pairLabels, 'gRPC messages that callers sent.'),
  responseMessages: counter('istio_response_messages_total', pairLabels, 'gRPC messages that services sent.'),
  tcpSent: counter('istio_tcp_sent_bytes_total', tcpLabels, 'Bytes sent to the one who connected.'),
  tcpReceived: counter('istio_tcp_received_bytes_total', tcpLabels, 'Bytes received from the one who connected.'),
  tcpOpened: counter('istio_tcp_connections_opened_total', tcpLabels, 'TCP connections opened.'),
  tcpClosed: counter('istio_tcp_connections_closed_total', tcpLabels, 'TCP connections closed.'),
} as const satisfies Record<string, FamilySpec>

/** Our own. Bound with `metrics.counter(key, labels)`, `metrics.gauge(key, labels)`, `metrics.histogram(key, labels)`. */
export const OWN = {
  overhead: histogram(
    'outrigger_proxy_overhead_seconds',
    { direction },
    [0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
    'Time that this proxy added: duration of an exchange less the time its upstream took. Without failed and upgraded exchanges.',
  ),
  failures: counter(
    'outrigger_failures_total',
    { direction, code: Object.keys(FAILURES) as FailureCode[] },
    'Exchanges and connections that failed, by code; docs/errors.md explains the codes.',
  ),
  retries: counter(
    'outrigger_retries_total',
    { service: configured },
    'Attempts after the first one; the service as in destination_service.',
  ),
  mirrored: counter(
    'outrigger_mirrored_requests_total',
    { service: configured, result: ['answered', 'failed', 'dropped'] },
    'Copies of requests sent to mirrors; dropped: the mirror had no room, or was too slow for the body.',
  ),
  malformed: counter(
    'outrigger_malformed_messages_total',
    { side: ['downstream', 'upstream'], kind: MALFORMED },
    'Messages refused because they were malformed.',
  ),
  refusals: counter(
    'outrigger_downstream_refusals_total',
    { direction, reason: REFUSALS },
    'Downstream connections refused or closed early.',
  ),
  http2Limits: counter(
    'outrigger_http2_limits_total',
    { side: ['downstream', 'upstream'], reason: LIMIT_REASONS },
    'Times that an HTTP/2 peer met a limit of the settings (http2).',
  ),
  policyDenials: counter(
    'outrigger_policy_denials_total',
    { direction, rule: configured },
    'Requests and connections that policies denied, by the rule that decided; the empty rule: none allows it.',
  ),
  revocations: counter(
    'outrigger_revocations_total',
    { direction, kind: REVOKED, rule: configured },
    'What was open and closed because a newer configuration denies it, by the rule that decided; the empty rule: none allows it.',
  ),
  distrusted: counter(
    'outrigger_distrusted_connections_total',
    { reason: DISTRUST },
    'Open connections closed because the certificate of the other end had expired, was revoked or is vouched for no more.',
  ),
  identityReloads: counter(
    'outrigger_identity_reloads_total',
    { result: ['success', 'failure'] },
    'Changes of certificate, key, trust bundles or revocation lists that were taken or refused.',
  ),
  identityEnd: gauge('outrigger_identity_expiration_timestamp_seconds', {}, 'When the own certificate ends.', 'min'),
  downstreamConnections: gauge('outrigger_downstream_connections', { listener: configured }, 'Downstream connections open now.'),
  downstreamAccepted: counter(
    'outrigger_downstream_connections_total',
    { listener: configured },
    'Downstream connections accepted.',
  ),
  ...UPSTREAM,
  dnsQueries: counter(
    'outrigger_dns_queries_total',
    { name: configured, result: ['success', 'failure'] },
    'DNS look-ups of names in the configuration.',
  ),
  dnsStale: gauge('outrigger_dns_stale', { name: configured }, '1 while the last good answer is used because DNS fails.', 'max'),
  kubernetesObjects: gauge(
    'outrigger_kubernetes_objects',
    { resource: configured },
    'Objects that are kept of a resource of the Kubernetes API.',
    'max',
  ),
  kubernetesBehind: gauge(
    'outrigger_kubernetes_behind',
    { resource: configured },
    '1 while the Kubernetes API does not answer, and what was last known of a resource is used.',
    'max',
  ),
  policyAudits: counter(
    'outrigger_policy_audits_total',
    { rule: configured },
    'Requests and connections that an audit policy wants noted.',
  ),
  dryRunVerdicts: counter(
    'outrigger_dry_run_verdicts_total',
    { verdict: ['allow', 'deny'], rule: configured },
    'What policies that run dry would have decided, by the rule; without one where no rule allows it.',
  ),
  shadowVerdicts: counter(
    'outrigger_shadow_verdicts_total',
    { from: ['allow', 'deny'], to: ['allow', 'deny'], rule: configured },
    'What was decided, what the candidate of --shadow would have decided, and by which of its rules.',
  ),
  reloads: counter(
    'outrigger_reloads_total',
    { result: ['success', 'failure'] },
    'Changes of the configuration that were loaded or refused.',
  ),
  reloadGood: gauge(
    'outrigger_reload_last_successful',
    {},
    '1 when the newest configuration is the one that serves, 0 when it was refused.',
    'min',
  ),
  reloadAt: gauge('outrigger_reload_last_success_timestamp_seconds', {}, 'When the serving configuration was loaded.', 'min'),
  generation: gauge('outrigger_snapshot_generation', {}, 'Counts the configurations that have served.', 'min'),
  ready: gauge('outrigger_ready', {}, '1 when ready.', 'min'),
  draining: gauge('outrigger_draining', {}, '1 while the proxy finishes what is under way before it stops.', 'max'),
  series: gauge(
    'outrigger_metric_series',
    { family: configured },
    'Label sets held per group of families; telemetry.maxSeries is their limit.',
    'max',
  ),
  overflows: counter(
    'outrigger_metric_series_overflows_total',
    {},
    'Records counted in an overflow series because telemetry.maxSeries was reached.',
  ),
  logLines: counter('outrigger_access_log_lines_total', {}, 'Lines handed to the access log.'),
  logDropped: counter(
    'outrigger_access_log_dropped_lines_total',
    {},
    'Access log lines lost because their destination was full, broken or too slow.',
  ),
  overload: gauge(
    'outrigger_overload_shed_ratio',
    { direction },
    'Share of new exchanges that is refused because the proxy has too much to do.',
    'max',
  ),
  loopDelay: histogram(
    'outrigger_event_loop_delay_seconds',
    {},
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
    'How late a timer of the event loop fired, sampled 20 times a second.',
  ),
  loopActive: counter(
    'outrigger_event_loop_active_seconds_total',
    {},
    'Time that the event loop worked; its rate is the utilization.',
  ),
  loopIdle: counter('outrigger_event_loop_idle_seconds_total', {}, 'Time that the event loop waited.'),
  buildInfo: gauge('outrigger_build_info', { version: configured }, 'Always 1; the label says what runs.', 'max'),
  istioBuild: gauge(
    'istio_build',
    { component: ['proxy'], tag: configured },
    "Always 1; what Istio's dashboards look for.",
    'max',
  ),
} as const satisfies Record<string, FamilySpec>

export type OwnKey = keyof typeof OWN
type KeyOfType<T> = { [K in OwnKey]: (typeof OWN)[K]['type'] extends T ? K : never }[OwnKey]
export type CounterKey = KeyOfType<'counter'>
export type GaugeKey = KeyOfType<'gauge'>
export type HistogramKey = KeyOfType<'histogram'>

/** The labels of an own family: the union of their values where the set is closed. */
export type LabelsOf<K extends OwnKey> = {
  readonly [L in keyof (typeof OWN)[K]['labels']]: (typeof OWN)[K]['labels'][L] extends readonly (infer V extends string)[]
    ? V
    : string
}
