// What is open when a newer configuration denies it: closed at once, in the way of its protocol; what is still allowed does not notice.
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { configOf } from '../support/config-of.ts'
import { eventually } from '../support/eventually.ts'
import { httpOrigin, tcpOrigin } from '../support/origin.ts'
import { rawClient } from '../support/raw-peer.ts'
import { startSidecar, type TestSidecar } from '../support/sidecar.ts'

const OPEN = 'GET /open HTTP/1.1\r\nHost: app\r\n\r\n'
const CLOSED = 'GET /closed HTTP/1.1\r\nHost: app\r\n\r\n'
/** From another address of loopback than the others. */
const DENIED = '127.0.0.9'

interface Scene extends TestSidecar {
  /** Takes these policies. */
  readonly obey: (...policies: readonly Record<string, unknown>[]) => Promise<void>
}

async function scene(t: Test, app: string, more: Record<string, unknown> = {}): Promise<Scene> {
  const settings = {
    listeners: { inbound: [{ listen: '127.0.0.1:0', app, ...more }] },
    drain: { grace: '0', limit: '1s' },
    logLevel: 'silent',
  }
  const started = await startSidecar(t, settings)
  const obey = (...policies: readonly Record<string, unknown>[]) => started.sidecar.reload(configOf({ ...settings, policies }))
  return { ...started, obey }
}

t.test('answers a request with 403 when no byte of a response has gone', async (t) => {
  const app = await httpOrigin(t, () => {})
  const { inbound, obey, metric } = await scene(t, app.address)
  const [denied, allowed] = [await rawClient(t, inbound), await rawClient(t, inbound)]
  denied.send(CLOSED)
  allowed.send(OPEN)
  await eventually(() => app.seen() === 2)
  await obey({ deny: 'all', name: 'no-closed', paths: ['/closed'] })
  await denied.until('"request_id"')
  t.match(denied.received, /^HTTP\/1\.1 403 Forbidden\r\n/)
  t.notMatch(denied.received, /no-closed/, 'the caller is not told the rule')
  t.equal(allowed.received, '')
  const rule = 'ns[default]-policy[no-closed]-rule[0]'
  t.equal(await metric('outrigger_revocations_total', { kind: 'request', rule }), 1)
  t.equal(await metric('outrigger_revocations_total'), 1)
})

t.test('cuts a response that has begun, and lets another one go on', async (t) => {
  const app = await httpOrigin(t, (request, response) => {
    response.write('first ')
    if (request.url === '/open') setTimeout(() => response.end('last'), 300)
  })
  const { inbound, obey } = await scene(t, app.address)
  const [denied, allowed] = [await rawClient(t, inbound), await rawClient(t, inbound)]
  denied.send(CLOSED)
  allowed.send(OPEN)
  await Promise.all([denied.until('first '), allowed.until('first ')])
  await obey({ deny: 'all', paths: ['/closed'] })
  t.notMatch(await denied.gone(), /\r\n0\r\n/, 'the caller can tell that it is not complete')
  await allowed.until('last\r\n0\r\n')
})

t.test('closes the idle connection of a caller who may ask for nothing any more, and of nobody else', async (t) => {
  const app = await httpOrigin(t)
  const { inbound, obey, metric } = await scene(t, app.address)
  const denied = await rawClient(t, inbound, { localAddress: DENIED })
  const allowed = await rawClient(t, inbound)
  for (const caller of [denied, allowed]) {
    caller.send(OPEN)
    await caller.until('}')
  }
  await obey({ deny: 'all', paths: ['/open'] })
  await obey({ name: 'own', action: 'deny', rules: [{ from: [{ ipBlocks: [DENIED] }], to: [{ methods: ['POST'] }] }] })
  allowed.send(CLOSED)
  await allowed.until('/closed')
  denied.send(CLOSED)
  await denied.until('/closed')
  await obey({ name: 'out', action: 'deny', rules: [{ from: [{ ipBlocks: [DENIED] }] }] })
  await denied.gone()
  const rule = 'ns[default]-policy[out]-rule[0]'
  t.equal(await metric('outrigger_revocations_total', { kind: 'idle_connection', rule }), 1)
  allowed.take()
  allowed.send(OPEN)
  await allowed.until('/open')
})

t.test('closes idle connections when what allowed them is gone', async (t) => {
  const app = await httpOrigin(t)
  const { inbound, obey, metric } = await scene(t, app.address)
  const everybody = { from: [{ ipBlocks: ['127.0.0.0/8'] }] }
  await obey({ name: 'in', rules: [everybody] })
  const caller = await rawClient(t, inbound)
  caller.send(OPEN)
  await caller.until('}')
  await obey({ name: 'in', rules: [{ from: [{ ipBlocks: ['10.0.0.0/8'] }] }] })
  await caller.gone()
  t.equal(await metric('outrigger_revocations_total', { kind: 'idle_connection', rule: '' }), 1)
})

t.test('ends a WebSocket with 1008, and leaves another one open', async (t) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  t.teardown(() => server.close())
  server.on('connection', (socket) => socket.on('message', (text: Buffer) => socket.send(`${text.toString()}!`)))
  await once(server, 'listening')
  const { inbound, obey, metric } = await scene(t, `127.0.0.1:${(server.address() as { port: number }).port}`)
  const [denied, allowed] = ['closed', 'open'].map((path) => new WebSocket(`ws://127.0.0.1:${inbound}/${path}`)) as [
    WebSocket,
    WebSocket,
  ]
  t.teardown(() => allowed.terminate())
  await Promise.all([once(denied, 'open'), once(allowed, 'open')])
  const closed = once(denied, 'close')
  await obey({ deny: 'all', paths: ['/closed'] })
  t.equal((await closed)[0], 1008)
  allowed.send('still here')
  t.equal(String((await once(allowed, 'message'))[0]), 'still here!')
  t.equal(await metric('outrigger_revocations_total', { kind: 'tunnel' }), 1)
})

