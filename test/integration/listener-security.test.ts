// What listeners are given and may refuse: PROXY protocol of version 2 in and out, limits, certificates that change or can't be read, ports
// that are taken.
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { httpOrigin, tcpOrigin } from '../support/origin.ts'
import { rawClient, rawOrigin } from '../support/raw-peer.ts'
import { selfSigned } from '../support/self-signed.ts'
import { startSidecar } from '../support/sidecar.ts'
import { temporaryFolder } from '../support/sidecar-process.ts'

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n'
/** 192.0.2.1:4711 called 198.51.100.7:443 over TCP on IPv4. */
const HEAD_V2 = `${SIGNATURE}\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x07\x12\x67\x01\xbb`

function writePair(folder: string, name: string): { certificate: string; key: string } {
  const files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
  const pair = selfSigned(name)
  for (const part of ['certificate', 'key'] as const) {
    writeFileSync(`${files[part]}.new`, pair[part])
    renameSync(`${files[part]}.new`, files[part])
  }
  return files
}

/** The name that the certificate of a listener has. */
async function nameShownAt(port: number): Promise<string> {
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'any', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

t.test('believes the PROXY protocol of version 2 and tells the application in it, cut at any place', async (t) => {
  const app = await rawOrigin(t)
  const { inbound } = await startSidecar(t, {
    listeners: {
      inbound: [{ listen: '127.0.0.1:0', app: app.address, protocol: 'tcp', proxyProtocol: 'require', sendProxyProtocol: 'v2' }],
    },
  })
  for (const [index, cut] of [1, 12, 16, HEAD_V2.length].entries()) {
    const caller = await rawClient(t, inbound)
    caller.socket.setNoDelay(true)
    caller.send(HEAD_V2.slice(0, cut))
    await new Promise(setImmediate)
    caller.send(`${HEAD_V2.slice(cut)}hello`)
    t.equal(await (await app.peer(index)).until('hello'), `${HEAD_V2}hello`)
  }
})

t.test('a LOCAL head of the PROXY protocol leaves the ends as they are', async (t) => {
  const app = await httpOrigin(t)
  const { inbound } = await startSidecar(t, {
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address, proxyProtocol: 'require' }] },
  })
  const caller = await rawClient(t, inbound)
  caller.send(`${SIGNATURE}\x20\0\0\0GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n`)
  t.match(await caller.gone(), /"x-forwarded-for":"127\.0\.0\.1"/)
})

t.test('a place that becomes free under maxConnections is given to the next caller', async (t) => {
  const echo = await tcpOrigin(t, (socket) => void socket.pipe(socket))
  const { inbound, metric } = await startSidecar(t, {
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: echo.address, protocol: 'tcp', maxConnections: 2 }] },
  })
  const callers = [await rawClient(t, inbound), await rawClient(t, inbound)]
  for (const caller of callers) caller.send('a')
  for (const caller of callers) await caller.until('a')
  await (await rawClient(t, inbound)).gone()
  callers[0]?.socket.destroy()
  await eventually(async () => {
    const next = await rawClient(t, inbound)
    next.send('b')
    await eventually(() => next.received === 'b' || next.ended || next.closed)
    return next.received === 'b'
  })
  t.ok((await metric('outrigger_downstream_refusals_total', { reason: 'connection_limit' })) >= 1)
  callers[1]?.send('c')
  t.equal(await callers[1]?.until('ac'), 'ac', 'the other one was left alone')
})

t.test('shows a changed certificate to callers from then on, and keeps the good one when the change is broken', async (t) => {
  const folder = temporaryFolder(t)
  const tls = writePair(folder, 'first')
  const app = await httpOrigin(t)
  const { inbound } = await startSidecar(t, { listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address, tls }] } })
  t.equal(await nameShownAt(inbound), 'first')
  writePair(folder, 'second')
  await eventually(async () => (await nameShownAt(inbound)) === 'second', { timeoutMs: 20_000, everyMs: 100 })
  writeFileSync(tls.key, selfSigned('other').key)
  t.equal(await nameShownAt(inbound), 'second')
  writePair(folder, 'third')
  await eventually(
    async () => {
      const name = await nameShownAt(inbound)
      t.ok(name === 'second' || name === 'third', name)
      return name === 'third'
    },
    { timeoutMs: 20_000, everyMs: 100 },
  )
})

t.test('says which certificate or key can not be read, and why', async (t) => {
  const folder = temporaryFolder(t)
  const good = writePair(folder, 'good')
  const text = join(folder, 'text')
  writeFileSync(text, 'no certificate')
  const cases = [
    {
      tls: { ...good, certificate: join(folder, 'none') },
      says: `cannot read the certificate ${join(folder, 'none')}: no such file or directory`,
    },
    {
      tls: { ...good, key: join(folder, 'none') },
      says: `cannot read the key ${join(folder, 'none')}: no such file or directory`,
    },
    { tls: { ...good, certificate: text }, says: `the certificate ${text} and the key ${good.key} can not be used together` },
  ]
  for (const { tls, says } of cases) {
    const started = startSidecar(t, { listeners: { inbound: [{ listen: '127.0.0.1:0', app: '127.0.0.1:1', tls }] } })
    await t.rejects(started, { message: new RegExp(`^${says.replaceAll(/[.()]/g, '\\$&')}`) })
  }
})

t.test('says which port is in use, and by which setting it was asked for', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const taken = `127.0.0.1:${port}`
  const cases = [
    { settings: { listeners: { inbound: [{ listen: taken, app: '127.0.0.1:1' }] } }, key: 'listeners.inbound[0].listen' },
    {
      settings: { listeners: { outbound: [{ listen: '127.0.0.1:0' }, { listen: taken }] } },
      key: 'listeners.outbound[1].listen',
    },
    { settings: { telemetry: { listen: taken } }, key: 'telemetry.listen' },
    { settings: { admin: { listen: taken } }, key: 'admin.listen' },
  ]
  for (const { settings, key } of cases) {
    const message = `cannot listen on ${taken}: the port is in use by another process (${key})`
    await t.rejects(startSidecar(t, settings), { message })
  }
})
