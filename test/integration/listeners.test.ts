// Listeners with real sockets: what is spoken is found out, who connected is told, and what does not belong there is refused and counted.
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { httpOrigin, tcpOrigin } from '../support/origin.ts'
import { missing, runProgram } from '../support/programs.ts'
import { RawPeer, rawClient, rawOrigin } from '../support/raw-peer.ts'
import { startSidecar } from '../support/sidecar.ts'
import { temporaryFolder } from '../support/sidecar-process.ts'

const GET = 'GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n'

function inbound(t: Test, app: string, more: Record<string, unknown> = {}) {
  return startSidecar(t, { listeners: { inbound: [{ listen: '127.0.0.1:0', app, ...more }] } })
}

t.test('finds HTTP/1 and other TCP out by itself', async (t) => {
  const http = await httpOrigin(t)
  const web = await inbound(t, http.address)
  const caller = await rawClient(t, web.inbound)
  caller.send(GET)
  t.match(await caller.gone(), /^HTTP\/1\.1 200 OK\r\n/)
  const echo = await tcpOrigin(t, (socket) => void socket.pipe(socket))
  const other = await inbound(t, echo.address)
  const client = await rawClient(t, other.inbound)
  client.send('\x01\x02 bytes')
  await client.until('\x01\x02 bytes')
  t.equal(await other.metric('istio_tcp_connections_opened_total'), 1)
})

t.test('a server that speaks first is heard after the detection timeout, at once where TCP is fixed', async (t) => {
  const smtp = await tcpOrigin(t, (socket) => void socket.write('220 ready\r\n'))
  const auto = await inbound(t, smtp.address, { detectionTimeout: '100ms' })
  await (await rawClient(t, auto.inbound)).until('220 ready')
  const fixed = await inbound(t, smtp.address, { protocol: 'tcp', detectionTimeout: '1h' })
  await (await rawClient(t, fixed.inbound)).until('220 ready')
})

t.test('carries an application behind a Unix socket, and survives callers that cut their connections', async (t) => {
  const path = join(temporaryFolder(t), 'app.sock')
  const server = createServer((socket) => void socket.on('error', () => {}).pipe(socket))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  t.teardown(() => server.close())
  const { inbound: port, sidecar } = await inbound(t, `unix:${path}`, { protocol: 'tcp' })
  const rude = await rawClient(t, port)
  rude.send('hello')
  await rude.until('hello')
  rude.socket.resetAndDestroy()
  await eventually(() => sidecar.open.size === 0)
  const next = await rawClient(t, port)
  next.send('again')
  await next.until('again')
  next.socket.destroy()
})

t.test('believes the PROXY protocol, tells the application by it, and refuses what is none', async (t) => {
  const app = await rawOrigin(t)
  const { inbound: port, metric } = await inbound(t, app.address, {
    protocol: 'tcp',
    proxyProtocol: 'require',
    sendProxyProtocol: 'v1',
  })
  const head = 'PROXY TCP4 192.0.2.1 198.51.100.7 4711 443\r\n'
  const client = await rawClient(t, port)
  client.send(`${head}hello`)
  t.equal(await (await app.peer(0)).until('hello'), `${head}hello`)
  const garbage = await rawClient(t, port)
  garbage.send('GET / HTTP/1.1\r\n\r\n')
  t.equal(await garbage.gone(), '')
  t.equal(await metric('outrigger_downstream_refusals_total', { reason: 'proxy_protocol' }), 1)
})

t.test('refuses more connections than it may have, and counts them', async (t) => {
  const echo = await tcpOrigin(t, (socket) => void socket.pipe(socket))
  const { inbound: port, metric } = await inbound(t, echo.address, { protocol: 'tcp', maxConnections: 1 })
  const first = await rawClient(t, port)
  first.send('a')
  await first.until('a')
  await (await rawClient(t, port)).gone()
  t.equal(await metric('outrigger_downstream_refusals_total', { reason: 'connection_limit' }), 1)
})

t.test('terminates TLS, also behind a PROXY protocol head', { skip: missing('openssl') }, async (t) => {
  const folder = temporaryFolder(t)
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const newKey = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
  await runProgram('openssl', [...newKey, '-subj', '/CN=app', '-keyout', key, '-out', certificate])
  const http = await httpOrigin(t)
  const { inbound: port } = await inbound(t, http.address, { tls: { certificate, key }, proxyProtocol: 'accept' })
  for (const head of ['', 'PROXY TCP4 192.0.2.1 198.51.100.7 4711 443\r\n']) {
    const plain = connect(port, '127.0.0.1')
    if (head !== '') plain.write(head)
    const caller = new RawPeer(connectTls({ socket: plain, servername: 'app', rejectUnauthorized: false }))
    t.teardown(() => caller.socket.destroy())
    caller.send(GET)
    t.match(await caller.until('}'), head === '' ? /127\.0\.0\.1/ : /"x-forwarded-for":"192\.0\.2\.1"/)
  }
})
