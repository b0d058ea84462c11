import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { AccessLog, openAccessLog } from '../../../src/telemetry/access-log.ts'
import { timeText } from '../../../src/telemetry/access-log-values.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { outcome } from '../../support/outcome.ts'

function setUp(chances: number[] = []) {
  const clock = new FakeClock(chances)
  const metrics = new Metrics({ clock, maxSeries: 100 })
  return { clock, metrics, deps: { clock, metrics, onTrouble: () => {} } }
}

t.test('successes are sampled, failures are all logged', async (t) => {
  const { clock, metrics } = setUp([0.05, 0.5, 0.09, 0.1])
  const lines: string[] = []
  const sink = { write: (line: string) => lines.push(line), reopen() {}, close: () => Promise.resolve() }
  const log = new AccessLog({ sink, line: (x) => x.requestId, sample: 0.1, clock, lines: metrics.counter('logLines', {}) })
  for (const requestId of ['1', '2', '3', '4']) log.write(outcome({ requestId }))
  t.same(lines.splice(0), ['1', '3'])
  log.write(outcome({ requestId: 'failure', failure: 'no_route', status: 404 }))
  log.write(outcome({ requestId: 'status', status: 500 }))
  log.write(outcome({ requestId: 'grpc', kind: 'grpc', grpcStatus: 14 }))
  t.same(lines, ['failure', 'status', 'grpc'])
})

t.test('off is nothing at all', async (t) => {
  t.equal(openAccessLog({ format: 'off', file: 'stdout', sample: 1 }, setUp().deps), undefined)
})

for (const [format, start] of [
  ['json', '{"start_time"'],
  ['text', '[2026-01-02T'],
] as const) {
  t.test(`writes ${format} to a file`, async (t) => {
    const file = join(t.testdir(), 'access.log')
    const log = openAccessLog({ format, file, sample: 1 }, setUp().deps)
    log?.write(outcome())
    log?.write(outcome())
    await log?.close()
    const lines = readFileSync(file, 'utf8').split('\n')
    t.equal(lines.length, 3)
    t.ok(lines[0]?.startsWith(start))
  })
}

t.test("a file that can't be opened is told with the setting it came from", async (t) => {
  const file = join(t.testdir(), 'missing', 'access.log')
  t.throws(
    () => openAccessLog({ format: 'json', file, sample: 1 }, setUp().deps),
    /cannot write the access log to .*ENOENT.*\(accessLog\.file\)/,
  )
})

t.test('times have milliseconds, also around the turn of a second', async (t) => {
  const at = Date.UTC(2026, 0, 1)
  for (const ms of [at, at + 1, at + 45, at + 999.7, at + 1000, at - 0.5])
    t.equal(timeText(ms), new Date(Math.floor(ms)).toISOString())
})
