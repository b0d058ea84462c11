import t from 'tap'
import { Readiness } from '../../../src/telemetry/readiness.ts'

t.test('ready when nothing is missing', async (t) => {
  const readiness = new Readiness()
  t.ok(readiness.ready)
  const listening = readiness.need('listeners', 'listeners are not open')
  const loaded = readiness.need('config', 'no configuration is loaded')
  t.notOk(readiness.ready)
  t.same(readiness.missing, ['listeners are not open', 'no configuration is loaded'])
  listening()
  loaded()
  loaded()
  t.ok(readiness.ready)
})

t.test('never ready again once it drains', async (t) => {
  const readiness = new Readiness()
  readiness.drain()
  t.notOk(readiness.ready)
  t.ok(readiness.draining)
  t.same(readiness.missing, ['the proxy is shutting down'])
})
