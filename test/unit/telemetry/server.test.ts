import { get, request } from 'node:http'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { Readiness } from '../../../src/telemetry/readiness.ts'
import { type TelemetryDeps, TelemetryServer, takesGzip } from '../../../src/telemetry/server.ts'

const quiet = () => {}
const log = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet, with: () => log }

async function* metricsText() {
  yield 'a 1\n'
  yield 'b 2\n'
}

async function* failingText() {
  yield 'a 1\n'
  throw new Error('no')
}

async function setUp(t: Test, parts: Partial<TelemetryDeps> = {}) {
  const readiness = new Readiness()
  const server = await TelemetryServer.start('127.0.0.1:0', {
    metricsText,
    readiness,
    log,
    probe: () => Promise.resolve(undefined),
    ...parts,
  })
  t.teardown(() => server.close())
  return { readiness, server, ask: (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init) }
}

t.test('the same metrics under both names', async (t) => {
  const { ask } = await setUp(t)
  for (const path of ['/metrics', '/stats/prometheus?format=x']) {
    const response = await ask(path)
    t.equal(response.status, 200)
    t.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    t.equal(await response.text(), 'a 1\nb 2\n')
  }
})

t.test('zipped when that is asked for, and only then', async (t) => {
  const { server } = await setUp(t)
  const ask = (encoding: string) =>
    new Promise<{ zipped: boolean; body: Buffer }>((resolve, reject) => {
      get({ port: server.port, path: '/metrics', headers: { 'accept-encoding': encoding } }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ zipped: response.headers['content-encoding'] === 'gzip', body: Buffer.concat(chunks) }),
        )
      }).on('error', reject)
    })
  const zipped = await ask('gzip')
  t.ok(zipped.zipped)
  t.equal(gunzipSync(zipped.body).toString(), 'a 1\nb 2\n')
  t.notOk((await ask('identity')).zipped)
})

t.test('Accept-Encoding is read with its weights', async (t) => {
  for (const yes of ['gzip', 'deflate, GZIP;q=0.5', '*', 'br;q=1.0, *;q=0.1', 'x-gzip']) t.ok(takesGzip(yes), yes)
  for (const no of ['', 'identity', 'gzip;q=0', 'gzip; q=0.0, *', '*;q=0', 'deflate', 'gzipped']) t.notOk(takesGzip(no), no)
})

t.test('readiness names what is missing, liveness does not care', async (t) => {
  const { ask, readiness } = await setUp(t)
  const there = readiness.need('x', 'the application does not answer')
  const unready = await ask('/healthz/ready')
  t.equal(unready.status, 503)
  t.same(await unready.json(), { ready: false, missing: ['the application does not answer'] })
  t.equal((await ask('/healthz/live')).status, 200)
  there()
  t.equal((await ask('/healthz/ready')).status, 200)
  readiness.drain()
  t.equal((await ask('/healthz/ready')).status, 503)
  t.equal((await ask('/healthz/live')).status, 200)
})

t.test('anything else is refused with a word', async (t) => {
  const { ask } = await setUp(t)
  t.equal((await ask('/')).status, 404)
  const posted = await ask('/metrics', { method: 'POST', body: 'x' })
  t.equal(posted.status, 405)
  t.equal(posted.headers.get('allow'), 'GET, HEAD')
  const head = await ask('/metrics', { method: 'HEAD' })
  t.equal(head.status, 200)
  t.equal(await head.text(), '')
})

t.test('a port in use is told with the setting it came from', async (t) => {
  const { server } = await setUp(t)
  const deps = { metricsText: async function* () {}, readiness: new Readiness(), log, probe: () => Promise.resolve(undefined) }
  await t.rejects(TelemetryServer.start(`127.0.0.1:${server.port}`, deps), {
    message: `cannot listen on 127.0.0.1:${server.port}: the port is in use by another process (telemetry.listen)`,
  })
})

t.test('numbers that fail end the answer as broken, not as complete', async (t) => {
  const warnings: string[] = []
  const { ask } = await setUp(t, { metricsText: failingText, log: { ...log, warn: (message: string) => warnings.push(message) } })
  await t.rejects(ask('/metrics').then((response) => response.text()))
  t.equal(warnings.length, 1)
})

t.test('close does not wait for connections that are open', async (t) => {
  const { server, ask } = await setUp(t)
  await (await ask('/healthz/live')).text()
  const hanging = request({ port: server.port, path: '/metrics', method: 'GET' })
  hanging.on('error', () => {})
  hanging.flushHeaders()
  await server.close()
})
