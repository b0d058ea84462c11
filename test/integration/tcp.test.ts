// TCP through a sidecar: each side ends on its own, nothing is lost, and what happens on one side is seen on the other.
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { freePort, type Origin, tcpOrigin } from '../support/origin.ts'
import { type RawClient, rawClient } from '../support/raw-client.ts'
import { startSidecar, type TestSidecar } from '../support/sidecar.ts'

interface World extends TestSidecar {
  readonly origin: Origin
  readonly client: RawClient
  /** The server's end of the connection. */
  readonly server: () => Promise<{ socket: Socket; text: () => string; ended: () => boolean; error: () => Error | undefined }>
}

async function setUp(t: Test, more: Record<string, unknown> = {}): Promise<World> {
  let server: Awaited<ReturnType<World['server']>> | undefined
  const origin = await tcpOrigin(t, (socket) => {
    let [text, ended, error] = ['', false, undefined as Error | undefined]
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
    socket.on('end', () => (ended = true))
    socket.on('error', (found) => (error = found))
    server = { socket, text: () => text, ended: () => ended, error: () => error }
  })
  const running = await startSidecar(t, {
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: origin.address, protocol: 'tcp' }] },
    ...more,
  })
  return { ...running, origin, client: rawClient(t, running.inbound), server: () => eventually(() => server) }
}

t.test('what is sent after the client has ended still arrives', async (t) => {
  const { client, server } = await setUp(t)
  client.send('question').socket.end()
  const { socket, text, ended } = await server()
  await eventually(ended)
  t.equal(text(), 'question')
  socket.write('ans')
  await client.sees('ans')
  socket.end('wer')
  t.equal(await client.seesEnd(), 'answer')
  t.equal((await client.seesClose(), client.error), undefined)
})

t.test('what is sent after the server has ended still arrives', async (t) => {
  const { client, server } = await setUp(t)
  const { socket, text, ended } = await server()
  socket.end('greeting')
  t.equal(await client.seesEnd(), 'greeting')
  client.send('late')
  await eventually(() => text() === 'late')
  client.send('r').socket.end()
  await eventually(ended)
  t.equal(text(), 'later')
  await client.seesClose()
  t.equal(client.error, undefined)
})

t.test('a client that has ended before the server is reached is heard whole', async (t) => {
  const { client, server } = await setUp(t)
  client.socket.end('all at once')
  const { socket, text, ended } = await server()
  await eventually(ended)
  t.equal(text(), 'all at once')
  socket.end('and back')
  t.equal(await client.seesEnd(), 'and back')
})

t.test('megabytes go both ways, also past a side that is slow', async (t) => {
  const { client, server, origin } = await setUp(t)
  const bytes = Buffer.alloc(8_000_000, 'abcdefghij')
  const { socket, ended } = await server()
  socket.removeAllListeners('data')
  socket.pause()
  client.send(bytes).socket.end()
  socket.pipe(socket)
  await eventually(ended)
  await client.seesClose()
  t.ok(client.bytes.equals(bytes))
  t.equal(origin.seen(), 1)
})

t.test('counts connections and their bytes', async (t) => {
  const { client, server, metric } = await setUp(t)
  client.send('12345')
  const { socket, text } = await server()
  await eventually(() => text() === '12345')
  socket.write('123')
  await client.sees('123')
  const tcp = { reporter: 'destination', request_protocol: 'tcp' }
  t.equal(await metric('istio_tcp_connections_opened_total', tcp), 1)
  t.equal(await metric('istio_tcp_connections_closed_total', tcp), 0)
  t.equal(await metric('istio_tcp_received_bytes_total', tcp), 5, 'while it is open')
  t.equal(await metric('istio_tcp_sent_bytes_total', tcp), 3)
  client.socket.end()
  socket.end('45')
  await client.seesClose()
  await eventually(async () => (await metric('istio_tcp_connections_closed_total', { ...tcp, response_flags: '-' })) === 1)
  t.equal(await metric('istio_tcp_sent_bytes_total', tcp), 5)
  t.equal(await metric('istio_tcp_connections_opened_total', tcp), 1)
})

t.test('a connection without a byte is cut after the idle timeout, one that is used is not', async (t) => {
  const { client, server, sidecar, metric } = await setUp(t, { tcp: { idleTimeout: '200ms' } })
  const { socket } = await server()
  for (let i = 0; i < 30; i++) {
    const length = client.text.length
    socket.write('.')
    await eventually(() => client.text.length > length)
    await new Promise((resolve) => sidecar.clock.after(10, () => resolve(undefined)))
  }
  t.notOk(client.closed)
  const startMs = sidecar.clock.nowMs()
  await client.seesClose()
  const tookMs = sidecar.clock.nowMs() - startMs
  t.ok(tookMs > 150 && tookMs < 600, `${tookMs} ms`)
  t.equal(await metric('istio_tcp_connections_closed_total', { response_flags: 'SI' }), 1)
})

t.test('a reset by the server is a reset for the client', async (t) => {
  const { client, server, metric } = await setUp(t)
  const { socket } = await server()
  socket.write('half of')
  await client.sees('half of')
  socket.resetAndDestroy()
  await client.seesClose()
  t.equal(client.error?.code, 'ECONNRESET')
  t.notOk(client.ended)
  await eventually(async () => (await metric('istio_tcp_connections_closed_total', { response_flags: 'UC' })) === 1)
})

t.test('a reset by the client is a reset for the server', async (t) => {
  const { client, server } = await setUp(t)
  client.send('x')
  const { text, error } = await server()
  await eventually(() => text() === 'x')
  client.socket.resetAndDestroy()
  t.match(await eventually(error), { code: 'ECONNRESET' })
})

t.test('an endpoint that can not be reached resets the client, with flag UF', async (t) => {
  const nobody = await freePort()
  const { metric, sidecar, outbound } = await startSidecar(t, {
    listeners: { outbound: [{ listen: '127.0.0.1:0', protocol: 'tcp', service: 'db.shop' }] },
    services: [{ name: 'db', namespace: 'shop', port: 5432, protocol: 'tcp', endpoints: [{ address: `127.0.0.1:${nobody}` }] }],
  })
  const client = rawClient(t, outbound)
  await client.seesClose()
  t.equal(client.error?.code, 'ECONNRESET')
  const labels = { reporter: 'source', destination_service: 'db.shop.svc.cluster.local', response_flags: 'UF' }
  await eventually(async () => (await metric('istio_tcp_connections_closed_total', labels)) === 1)
  t.equal(sidecar.open.size, 0)
})

t.test('nothing stays open when everybody has gone', async (t) => {
  const { client, server, sidecar } = await setUp(t)
  const { socket } = await server()
  const [listener] = sidecar.listeners.values()
  t.equal(listener?.open, 1)
  client.socket.end()
  socket.end()
  await client.seesClose()
  await eventually(() => listener?.open === 0 && listener.connections.size === 0 && sidecar.open.size === 0)
  const [service] = [...sidecar.registry.all()].flatMap(({ carrier }) => carrier.services)
  t.same(service?.pools, { open: 0, idle: 0 })
  t.equal(service?.load.connections, 0)
})
