// Switching protocols: until the application has said 101 it is HTTP, and afterwards the connection is nobody else's.
import t from 'tap'
import { rawClient, rawOrigin, statuses } from '../support/raw-peer.ts'
import { inFrontOf } from '../support/sidecar.ts'

const UPGRADE = 'GET /chat HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: app\r\n\r\n'

t.test('bytes behind an upgrade are held until 101', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(`${UPGRADE}frames`)
  const peer = await origin.peer(0)
  await peer.until('\r\n\r\n')
  t.match(peer.received, /\r\n\r\n$/, 'nothing but the head')
  peer.send(`${SWITCH}welcome`)
  await client.until(/welcome$/)
  await peer.until(/\r\n\r\nframes$/)
})

t.test('an upgrade that is declined leaves HTTP: the bytes behind it are a request', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(UPGRADE + HIDDEN)
  const peer = await origin.peer(0)
  await peer.until('\r\n\r\n')
  t.notMatch(peer.received, /hidden/, 'not before the answer')
  peer.send(OK)
  await peer.until('/hidden')
  t.match(peer.received, /GET \/hidden HTTP\/1\.1\r\n.*traceparent/s, 'seen, and passed on, as a request of its own')
})

t.test('a request with a body that fakes an upgrade stays a request', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(
    `POST /chat HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n\r\nabc${HIDDEN}`,
  )
  const peer = await origin.peer(0)
  await peer.until(/abc$/)
  peer.send('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno')
  t.same(statuses(await client.until(/no$/)), [426])
  await peer.until('/hidden')
})

t.test('only 101 switches', async (t) => {
  for (const status of ['200 OK', '204 No Content', '426 Upgrade Required']) {
    const origin = await rawOrigin(t)
    const { inbound } = await inFrontOf(t, origin.port)
    const client = await rawClient(t, inbound)
    client.send(UPGRADE)
    const peer = await origin.peer(0)
    await peer.until('\r\n\r\n')
    const length = status.startsWith('204') ? '' : 'Content-Length: 0\r\n'
    peer.send(`HTTP/1.1 ${status}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${length}\r\n`)
    await client.until('\r\n\r\n')
    client.send(HIDDEN)
    await peer.until('/hidden')
    t.match(peer.received, /GET \/hidden HTTP\/1\.1\r\n.*traceparent/s, `${status}: still HTTP`)
  }
})

t.test('101 to another protocol than was asked for is refused', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(UPGRADE)
  const peer = await origin.peer(0)
  await peer.until('\r\n\r\n')
  peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
  t.same(statuses(await client.until(/\}\n$/)), [502])
  await peer.gone()
})

t.test('a token that is not allowed is no upgrade', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send('GET / HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
  const peer = await origin.peer(0)
  await peer.until('\r\n\r\n')
  t.notMatch(peer.received, /upgrade|h2c/i)
})

t.test('a connection that has switched never carries another request', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(UPGRADE)
  const peer = await origin.peer(0)
  await peer.until('\r\n\r\n')
  peer.send(SWITCH)
  await client.until('\r\n\r\n')
  client.socket.end()
  await peer.gone()
  const other = await rawClient(t, inbound)
  other.send(HIDDEN)
  await (await origin.peer(1)).until('/hidden')
  t.notMatch(peer.received, /hidden/)
})
