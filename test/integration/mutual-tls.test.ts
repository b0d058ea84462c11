// Two sidecars that speak mutual TLS with each other: requests, bytes, both versions of HTTP, and what happens when the other end is not
// who was meant.
import { once } from 'node:events'
import { createServer as createTlsServer } from 'node:tls'
import t, { type Test } from 'tap'
import { TestAuthority } from '../support/certificates.ts'
import { eventually } from '../support/eventually.ts'
import { httpOrigin, type Origin, tcpOrigin } from '../support/origin.ts'
import { rawClient } from '../support/raw-peer.ts'
import { startSidecar, type TestSidecar } from '../support/sidecar.ts'

interface Pair {
  readonly near: TestSidecar
  readonly far: TestSidecar
  readonly app: Origin
}

interface PairOptions {
  readonly app?: Origin
  readonly near?: string
  readonly far?: string
  readonly listener?: Record<string, unknown>
  readonly outbound?: Record<string, unknown>
  readonly service?: Record<string, unknown>
  readonly endpoint?: Record<string, unknown>
}

/** front.web calls catalog.shop. */
async function pair(t: Test, ours: TestAuthority, options: PairOptions = {}): Promise<Pair> {
  const { near: nearFolder = ours.workload('web', 'front'), far: farFolder = ours.workload('shop', 'catalog') } = options
  const app = options.app ?? (await httpOrigin(t))
  const far = await startSidecar(t, {
    workload: { name: 'catalog-1', namespace: 'shop', serviceAccount: 'catalog' },
    identity: { folder: farFolder },
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address, mtls: 'strict', ...options.listener }] },
  })
  const near = await startSidecar(t, {
    workload: { name: 'front-1', namespace: 'web', serviceAccount: 'front' },
    identity: { folder: nearFolder },
    listeners: { outbound: [{ listen: '127.0.0.1:0', ...options.outbound }] },
    services: [service(far.inbound, options)],
  })
  return { near, far, app }
}

function service(port: number, options: PairOptions): Record<string, unknown> {
  return {
    name: 'catalog',
    namespace: 'shop',
    port: 80,
    endpoints: [{ address: `127.0.0.1:${port}`, serviceAccount: 'catalog', ...options.endpoint }],
    tls: { mode: 'mesh' },
    ...options.service,
  }
}

