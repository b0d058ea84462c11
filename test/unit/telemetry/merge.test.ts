import t from 'tap'
import { Merged, type MetricsSnapshot, mergedText } from '../../../src/telemetry/merge.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { outcome } from '../../support/outcome.ts'
import { parseText, textOf, valuesOf } from '../../support/prometheus-text.ts'

async function snapshotOf(fill: (metrics: Metrics) => void): Promise<MetricsSnapshot> {
  const metrics = new Metrics({ clock: new FakeClock(), maxSeries: 100 })
  fill(metrics)
  // as it comes through the channel between processes
  return JSON.parse(JSON.stringify(await metrics.snapshot())) as MetricsSnapshot
}

t.test('counters and buckets add up; gauges do as they are declared', async (t) => {
  const snapshots = [
    await snapshotOf((metrics) => {
      metrics.ended(outcome({ durationMs: 0.1 }))
      metrics.gauge('ready', {}).set(1)
      metrics.gauge('draining', {}).set(0)
      metrics.gauge('upstreamPending', { service: 'a' }).set(2)
    }),
    await snapshotOf((metrics) => {
      metrics.ended(outcome({ durationMs: 700 }))
      metrics.ended(outcome({ status: 404 }))
      metrics.gauge('ready', {}).set(0)
      metrics.gauge('draining', {}).set(1)
      metrics.gauge('upstreamPending', { service: 'a' }).set(3)
    }),
  ]
  const samples = parseText(await textOf(mergedText(snapshots)))
  t.same(valuesOf(samples, 'istio_requests_total', { response_code: '200' }), [2])
  t.same(valuesOf(samples, 'istio_requests_total', { response_code: '404' }), [1])
  const ok = { response_code: '200' }
  t.same(valuesOf(samples, 'istio_request_duration_milliseconds_bucket', { ...ok, le: '0.5' }), [1])
  t.same(valuesOf(samples, 'istio_request_duration_milliseconds_bucket', { ...ok, le: '1000' }), [2])
  t.same(valuesOf(samples, 'istio_request_duration_milliseconds_sum', ok), [700.1])
  t.same(valuesOf(samples, 'outrigger_ready'), [0])
  t.same(valuesOf(samples, 'outrigger_draining'), [1])
  t.same(valuesOf(samples, 'outrigger_upstream_pending_requests'), [5])
  t.equal(valuesOf(samples, 'process_cpu_seconds_total').length, 1)
})

t.test('of a process that has gone, counters last and gauges do not', async (t) => {
  const gone = new Merged()
  gone.add(
    await snapshotOf((metrics) => {
      metrics.ended(outcome())
      metrics.gauge('upstreamPending', { service: 'a' }).set(2)
    }),
    true,
  )
  const samples = parseText(await textOf(mergedText([gone.snapshot()])))
  t.same(valuesOf(samples, 'istio_requests_total'), [1])
  t.same(valuesOf(samples, 'outrigger_upstream_pending_requests'), [])
})
