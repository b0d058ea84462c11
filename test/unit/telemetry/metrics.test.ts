import t, { type Test } from 'tap'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import type { Outcome, Party } from '../../../src/telemetry/outcome.ts'
import { partyOf } from '../../../src/telemetry/party.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { type MetricCase, metricFacts, type WorkloadFacts } from '../../support/metric-facts.ts'
import { cart, catalog, outcome } from '../../support/outcome.ts'
import { parseText, type TextSample, textOf, valuesOf } from '../../support/prometheus-text.ts'

const metricsOf = (maxSeries = 100, clock = new FakeClock()) => new Metrics({ clock, maxSeries })
const scrape = async (metrics: Metrics): Promise<TextSample[]> => parseText(await textOf(metrics.text()))

t.test("an exchange counts once in each of Istio's families", async (t) => {
  const metrics = metricsOf()
  metrics.ended(outcome({ durationMs: 7, requestBytes: 30, responseBytes: 2000 }))
  const samples = await scrape(metrics)
  t.same(valuesOf(samples, 'istio_requests_total'), [1])
  t.same(valuesOf(samples, 'istio_request_duration_milliseconds_sum'), [7])
  t.same(valuesOf(samples, 'istio_request_duration_milliseconds_bucket', { le: '5' }), [0])
  t.same(valuesOf(samples, 'istio_request_duration_milliseconds_bucket', { le: '10' }), [1])
  t.same(valuesOf(samples, 'istio_request_bytes_sum'), [30])
  t.same(valuesOf(samples, 'istio_response_bytes_sum'), [2000])
  t.same(valuesOf(samples, 'istio_request_messages_total'), [], "gRPC's only with gRPC")
})

t.test('parties with the same labels are one series, whatever objects they are', async (t) => {
  const metrics = metricsOf()
  metrics.ended(outcome())
  metrics.ended(outcome({ source: { ...cart }, destination: { ...catalog } }))
  t.same(valuesOf(await scrape(metrics), 'istio_requests_total'), [2])
})

t.test('status, gRPC status, protocol, flag, security and direction each make a series of their own', async (t) => {
  const metrics = metricsOf()
  const each: Partial<Outcome>[] = [
    {},
    { status: 204 },
    { kind: 'grpc', grpcStatus: 0 },
    { kind: 'grpc', grpcStatus: 16 },
    { kind: 'grpc' },
    { failure: 'no_endpoint', status: 503 },
    { security: 'mutual_tls' },
    { security: 'unknown' },
    { direction: 'outbound' },
  ]
  for (const parts of each) metrics.ended(outcome(parts))
  const samples = await scrape(metrics)
  t.equal(valuesOf(samples, 'istio_requests_total').length, each.length)
  const one = {
    response_code: '503',
    response_flags: 'UH',
    reporter: 'destination',
    grpc_response_status: '',
    connection_security_policy: 'none',
  }
  t.same(valuesOf(samples, 'istio_requests_total', one), [1])
  t.same(valuesOf(samples, 'istio_requests_total', { grpc_response_status: '16', request_protocol: 'grpc' }), [1])
})

t.test('a status that is none becomes 0, a gRPC status that is none becomes nothing', async (t) => {
  const metrics = metricsOf()
  for (const status of [0, 99, 600, -1, 1e9, NaN]) metrics.ended(outcome({ status, kind: 'grpc', grpcStatus: 17 }))
  t.same(valuesOf(await scrape(metrics), 'istio_requests_total', { response_code: '0', grpc_response_status: '' }), [6])
})

t.test('the calling side does not vouch for the connection, as with Istio', async (t) => {
  const metrics = metricsOf()
  metrics.ended(outcome({ direction: 'outbound', security: 'mutual_tls' }))
  t.same(
    valuesOf(await scrape(metrics), 'istio_requests_total', { reporter: 'source', connection_security_policy: 'unknown' }),
    [1],
  )
})

t.test('own overhead is what the upstream did not take; not of failures, upgrades and local answers', async (t) => {
  const metrics = metricsOf()
  metrics.ended(outcome({ durationMs: 2, upstreamMs: 1.5 }))
  metrics.ended(outcome({ durationMs: 1, upstreamMs: 1.1 }))
  for (const parts of [{ failure: 'upstream_reset' }, { upgraded: true }, { attempts: 0 }] as const)
    metrics.ended(outcome({ ...parts, durationMs: 900 }))
  const samples = await scrape(metrics)
  t.same(valuesOf(samples, 'outrigger_proxy_overhead_seconds_count', { direction: 'inbound' }), [2])
  t.same(valuesOf(samples, 'outrigger_proxy_overhead_seconds_sum', { direction: 'inbound' }), [0.0005])
})

