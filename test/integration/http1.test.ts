// HTTP/1.1 from end to end: a whole sidecar between peers that speak bytes, so that nothing of theirs is tidied up.
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { answering, rawClient, rawOrigin, statuses } from '../support/raw-peer.ts'
import { inFrontOf } from '../support/sidecar.ts'

const GET = 'GET / HTTP/1.1\r\nHost: app\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

t.test('a connection carries one exchange after the other, on both sides', async (t) => {
  const origin = await rawOrigin(t, answering(OK))
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  for (let i = 0; i < 5; i++) {
    client.send(GET)
    t.equal(await client.until(/ok$/), OK)
    client.take()
  }
  t.equal(origin.seen(), 1)
})

t.test('pipelined requests are answered in order, one at a time upstream', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(['/1', '/2', '/3'].map((path) => `GET ${path} HTTP/1.1\r\nHost: app\r\n\r\n`).join(''))
  const peer = await origin.peer(0)
  for (const n of [1, 2, 3]) {
    await peer.until(new RegExp(`GET /${n} .*\r\n\r\n$`, 's'))
    t.notMatch(peer.received, new RegExp(`GET /${n + 1} `), 'the next waits')
    peer.send(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${n}`)
  }
  const text = await client.until(/3$/)
  t.same(
    [...text.matchAll(/\r\n\r\n(\d)/g)].map((match) => match[1]),
    ['1', '2', '3'],
  )
})

t.test('HEAD is answered without a body, whatever length it names', async (t) => {
  for (const framing of ['Content-Length: 1000', 'Transfer-Encoding: chunked', 'Content-Length: 0']) {
    const origin = await rawOrigin(t, answering(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`))
    const { inbound } = await inFrontOf(t, origin.port)
    const client = await rawClient(t, inbound)
    client.send('HEAD / HTTP/1.1\r\nHost: app\r\n\r\n')
    const text = await client.until('\r\n\r\n')
    if (framing.startsWith('Content')) t.match(text, framing)
    client.send('HEAD / HTTP/1.1\r\nHost: app\r\n\r\n')
    await eventually(() => statuses(client.received).length === 2)
    t.match(client.received, /\r\n\r\n$/)
    t.equal(origin.seen(), 1, 'the connection is used again')
  }
})

t.test('204 and 304 have no body, and the connection goes on', async (t) => {
  for (const head of ['204 No Content\r\n', '304 Not Modified\r\nContent-Length: 10\r\n', '304 Not Modified\r\nETag: "a"\r\n']) {
    const origin = await rawOrigin(t, answering(`HTTP/1.1 ${head}\r\n`))
    const { inbound } = await inFrontOf(t, origin.port)
    const client = await rawClient(t, inbound)
    client.send(GET)
    t.equal(await client.until('\r\n\r\n'), `HTTP/1.1 ${head}\r\n`)
    client.send(GET)
    await eventually(() => statuses(client.received).length === 2)
    t.equal(origin.seen(), 1)
  }
})

t.test('100-continue is passed on and awaited', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send('POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n')
  const peer = await origin.peer(0)
  await peer.until(/Expect: 100-continue\r\n.*\r\n\r\n$/s)
  t.equal(client.received, '', 'the sidecar does not answer for the application')
  peer.send('HTTP/1.1 100 Continue\r\n\r\n')
  t.equal(await client.until('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n')
  client.take()
  client.send('abc')
  await peer.until(/abc$/)
  peer.send(OK)
  t.equal(await client.until(/ok$/), OK)
})

t.test('a final answer instead of 100 Continue ends the connection: the body may or may not come', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send('POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n')
  const peer = await origin.peer(0)
  await peer.until('\r\n\r\n')
  peer.send('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n')
  t.match(await client.gone(), /^HTTP\/1\.1 417 .*Connection: close\r\n/s)
  await peer.gone()
})

t.test('103 Early Hints come before their response, but not to HTTP/1.0', async (t) => {
  const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'
  const origin = await rawOrigin(t, answering(hints + hints + OK))
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(GET)
  t.equal(await client.until(/ok$/), hints + hints + OK)
  const old = await rawClient(t, inbound)
  old.send('GET / HTTP/1.0\r\n\r\n')
  t.same(statuses(await old.gone()), [200])
})

t.test('chunked bodies with trailers, both ways', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(
    'POST / HTTP/1.1\r\nHost: app\r\nTE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n',
  )
  client.send('3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n')
  const peer = await origin.peer(0)
  const sent = await peer.until(/X-Sum: 5\r\n\r\n$/)
  t.match(sent, /Transfer-Encoding: chunked\r\n/)
  t.match(sent, /TE: trailers\r\n/)
  t.equal(unchunk(sent), 'abcde')
  t.notMatch(sent, /ext=1/, 'extensions end here')
  peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfg\r\n')
  await client.until('fg')
  peer.send('1\r\nh\r\n0\r\nX-Sum: 3\r\nX-Other: a\r\n\r\n')
  const text = await client.until(/X-Other: a\r\n\r\n$/)
  t.equal(unchunk(text), 'fgh')
  t.match(text, /0\r\nX-Sum: 3\r\nX-Other: a\r\n\r\n$/)
  client.send(GET)
  await peer.until(/GET \/ .*\r\n\r\n$/s)
})

