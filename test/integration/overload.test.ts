// A sidecar whose event loop is blocked: refuses early, stays reachable for operators, and its peers try elsewhere.
import http from 'node:http'
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { freePort, httpOrigin } from '../support/origin.ts'
import { startSidecar } from '../support/sidecar.ts'

interface Got {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

function get(port: number, path = '/'): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, path, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    request.on('error', reject)
  })
}

function block(ms: number): void {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}

t.test('refuses with flag OM, says that nobody processed it, and serves health all the while', async (t) => {
  const app = await httpOrigin(t)
  const telemetry = await freePort()
  const { inbound, metric } = await startSidecar(t, {
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address, protocol: 'http' }] },
    telemetry: { listen: `127.0.0.1:${telemetry}` },
    overload: { loopDelay: '20ms' },
  })
  t.equal((await get(inbound)).status, 200)
  const refused = await eventually(
    async () => {
      block(200)
      const got = await get(inbound)
      return got.status === 503 ? got : undefined
    },
    { timeoutMs: 20_000 },
  )
  t.match(refused.body, /"error":"overload"/)
  t.equal(refused.headers['x-outrigger-unprocessed'], '1')
  t.ok((await metric('outrigger_failures_total', { code: 'overload' })) >= 1)
  t.ok((await metric('istio_requests_total', { response_flags: 'OM' })) >= 1)
  block(200)
  t.equal((await get(telemetry, '/healthz/live')).status, 200)
  await eventually(async () => (await metric('outrigger_overload_shed_ratio')) === 0)
  t.equal((await get(inbound)).status, 200, 'and then serves again')
})
