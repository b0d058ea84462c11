// What Prometheus and its tools make of the answer. Their programs are used where they are installed.
import { execFile, spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/core/clock.ts'
import { openLog } from '../../src/telemetry/log.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { Readiness } from '../../src/telemetry/readiness.ts'
import { Recorder } from '../../src/telemetry/record.ts'
import { watchRuntime } from '../../src/telemetry/runtime.ts'
import { TelemetryServer } from '../../src/telemetry/server.ts'
import { eventually } from '../support/eventually.ts'
import { outcome } from '../support/outcome.ts'
import { parseText } from '../support/prometheus-text.ts'

/** Istio's own name, which the linter would have otherwise. */
const REMARK = 'istio_request_duration_milliseconds use base unit "seconds" instead of "milliseconds"'

async function setUp(t: Test) {
  const clock = systemClock
  const metrics = new Metrics({ clock, maxSeries: 1000 })
  const readiness = new Readiness()
  const log = await openLog({ level: 'silent', pretty: false, clock })
  const runtime = watchRuntime(metrics, { clock, readiness, version: '0.0.0' })
  const server = await TelemetryServer.start('127.0.0.1:0', {
    metricsText: () => metrics.text(),
    readiness,
    log,
    probe: () => Promise.resolve(undefined),
  })
  t.teardown(async () => {
    await server.close()
    await runtime.close()
    await log.close()
  })
  return { metrics, recorder: new Recorder(metrics), address: `127.0.0.1:${server.port}` }
}

/** Something of every kind. */
function fill({ metrics, recorder }: { metrics: Metrics; recorder: Recorder }): void {
  recorder.end(outcome())
  recorder.end(outcome({ kind: 'grpc', grpcStatus: 7, requestMessages: 1, responseMessages: 1, attempts: 2 }))
  recorder.end(outcome({ failure: 'downstream_gone', status: 0 }))
  recorder.end(outcome({ kind: 'tcp', requestBytes: 5 }))
  recorder.opened(outcome({ kind: 'tcp' }))
  metrics.counter('downstreamAccepted', { listener: 'a "quoted" \\ name\nof two lines' }).add()
  for (const service of ['catalog.shop:80', 'users.shop:80']) {
    metrics.counter('upstreamConnects', { service }).add()
    metrics.collectFrom('upstreamConnections', (put) => put({ service, state: 'idle' }, 1))
  }
  metrics.gauge('reloadAt', {}).set(1_767_225_600)
}

t.test('a scraper can read it', async (t) => {
  const telemetry = await setUp(t)
  fill(telemetry)
  const response = await fetch(`http://${telemetry.address}/metrics`)
  const samples = parseText(await response.text())
  t.ok(samples.length > 200, `${samples.length} samples`)
})

const missing = (program: string) =>
  spawnSync(program, ['--version']).error === undefined ? false : `${program} is not installed`

t.test("promtool has nothing to object to but Istio's name", { skip: missing('promtool') }, async (t) => {
  const telemetry = await setUp(t)
  fill(telemetry)
  const text = await (await fetch(`http://${telemetry.address}/metrics`)).text()
  const remarks = await new Promise<string>((resolve) => {
    const promtool = execFile('promtool', ['check', 'metrics'], (_error, stdout, stderr) => resolve(stdout + stderr))
    promtool.stdin?.end(text)
  })
  t.same(
    remarks.split('\n').filter((line) => line !== ''),
    [REMARK],
  )
})

t.test('Prometheus scrapes it and answers with a rate', { skip: missing('prometheus') }, async (t) => {
  const telemetry = await setUp(t)
  const web = `127.0.0.1:${await freePort()}`
  const folder = t.testdir()
  const targets = [{ targets: [telemetry.address] }]
  const scraping = {
    global: { scrape_interval: '200ms', scrape_timeout: '200ms' },
    scrape_configs: [{ job_name: 'outrigger', static_configs: targets }],
  }
  const config = join(folder, 'prometheus.json')
  writeFileSync(config, JSON.stringify(scraping))
  const options = [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${web}`]
  const prometheus = spawn('prometheus', options, { stdio: 'ignore' })
  const ended = new Promise((resolve) => prometheus.once('exit', resolve))
  t.teardown(async () => {
    prometheus.kill('SIGKILL')
    await ended
  })
  const query =
    'sum(rate(istio_requests_total{reporter="destination",destination_service_name="catalog",response_code="200"}[5s]))'
  const rate = await eventually(
    async () => {
      telemetry.recorder.end(outcome())
      const answer = (await (await fetch(`http://${web}/api/v1/query?query=${encodeURIComponent(query)}`)).json()) as Answer
      const value = Number(answer.data.result[0]?.value[1] ?? 0)
      return value > 1 ? value : undefined
    },
    { timeoutMs: 20_000, everyMs: 50 },
  )
  t.ok(rate > 1, `${rate} requests a second`)
})

interface Answer {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