t.test('failures are counted by code, retries by service', async (t) => {
  const metrics = metricsOf()
  metrics.ended(outcome({ failure: 'no_route', status: 404 }))
  metrics.ended(outcome({ attempts: 3 }))
  metrics.ended(outcome({ attempts: 2 }))
  const samples = await scrape(metrics)
  t.same(valuesOf(samples, 'outrigger_failures_total', { code: 'no_route', direction: 'inbound' }), [1])
  t.same(valuesOf(samples, 'outrigger_retries_total', { service: 'catalog.shop.svc.cluster.local' }), [3])
})

t.test('gRPC messages are counted where somebody counts them', async (t) => {
  const metrics = metricsOf()
  metrics.ended(outcome({ kind: 'grpc', grpcStatus: 0, requestMessages: 2, responseMessages: 5 }))
  const samples = await scrape(metrics)
  t.same(valuesOf(samples, 'istio_request_messages_total'), [2])
  t.same(valuesOf(samples, 'istio_response_messages_total'), [5])
})

t.test('others bind by key; what they bound is there at each scrape', async (t) => {
  const metrics = metricsOf()
  metrics.counter('refusals', { direction: 'inbound', reason: 'proxy_protocol' }).add(2)
  metrics.gauge('generation', {}).set(7)
  metrics.histogram('loopDelay', {}).observe(0.002)
  metrics.collectFrom('upstreamConnections', (put) => put({ service: 'catalog.shop:80', state: 'idle' }, 3))
  const samples = await scrape(metrics)
  t.same(valuesOf(samples, 'outrigger_downstream_refusals_total', { reason: 'proxy_protocol', direction: 'inbound' }), [2])
  t.same(valuesOf(samples, 'outrigger_snapshot_generation'), [7])
  t.same(valuesOf(samples, 'outrigger_event_loop_delay_seconds_count'), [1])
  t.same(valuesOf(samples, 'outrigger_upstream_connections', { service: 'catalog.shop:80', state: 'idle' }), [3])
})

t.test('process metrics are there too', async (t) => {
  const samples = await scrape(metricsOf())
  t.equal(valuesOf(samples, 'process_cpu_seconds_total').length, 1)
  t.equal(valuesOf(samples, 'nodejs_eventloop_lag_p99_seconds').length, 1)
})

t.test('a snapshot carries the numbers of every family', async (t) => {
  const metrics = metricsOf()
  metrics.ended(outcome())
  const { families, process } = await metrics.snapshot()
  t.equal(families['istio_requests_total']?.[0]?.[1][0], 1)
  t.ok(process.length > 10)
  t.same(JSON.parse(JSON.stringify(families)), families)
})

t.test("the complete label sets that Istio's own tests expect", async (t) => {
  const facts = metricFacts()
  if (facts === undefined) {
    t.pass('', { skip: '../shared/conformance is missing' })
    return
  }
  const cases = facts.cases.filter(({ id }) => ['golden-grpc', 'golden-tcp-discovery'].includes(id))
  t.equal(cases.length, 2)
  for (const one of cases) {
    for (const side of ['client', 'server'] as const) await golden(t, one, side)
  }
})

async function golden(t: Test, one: MetricCase, side: 'client' | 'server'): Promise<void> {
  const { context } = one
  const metrics = metricsOf()
  const tcp = one.id.includes('tcp')
  const exchange = outcome({
    direction: side === 'client' ? 'outbound' : 'inbound',
    source: goldenParty(context.client, context.principals?.client),
    destination: { ...goldenParty(context.server, context.principals?.server), ...partyService(context.service) },
    security: context.mtls ? 'mutual_tls' : 'none',
    kind: tcp ? 'tcp' : 'grpc',
    grpcStatus: tcp ? -1 : 7,
    requestBytes: 6,
    responseBytes: 12,
  })
  for (let i = 0; i < 10; i++) {
    if (tcp) metrics.closed(metrics.opened(exchange), exchange)
    else metrics.ended(exchange)
  }
  const samples = await scrape(metrics)
  for (const { observedAt, metric, labels, value } of one.expect) {
    // there app and version come from discovery, which knows canonical names only; ours are the labels of the workload
    const known = { source_app: 'productpage', source_version: 'v1', destination_app: 'ratings', destination_version: 'v1' }
    const expected = tcp ? { ...labels, ...known } : labels
    if (observedAt !== side) continue
    t.match(
      samples.find(({ name }) => name === metric),
      { labels: expected, value },
      `${one.id} ${side} ${metric}`,
    )
    t.same(Object.keys(samples.find(({ name }) => name === metric)?.labels ?? {}).sort(), Object.keys(labels).sort())
  }
}

function goldenParty({ workload, namespace, labels, cluster }: WorkloadFacts, principal?: string): Party {
  return partyOf({ name: workload, namespace, labels, cluster, ...(principal === undefined ? {} : { principal }) })
}

function partyService({
  host,
  name,
  namespace,
}: MetricCase['context']['service']): Pick<Party, 'service' | 'serviceName' | 'serviceNamespace'> {
  return { service: host, serviceName: name, serviceNamespace: namespace }
}