t.test('resets a TCP connection, also one that says nothing, and leaves another one open', async (t) => {
  const app = await tcpOrigin(t, (socket) => void socket.pipe(socket))
  const { inbound, obey, metric } = await scene(t, app.address, { protocol: 'tcp' })
  const denied = await rawClient(t, inbound, { localAddress: DENIED })
  const allowed = await rawClient(t, inbound)
  for (const caller of [denied, allowed]) {
    caller.send('hello')
    await caller.until('hello')
  }
  const reset = once(denied.socket, 'error')
  await obey({ name: 'out', action: 'deny', rules: [{ from: [{ ipBlocks: [DENIED] }] }] })
  t.match((await reset)[0], { code: 'ECONNRESET' })
  allowed.send(' again')
  await allowed.until(' again')
  t.equal(await metric('outrigger_revocations_total', { kind: 'connection' }), 1)
})

t.test('resets a stream of HTTP/2, lets its neighbour finish, and says GOAWAY to who may ask for nothing', async (t) => {
  const app = await httpOrigin(t, (request, response) => {
    response.write('first ')
    if (request.url === '/open') setTimeout(() => response.end('last'), 200)
  })
  const { inbound, obey, metric } = await scene(t, app.address, { appProtocol: 'http' })
  const session = connectHttp2(`http://127.0.0.1:${inbound}`)
  t.teardown(() => session.destroy())
  const [denied, allowed] = [session.request({ ':path': '/closed' }), session.request({ ':path': '/open' })]
  let text = ''
  allowed.setEncoding('utf8').on('data', (part: string) => (text += part))
  denied.resume().on('error', () => {})
  await Promise.all([once(denied, 'response'), once(allowed, 'response')])
  const [ended, closed] = [once(allowed, 'end'), once(denied, 'close')]
  await obey({ deny: 'all', paths: ['/closed'] })
  await closed
  t.not(denied.rstCode, 0)
  await ended
  t.equal(text, 'first last')
  const goaway = once(session, 'goaway')
  await obey({ deny: 'all', name: 'nothing' })
  t.equal((await goaway)[0], 0)
  t.equal(await metric('outrigger_revocations_total', { kind: 'idle_connection' }), 1)
})

t.test('cuts plaintext callers when their port becomes strict', async (t) => {
  const app = await httpOrigin(t)
  const settings = {
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address }] },
    drain: { grace: '0', limit: '1s' },
    logLevel: 'silent',
  }
  const { inbound, sidecar } = await startSidecar(t, settings)
  const caller = await rawClient(t, inbound)
  caller.send(OPEN)
  await caller.until('}')
  const [listener] = settings.listeners.inbound
  await sidecar.reload(configOf({ ...settings, listeners: { inbound: [{ ...listener, mtls: 'strict' }] } }))
  await caller.gone()
})

t.test('cuts what goes out to where a policy does not let it any more', async (t) => {
  const app = await httpOrigin(t, (request, response) => {
    response.write('first ')
    if (request.url === '/open') setTimeout(() => response.end('last'), 200)
  })
  const settings = {
    listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
    drain: { grace: '0', limit: '1s' },
    logLevel: 'silent',
  }
  const { outbound, sidecar } = await startSidecar(t, settings)
  const [denied, allowed] = [await rawClient(t, outbound), await rawClient(t, outbound)]
  denied.send(`GET /closed HTTP/1.1\r\nHost: ${app.address}\r\n\r\n`)
  allowed.send(`GET /open HTTP/1.1\r\nHost: ${app.address}\r\n\r\n`)
  await Promise.all([denied.until('first '), allowed.until('first ')])
  const policy = { name: 'out', direction: 'outbound', action: 'deny', rules: [{ to: [{ paths: ['/closed'] }] }] }
  await sidecar.reload(configOf({ ...settings, policies: [policy] }))
  await denied.gone()
  await allowed.until('last')
})

t.test('cuts what was passed on to no known service when that is refused, and not what is known by now', async (t) => {
  const [stranger, known] = [await httpOrigin(t, streaming), await httpOrigin(t, streaming)]
  const settings = {
    listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
    drain: { grace: '0', limit: '1s' },
    logLevel: 'silent',
  }
  const { outbound, sidecar, metric } = await startSidecar(t, settings)
  const [denied, allowed] = [await rawClient(t, outbound), await rawClient(t, outbound)]
  denied.send(`GET / HTTP/1.1\r\nHost: ${stranger.address}\r\n\r\n`)
  allowed.send(`GET / HTTP/1.1\r\nHost: ${known.address}\r\n\r\n`)
  await Promise.all([denied.until('first '), allowed.until('first ')])
  const service = { name: 'known', port: known.port, hosts: ['127.0.0.1'], endpoints: [{ address: known.address }] }
  await sidecar.reload(configOf({ ...settings, unknownDestinations: 'deny', services: [service] }))
  await denied.gone()
  await allowed.until('last')
  t.equal(await metric('outrigger_revocations_total', { rule: 'unknown-destinations' }), 1)
})

function streaming(_request: unknown, response: { write(text: string): unknown; end(text: string): unknown }): void {
  response.write('first ')
  setTimeout(() => response.end('last'), 300)
}