t.test('a response that ends with its connection becomes one with an end of its own', async (t) => {
  const origin = await rawOrigin(t, (peer) => {
    peer.socket.once('data', () => peer.socket.end('HTTP/1.1 200 OK\r\nServer: old\r\n\r\nall of it'))
  })
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(GET)
  const text = await client.until(/0\r\n\r\n$/)
  t.match(text, /Transfer-Encoding: chunked\r\n/)
  t.equal(unchunk(text), 'all of it')
  client.take()
  client.send(GET)
  await client.until(/0\r\n\r\n$/)
  t.equal(origin.seen(), 2)
})

t.test('HTTP/1.0: closes unless it asks to stay, and never gets chunks', async (t) => {
  const origin = await rawOrigin(t, answering(OK))
  const { inbound } = await inFrontOf(t, origin.port)
  const closes = await rawClient(t, inbound)
  closes.send('GET / HTTP/1.0\r\n\r\n')
  t.match(await closes.gone(), /^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n\r\nok$/s)
  const stays = await rawClient(t, inbound)
  stays.send('GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n')
  t.match(await stays.until(/ok$/), /Connection: keep-alive\r\n/)
  stays.take()
  stays.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
  await stays.until(/ok$/)
  t.match(
    (await origin.peer(0)).received,
    /^GET \/ HTTP\/1\.1\r\n.*\r\nHost: 127.0.0.1:\d+\r\n\r\n/s,
    'upstream it is HTTP/1.1 with a Host',
  )

  const chunks = await rawOrigin(
    t,
    answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n'),
  )
  const front = await inFrontOf(t, chunks.port)
  const old = await rawClient(t, front.inbound)
  old.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
  const text = await old.gone()
  t.notMatch(text, /transfer-encoding|keep-alive/i)
  t.match(text, /\r\n\r\nabc$/, 'its end is the end of the connection')
})

t.test('an HTTP/1.0 application is spoken to one request a connection', async (t) => {
  const origin = await rawOrigin(t, answering('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'))
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  for (const n of [1, 2]) {
    client.send(GET)
    await eventually(() => statuses(client.received).length === n && client.received.endsWith('ok'))
    await (await origin.peer(n - 1)).gone()
  }
  t.equal(origin.seen(), 2)
})

t.test('the case and the order of fields are kept, Date and Server stay as they are', async (t) => {
  const request = 'hOsT: app\r\nuser-AGENT: x\r\nX-a: 1\r\nAccept:*/*\r\nx-A: 2\r\nX-EMPTY:\r\nX-b: caf\xe9\r\n'
  const response =
    'date: Mon, 01 Jan 2001 00:00:00 GMT\r\nSERVER: app/1\r\nSet-Cookie: a\r\nset-cookie: b\r\nContent-Length: 0\r\n'
  const origin = await rawOrigin(t, answering(`HTTP/1.1 299 Anything Goes\r\n${response}\r\n`))
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(`GET /a/../b?c=%20d HTTP/1.1\r\n${request}\r\n`)
  t.equal(await client.until('\r\n\r\n'), `HTTP/1.1 299 Anything Goes\r\n${response}\r\n`)
  const sent = (await origin.peer(0)).received
  t.equal(
    sent.slice(0, sent.indexOf('\r\nx-request-id')),
    `GET /b?c=%20d HTTP/1.1\r\n${request.replace('*/*', ' */*').replace('EMPTY:', 'EMPTY: ')}`.slice(0, -2),
  )
})

t.test('a response without a date gets none from the sidecar', async (t) => {
  const origin = await rawOrigin(t, answering(OK))
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(GET)
  t.equal(await client.until(/ok$/), OK)
})

t.test('an early response comes through while the request body still flows', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send('POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 6\r\n\r\nabc')
  const peer = await origin.peer(0)
  await peer.until(/abc$/)
  peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n')
  await client.until('early')
  client.send('def')
  await peer.until(/abcdef$/)
  peer.send('4\r\nlate\r\n0\r\n\r\n')
  t.equal(unchunk(await client.until(/0\r\n\r\n$/)), 'earlylate')
  client.send(GET)
  await peer.until(/GET \/ /)
  t.equal(origin.seen(), 1, 'both were complete: the connection is good')
})

/** The chunks of the body in a message, put together. */
function unchunk(message: string): string {
  let at = message.indexOf('\r\n\r\n') + 4
  let body = ''
  for (;;) {
    const end = message.indexOf('\r\n', at)
    const length = Number.parseInt(message.slice(at, end), 16)
    if (!(length > 0)) return body
    body += message.slice(end + 2, end + 2 + length)
    at = end + 2 + length + 2
  }
}
