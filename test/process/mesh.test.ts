// The main job: real clients through two sidecars to real servers, with the metrics scraped by a real Prometheus.

import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { eventually } from '../support/eventually.ts'
import { freePort, httpOrigin } from '../support/origin.ts'
import { missing, runProgram, startNginx, startProgram } from '../support/programs.ts'
import { type SidecarProcess, startSidecarProcess, temporaryFolder } from '../support/sidecar-process.ts'

interface Mesh {
  /** Of the caller's sidecar. */
  readonly outbound: number
  readonly caller: SidecarProcess
  readonly callee: SidecarProcess
}

/** A caller's sidecar and the one of the application at `app`, known as catalog.shop. */
async function startMesh(t: Test, app: number): Promise<Mesh> {
  const [inbound, outbound] = [await freePort(), await freePort()]
  const callee = await startSidecarProcess(t, {
    settings: {
      workload: { name: 'catalog-1', namespace: 'shop', labels: { app: 'catalog', version: 'v1' } },
      listeners: { inbound: [{ listen: `127.0.0.1:${inbound}`, app: `127.0.0.1:${app}` }] },
      drain: { grace: '300ms' },
    },
  })
  const caller = await startSidecarProcess(t, {
    settings: {
      workload: { name: 'frontend-1', namespace: 'shop', labels: { app: 'frontend', version: 'v1' } },
      listeners: { outbound: [{ listen: `127.0.0.1:${outbound}` }] },
      services: [{ name: 'catalog', namespace: 'shop', port: 80, endpoints: [{ address: `127.0.0.1:${inbound}` }] }],
    },
  })
  return { outbound, caller, callee }
}

t.test('carries curl and wrk to nginx through two sidecars', { skip: missing('nginx', 'curl', 'wrk') }, async (t) => {
  const nginx = await startNginx(t, { 'index.html': 'x'.repeat(1024) })
  const { outbound, callee } = await startMesh(t, nginx)
  const url = `http://127.0.0.1:${outbound}/index.html`
  const head = await runProgram('curl', ['-sS', '-i', '-H', 'Host: catalog.shop', url])
  t.match(head, /^HTTP\/1\.1 200 OK\r\nServer: nginx/)
  const proxied = await runProgram('curl', [
    '-sS',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code} %{size_download}',
    '-x',
    `http://127.0.0.1:${outbound}`,
    'http://catalog/index.html',
  ])
  t.equal(proxied, '200 1024')
  const load = await runProgram('wrk', ['-t1', '-c16', '-d2', '-H', 'Host: catalog.shop', url])
  t.match(load, /requests in/)
  t.notMatch(load, /Non-2xx|Socket errors/, 'every request is answered well')
  const metrics = await (await fetch(`${callee.telemetry}/metrics`)).text()
  const counted = Number(/istio_requests_total\{reporter="destination".*response_code="200".*\} (\d+)/.exec(metrics)?.[1])
  const sent = Number(/(\d+) requests in/.exec(load)?.[1])
  t.ok(counted >= sent + 2, `what was sent is counted: ${counted} of ${sent} and 2`)
})

t.test('carries a WebSocket to a Node application and ends it with 1001 when the sidecar goes', async (t) => {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets.clients) socket.terminate()
    sockets.close()
    server.close()
  })
  const { outbound, callee } = await startMesh(t, (server.address() as { port: number }).port)
  const client = new WebSocket(`ws://127.0.0.1:${outbound}/chat`, { headers: { host: 'catalog.shop' } })
  t.teardown(() => client.terminate())
  await new Promise((resolve, reject) => client.once('open', resolve).once('error', reject))
  for (const size of [1, 125, 126, 70_000, 1_000_000]) {
    const echoed = new Promise<Buffer>((resolve) => client.once('message', (data: Buffer) => resolve(data)))
    client.send(Buffer.alloc(size, size % 251))
    t.equal((await echoed).length, size, `${size} bytes there and back`)
  }
  const closed = new Promise<number>((resolve) => client.once('close', (code) => resolve(code)))
  const exit = callee.stop()
  t.equal(await closed, 1001)
  t.same(await exit, { code: 0, signal: null })
})

t.test('is scraped by a real Prometheus', { skip: missing('prometheus', 'promtool') }, async (t) => {
  const origin = await httpOrigin(t)
  const { outbound, caller } = await startMesh(t, origin.port)
  const folder = temporaryFolder(t)
  const port = await freePort()
  const config = join(folder, 'prometheus.yml')
  writeFileSync(
    config,
    `global: { scrape_interval: 200ms }
scrape_configs: [ { job_name: sidecar, static_configs: [ { targets: [ '${new URL(caller.telemetry).host}' ] } ] } ]`,
  )
  startProgram(t, 'prometheus', [
    `--config.file=${config}`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
  ])
  const query = encodeURIComponent(
    'sum(rate(istio_requests_total{reporter="source",destination_service_name="catalog",response_code="200"}[5s]))',
  )
  const rate = await eventually(
    async () => {
      await runCalls(outbound)
      const answer = (await (await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${query}`)).json()) as {
        data: { result: { value: [number, string] }[] }
      }
      const value = Number(answer.data.result[0]?.value[1] ?? 0)
      return value > 0 ? value : undefined
    },
    { timeoutMs: 20_000, everyMs: 100 },
  )
  t.ok(rate > 0, `rate(istio_requests_total[5s]) is ${rate}`)
  const file = join(folder, 'metrics')
  writeFileSync(file, await (await fetch(`${caller.telemetry}/stats/prometheus`)).text())
  const complaints = await runProgram('sh', ['-c', `promtool check metrics < ${file} || true`])
  // the name is Istio's, and its dashboards ask for it
  t.equal(complaints.trim(), 'istio_request_duration_milliseconds use base unit "seconds" instead of "milliseconds"')
})

async function runCalls(outbound: number): Promise<void> {
  for (let i = 0; i < 5; i++)
    await runProgram('curl', ['-sS', '-o', '/dev/null', '-x', `http://127.0.0.1:${outbound}`, 'http://catalog.shop/'])
}
