// Where listeners listen and where what they carry goes: IPv6, Unix sockets and what crashes leave of them, server names, loops.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { freePort, httpOrigin } from '../support/origin.ts'
import { RawPeer, rawClient } from '../support/raw-peer.ts'
import { selfSigned } from '../support/self-signed.ts'
import { startSidecar } from '../support/sidecar.ts'
import { temporaryFolder } from '../support/sidecar-process.ts'

const GET = 'GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n'

type Owner = Pick<typeof t, 'teardown'>

/** Calls, and gives the answer. */
async function ask(t: Owner, where: { path: string } | { host: string; port: number }, request = GET): Promise<string> {
  const peer = new RawPeer(connect(where))
  t.teardown(() => peer.socket.destroy())
  peer.send(request)
  return peer.gone()
}

/** A TLS server that says its name. */
async function tlsOrigin(t: Owner, name: string): Promise<string> {
  const { certificate, key } = selfSigned(name)
  const server = createTlsServer({ cert: certificate, key }, (socket) => socket.end(`this is ${name}`))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  return `127.0.0.1:${port}`
}

t.test('listens on IPv6, calls an application there, and tells it the address without brackets', async (t) => {
  const app = createServer((socket) => void socket.on('error', () => {}).pipe(socket)).listen(0, '::1')
  await once(app, 'listening')
  t.teardown(() => app.close())
  const { port } = app.address() as { port: number }
  const { inbound } = await startSidecar(t, {
    listeners: { inbound: [{ listen: '[::1]:0', app: `[::1]:${port}`, protocol: 'tcp', sendProxyProtocol: 'v1' }] },
  })
  const caller = new RawPeer(connect(inbound, '::1'))
  t.teardown(() => caller.socket.destroy())
  caller.send('hello')
  t.match(await caller.until('hello'), new RegExp(`^PROXY TCP6 ::1 ::1 \\d+ ${inbound}\r\nhello$`))
})

t.test('listens on a Unix socket, and takes its file away at the end', async (t) => {
  const path = join(temporaryFolder(t), 'in.sock')
  const app = await httpOrigin(t, (_request, response) => response.end('hi'))
  const { sidecar } = await startSidecar(t, { listeners: { inbound: [{ listen: `unix:${path}`, app: app.address }] } })
  t.match(await ask(t, { path }), /200 OK[^]*hi$/)
  await sidecar.close()
  t.notOk(existsSync(path))
})

t.test('listens where a crashed process left the file of its socket', async (t) => {
  const path = join(temporaryFolder(t), 'in.sock')
  const dying = spawn(process.execPath, [
    '-e',
    `net.createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ])
  await once(dying, 'exit')
  t.ok(existsSync(path), 'the file is there')
  const app = await httpOrigin(t, (_request, response) => response.end('hi'))
  await startSidecar(t, { listeners: { inbound: [{ listen: `unix:${path}`, app: app.address }] } })
  t.match(await ask(t, { path }), /200 OK/)
})

t.test('takes no Unix socket from a process that listens, and no file that is none', async (t) => {
  const folder = temporaryFolder(t)
  const [live, file] = [join(folder, 'live.sock'), join(folder, 'file')]
  const server = createServer((socket) => socket.on('error', () => {}).end('mine')).listen(live)
  await once(server, 'listening')
  t.teardown(() => server.close())
  writeFileSync(file, 'precious')
  for (const path of [live, file]) {
    const started = startSidecar(t, { listeners: { inbound: [{ listen: `unix:${path}`, app: '127.0.0.1:1' }] } })
    await t.rejects(started, {
      message: `cannot listen on unix:${path}: somebody listens there, or it is no socket (listeners.inbound[0].listen)`,
    })
  }
  t.equal(await ask(t, { path: live }), 'mine')
  t.ok(existsSync(file))
})

t.test('passes TLS on to the service that its server name names', async (t) => {
  const services = []
  for (const name of ['cart', 'catalog'])
    services.push({ name, namespace: 'shop', port: 443, endpoints: [{ address: await tlsOrigin(t, `${name}.shop`) }] })
  for (const protocol of ['auto', 'tls']) {
    const { outbound, metric } = await startSidecar(t, {
      listeners: { outbound: [{ listen: '127.0.0.1:0', protocol }] },
      services,
      unknownDestinations: 'deny',
    })
    for (const name of ['cart.shop', 'catalog.shop']) {
      const caller = new RawPeer(connectTls({ port: outbound, host: '127.0.0.1', servername: name, rejectUnauthorized: false }))
      t.teardown(() => caller.socket.destroy())
      t.equal(await caller.gone(), `this is ${name}`)
    }
    const stranger = new RawPeer(
      connectTls({ port: outbound, host: '127.0.0.1', servername: 'who.shop', rejectUnauthorized: false }),
    )
    t.equal(await stranger.gone(), '')
    const opened = { destination_service_name: 'cart' }
    await eventually(async () => (await metric('istio_tcp_connections_closed_total', opened)) === 1)
  }
})

t.test('answers 508 to a request that would come back to itself', async (t) => {
  const port = await freePort()
  await startSidecar(t, { listeners: { outbound: [{ listen: `127.0.0.1:${port}` }] } })
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`]) {
    const answer = await ask(t, { host: '127.0.0.1', port }, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    t.match(answer, /^HTTP\/1\.1 508 /, host)
  }
})

t.test('passes on what was too little to tell a protocol by when the caller ends its side', async (t) => {
  const said: string[] = []
  const app = createServer({ allowHalfOpen: true }, (socket) => {
    let text = ''
    socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
    socket.on('end', () => {
      said.push(text)
      socket.end('heard')
    })
  }).listen(0, '127.0.0.1')
  await once(app, 'listening')
  t.teardown(() => app.close())
  const { port } = app.address() as { port: number }
  const { inbound } = await startSidecar(t, {
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: `127.0.0.1:${port}`, detectionTimeout: '1h' }] },
  })
  for (const bytes of ['GE', 'PRI * HT', '\x16\x03']) {
    const caller = await rawClient(t, inbound, { allowHalfOpen: true })
    caller.socket.end(bytes, 'latin1')
    t.equal(await caller.gone(), 'heard')
    t.equal(said.at(-1), bytes)
  }
})
