import t from 'tap'
import { AccessLog } from '../../../src/telemetry/access-log.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { Recorder } from '../../../src/telemetry/record.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { outcome } from '../../support/outcome.ts'
import { parseText, textOf, valuesOf } from '../../support/prometheus-text.ts'

function setUp() {
  const clock = new FakeClock()
  const metrics = new Metrics({ clock, maxSeries: 100 })
  const lines: string[] = []
  const sink = { write: (line: string) => lines.push(line), reopen() {}, close: () => Promise.resolve() }
  const accessLog = new AccessLog({ sink, line: (x) => x.requestId, sample: 1, clock, lines: metrics.counter('logLines', {}) })
  const recorder = new Recorder(metrics, accessLog)
  const read = async (name: string) => valuesOf(parseText(await textOf(metrics.text())), name)
  return { recorder, lines, read }
}

t.test('an outcome counts and is logged once, however often it is ended', async (t) => {
  const { recorder, lines, read } = setUp()
  const exchange = outcome({ requestId: 'a' })
  recorder.end(exchange)
  recorder.end(exchange)
  t.same(lines, ['a'])
  t.same(await read('istio_requests_total'), [1])
})

t.test('a TCP connection is opened, and closed with its bytes', async (t) => {
  const { recorder, read, lines } = setUp()
  const connection = outcome({ kind: 'tcp', requestBytes: 3, responseBytes: 4 })
  const tally = recorder.opened(connection)
  t.same(await read('istio_tcp_connections_opened_total'), [1])
  t.same(await read('istio_tcp_connections_closed_total'), [0])
  recorder.end(connection, tally)
  t.same(await read('istio_tcp_connections_closed_total'), [1])
  t.same(await read('istio_tcp_received_bytes_total'), [3])
  t.same(await read('istio_requests_total'), [])
  t.equal(lines.length, 1)
})

t.test('a TCP connection that never got that far is opened and closed at once', async (t) => {
  const { recorder, read } = setUp()
  recorder.end(outcome({ kind: 'tcp', failure: 'policy_denied' }))
  t.same(await read('istio_tcp_connections_opened_total'), [1])
  t.same(await read('istio_tcp_connections_closed_total'), [1])
})

t.test('the access log can be changed while running', async (t) => {
  const { recorder, lines } = setUp()
  const former = recorder.useAccessLog(undefined)
  recorder.end(outcome())
  t.same(lines, [])
  recorder.useAccessLog(former)
  recorder.end(outcome())
  t.equal(lines.length, 1)
})
