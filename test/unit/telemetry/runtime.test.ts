import t from 'tap'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Readiness } from '../../../src/telemetry/readiness.ts'
import { watchRuntime } from '../../../src/telemetry/runtime.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { parseText, textOf, valuesOf } from '../../support/prometheus-text.ts'

t.test('tells what runs, whether it is ready and how late its timers are', async (t) => {
  const clock = new FakeClock()
  const metrics = new Metrics({ clock, maxSeries: 100 })
  const readiness = new Readiness()
  const runtime = watchRuntime(metrics, { clock, readiness, version: '1.2.3' })
  const scrape = async () => parseText(await textOf(metrics.text()))
  const samples = await scrape()
  t.same(valuesOf(samples, 'outrigger_build_info', { version: '1.2.3' }), [1])
  t.same(valuesOf(samples, 'istio_build', { component: 'proxy', tag: 'outrigger-1.2.3' }), [1])
  t.same(valuesOf(samples, 'outrigger_ready'), [1])
  t.same(valuesOf(samples, 'outrigger_draining'), [0])
  t.equal(valuesOf(samples, 'outrigger_event_loop_idle_seconds_total').length, 1)
  readiness.drain()
  clock.advance(150)
  const later = await scrape()
  t.same(valuesOf(later, 'outrigger_ready'), [0])
  t.same(valuesOf(later, 'outrigger_draining'), [1])
  t.same(valuesOf(later, 'outrigger_event_loop_delay_seconds_count'), [3])
  t.same(valuesOf(later, 'outrigger_event_loop_delay_seconds_sum'), [0])
  await runtime.close()
  t.equal(clock.timers, 0)
  t.same(valuesOf(await scrape(), 'outrigger_ready'), [])
})
