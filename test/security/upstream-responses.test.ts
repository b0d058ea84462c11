// What an application, or somebody in its place, could do with its answers: split them, leave bytes for the next caller, end early.
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { answering, rawClient, rawOrigin, statuses } from '../support/raw-peer.ts'
import { inFrontOf } from '../support/sidecar.ts'

const GET = 'GET / HTTP/1.1\r\nHost: app\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'

/** Name → a response that two readers could end in different places, or that is none. */
const MALFORMED: Readonly<Record<string, string>> = {
  'Content-Length with Transfer-Encoding': `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${POISON}`,
  'two lengths': `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n${POISON}`,
  'an unknown Transfer-Encoding': `HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n${POISON}`,
  'a bare LF in the head': `HTTP/1.1 200 OK\r\nX: y\nSet-Cookie: stolen\r\nContent-Length: 0\r\n\r\n`,
  'a bare CR in a value': `HTTP/1.1 200 OK\r\nX: y\rSet-Cookie: stolen\r\nContent-Length: 0\r\n\r\n`,
  'a folded line': `HTTP/1.1 200 OK\r\nX: y\r\n Set-Cookie: stolen\r\nContent-Length: 0\r\n\r\n`,
  'NUL in a value': `HTTP/1.1 200 OK\r\nX: y\0z\r\nContent-Length: 0\r\n\r\n`,
  'a control byte in the reason': `HTTP/1.1 200 O\x07K\r\nContent-Length: 0\r\n\r\n`,
  'a status of two digits': 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n',
  'another protocol': 'SSH-2.0-OpenSSH_9.9\r\n\r\n',
  'HTTP/2.0': 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n',
  'too large a head': `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`,
  'too many fields': `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(101)}\r\n`,
  'a 101 that nobody asked for': `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${POISON}`,
  'a hundred interim heads': 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100),
}

t.test('a malformed response becomes 502 and its connection is destroyed', async (t) => {
  for (const [name, response] of Object.entries(MALFORMED)) {
    const origin = await rawOrigin(t, answering(response))
    const { inbound } = await inFrontOf(t, origin.port)
    const client = await rawClient(t, inbound)
    client.send(GET)
    const text = await client.until(/\}\n$/)
    t.equal(statuses(text).at(-1), 502, name)
    t.notMatch(text, /stolen|poison/, 'nothing of it is passed on')
    await (await origin.peer(0)).gone()
  }
})

t.test('stray bytes behind a response never reach the next caller', async (t) => {
  const origin = await rawOrigin(t, (peer) => {
    const answer = origin.peers.length === 1 ? OK + POISON : OK
    peer.socket.once('data', () => peer.send(answer))
  })
  const { inbound } = await inFrontOf(t, origin.port)
  const one = await rawClient(t, inbound)
  one.send(GET)
  t.match(await one.until(/ok$/), /^HTTP\/1.1 200/)
  await (await origin.peer(0)).gone()
  const two = await rawClient(t, inbound)
  two.send(GET)
  await two.until(/ok$/)
  t.notMatch(one.received + two.received, /poison/)
  t.equal(origin.seen(), 2, 'on a connection of its own')
})

t.test('a byte on an idle connection destroys it', async (t) => {
  const origin = await rawOrigin(t, answering(OK))
  const { inbound, metric } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(GET)
  await client.until(/ok$/)
  const idle = await origin.peer(0)
  idle.send('HTTP/1.1 200 OK\r\n')
  await idle.gone()
  client.take()
  client.send(GET)
  t.same(statuses(await client.until(/ok$/)), [200])
  t.equal(origin.seen(), 2)
  t.equal(await metric('outrigger_upstream_stray_connections_total'), 1)
})

t.test('a close on an idle connection destroys it, and the next request takes another', async (t) => {
  const origin = await rawOrigin(t, answering(OK))
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(GET)
  await client.until(/ok$/)
  const idle = await origin.peer(0)
  idle.socket.end()
  await idle.gone()
  client.take()
  client.send(GET)
  t.same(statuses(await client.until(/ok$/)), [200])
  t.equal(origin.seen(), 2)
})

t.test('a response that ends while the request still flows costs its connection', async (t) => {
  const origin = await rawOrigin(t, (peer) => {
    peer.socket.once('data', () => peer.send(OK))
  })
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send('POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\nabc')
  await client.until(/ok$/)
  await (await origin.peer(0)).gone()
  client.send('defghij')
  client.send(GET)
  await eventually(() => statuses(client.received).length === 2)
  t.equal(origin.seen(), 2, 'the rest of the body is dropped, the next request goes elsewhere')
  t.match((await origin.peer(1)).received, /^GET \/ /)
})

t.test('a body that ends early never looks complete', async (t) => {
  const cut: Readonly<Record<string, string>> = {
    'content-length': 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
    chunked: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
    'inside a chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nabc',
    'before the end of the trailers': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n',
  }
  for (const [name, response] of Object.entries(cut)) {
    const origin = await rawOrigin(t, (peer) => {
      peer.socket.once('data', () => peer.socket.end(response))
    })
    const { inbound } = await inFrontOf(t, origin.port)
    const client = await rawClient(t, inbound)
    client.send(GET)
    const text = await client.gone()
    t.match(text, /abc/, `${name}: what came is passed on`)
    t.notMatch(text, /0\r\n(X: y\r\n)?\r\n$/, `${name}: but no end`)
  }
})