async function get({ outbound }: TestSidecar, body = ''): Promise<{ status: number; text: string }> {
  const client = await rawClient(t, outbound)
  client.send(
    `${body === '' ? 'GET' : 'POST'} /items HTTP/1.1\r\nHost: catalog.shop\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  const text = await client.gone()
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text }
}

for (const protocol of ['http', 'http2'] as const) {
  t.test(`carries requests between sidecars over mutual TLS: ${protocol}`, async (t) => {
    const { near, far, app } = await pair(t, new TestAuthority(t), { service: { protocol }, listener: { appProtocol: 'http' } })
    for (let i = 0; i < 5; i++) {
      const { status, text } = await get(near, 'x'.repeat(200_000))
      t.equal(status, 200)
      t.match(text, /"method":"POST"/)
      t.ok(text.includes('x'.repeat(200_000)))
    }
    t.equal(app.seen(), 5)
    await eventually(async () => (await far.metric('istio_requests_total')) === 5)
    const labels = { connection_security_policy: 'mutual_tls', source_principal: 'spiffe://cluster.local/ns/web/sa/front' }
    t.equal(await far.metric('istio_requests_total', labels), 5)
    t.equal(await far.metric('outrigger_downstream_connections_total'), 1, 'on one connection')
    t.match((await get(near)).text, /x-forwarded-client-cert":"By=spiffe:[^"]*sa\/catalog;.*sa\/front"/)
  })
}

t.test('speaks mutual TLS with endpoints that say they have a sidecar, and plaintext with others', async (t) => {
  const ours = new TestAuthority(t)
  const listener = { mtls: 'permissive' }
  const labels = { 'security.istio.io/tlsMode': 'istio' }
  const secured = await pair(t, ours, { listener, service: {}, endpoint: { labels } })
  const plain = await pair(t, ours, { listener, service: { tls: { mode: 'auto' } } })
  for (const [{ near, far }, policy] of [
    [secured, 'mutual_tls'],
    [plain, 'none'],
  ] as const) {
    t.equal((await get(near)).status, 200)
    await eventually(async () => (await far.metric('istio_requests_total', { connection_security_policy: policy })) === 1)
  }
})

t.test('carries bytes both ways, and each end of them', async (t) => {
  const app = await tcpOrigin(t, (socket) => {
    socket.write('220 ready\r\n')
    socket.on('data', (bytes: Buffer) => void socket.write(bytes))
    socket.on('end', () => socket.end('bye'))
  })
  const { near, far } = await pair(t, new TestAuthority(t), {
    app,
    listener: { protocol: 'tcp' },
    outbound: { protocol: 'tcp', service: 'catalog.shop' },
  })
  const client = await rawClient(t, near.outbound)
  await client.until('220 ready\r\n')
  client.send('hello')
  await client.until('hello')
  client.socket.end()
  t.match(await client.gone(), /bye$/)
  await eventually(async () => (await far.metric('istio_tcp_connections_closed_total')) === 1)
  const labels = { connection_security_policy: 'mutual_tls', source_principal: 'spiffe://cluster.local/ns/web/sa/front' }
  t.equal(await far.metric('istio_tcp_connections_opened_total', labels), 1)
})

t.test('tells who connected by PROXY protocol in front of TLS', async (t) => {
  const { near, far } = await pair(t, new TestAuthority(t), {
    listener: { proxyProtocol: 'require' },
    service: { sendProxyProtocol: 'v2' },
  })
  t.equal((await get(near, 'y'.repeat(100_000))).status, 200)
  await eventually(async () => (await far.metric('istio_requests_total', { connection_security_policy: 'mutual_tls' })) === 1)
})

const WRONG: Record<string, (ours: TestAuthority, t: Test) => PairOptions> = {
  'another service account': () => ({ endpoint: { serviceAccount: 'cart' } }),
  'another namespace': (ours) => ({ far: ours.workload('evil', 'catalog') }),
  'another namespace, where the service account is not known': (ours) => ({
    far: ours.workload('evil', 'catalog'),
    endpoint: { serviceAccount: undefined },
  }),
  'none of the names that are configured': () => ({
    service: { tls: { mode: 'mesh', subjectAltNames: ['spiffe://cluster.local/ns/shop/sa/cart'] } },
  }),
  'an authority that is not believed': (_ours, t) => ({ far: new TestAuthority(t).workload('shop', 'catalog') }),
  'an expired certificate': (ours) => ({ far: ours.folderOf(ours.issue('shop', 'catalog', { notAfterMs: Date.now() - 1000 })) }),
}
for (const [name, options] of Object.entries(WRONG)) {
  t.test(`sends nothing to an endpoint with ${name}`, async (t) => {
    const ours = new TestAuthority(t)
    const { near, app } = await pair(t, ours, options(ours, t))
    const { status, text } = await get(near)
    t.equal(status, 503)
    t.notMatch(text, /spiffe|127\.0\.0\.1/, 'the caller is told nothing of it')
    t.equal(app.seen(), 0)
    await eventually(async () => (await near.metric('istio_requests_total', { response_flags: 'UF' })) === 1)
  })
}

t.test('does not fall back to plaintext where the endpoint does not speak TLS', async (t) => {
  const heard: string[] = []
  const app = await tcpOrigin(t, (socket) => {
    socket.on('data', (bytes: Buffer) => {
      heard.push(bytes.toString('latin1'))
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    })
  })
  const ours = new TestAuthority(t)
  const near = await startSidecar(t, {
    identity: { folder: ours.workload('web', 'front') },
    listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
    services: [service(app.port, {})],
  })
  t.equal((await get(near)).status, 503)
  t.notMatch(heard.join(''), /items/)
})

t.test('speaks TLS with services outside of the mesh, and checks their names', async (t) => {
  const ours = new TestAuthority(t)
  const files = ours.issue('', '', { uris: ['https://catalog.example/'] })
  const server = createTlsServer({ cert: files.cert, key: files.key, ALPNProtocols: ['http/1.1'] }, (socket) => {
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n${socket.servername || 'none'}`.slice(0, 64)),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const bundle = `${ours.folderOf(files)}/ca.crt`
  const call = async (tls: Record<string, unknown>): Promise<number> => {
    const near = await startSidecar(t, {
      listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
      services: [service(port, { service: { tls: { mode: 'simple', ...tls } }, endpoint: { serviceAccount: undefined } })],
    })
    return (await get(near)).status
  }
  const named = { sni: 'catalog.example', subjectAltNames: ['https://catalog.example/'] }
  t.equal(await call({ caCertificates: bundle, ...named }), 200)
  t.equal(await call({ caCertificates: bundle, sni: 'catalog.example' }), 503, 'the name is not in the certificate')
  t.equal(await call({ caCertificates: bundle, ...named, subjectAltNames: ['other.example'] }), 503)
  t.equal(await call(named), 503, 'the system does not know the authority')
  t.equal(await call({ caCertificates: '/nowhere/ca.crt', ...named }), 503)
})
