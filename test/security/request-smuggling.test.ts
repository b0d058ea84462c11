// Requests whose end two readers could see in different places: each is refused, the connection ends, nothing of it reaches the application.
import t from 'tap'
import { answering, rawClient, rawOrigin, statuses } from '../support/raw-peer.ts'
import { inFrontOf } from '../support/sidecar.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: app\r\n\r\n'

/** Name of the attack → fields and body of the POST that carries it. */
const ATTACKS: Readonly<Record<string, string>> = {
  'CL.TE': `Content-Length: ${5 + HIDDEN.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'TE.CL': `Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n${HIDDEN}\r\n0\r\n\r\n`,
  'CL.TE with Content-Length: 0': `Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'TE.TE, the second unknown': `Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'TE.TE, the first unknown': `Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'TE.TE, twice chunked': `Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'TE in quotes': `Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'TE with an empty member': `Transfer-Encoding: , chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'TE that is empty': `Transfer-Encoding:\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'TE behind a vertical tab': `Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'TE with a space before the colon': `Content-Length: 5\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'TE in a folded line': `Content-Length: 5\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'TE behind a bare LF': `Content-Length: 5\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'TE behind a bare CR': `Content-Length: 5\r\nX: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'CL.CL, different': `Content-Length: 0\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  'CL.CL, equal': `Content-Length: 0\r\nContent-Length: 0\r\n\r\n${HIDDEN}`,
  'CL as a list': `Content-Length: 0, 0\r\n\r\n${HIDDEN}`,
  'CL with a sign': `Content-Length: +0\r\n\r\n${HIDDEN}`,
  'CL with a negative number': `Content-Length: -1\r\n\r\n${HIDDEN}`,
  'CL in hexadecimal': `Content-Length: 0x0\r\n\r\n${HIDDEN}`,
  'CL that is empty': `Content-Length:\r\n\r\n${HIDDEN}`,
  'CL beyond what can be counted': `Content-Length: 18446744073709551616\r\n\r\n${HIDDEN}`,
  'CL with a space inside': `Content-Length: 1 0\r\n\r\n${HIDDEN}`,
}

t.test('an attack on the framing reaches nobody', async (t) => {
  const origin = await rawOrigin(t, answering(OK))
  const { inbound } = await inFrontOf(t, origin.port)
  for (const [name, rest] of Object.entries(ATTACKS)) {
    const client = await rawClient(t, inbound)
    client.send(`POST / HTTP/1.1\r\nHost: app\r\n${rest}`)
    t.same(statuses(await client.gone()), [400], `${name}: refused once, and closed`)
  }
  t.same(origin.peers.map((peer) => peer.received).join(''), '', 'the application has heard of none')
})

t.test('Transfer-Encoding over HTTP/1.0 is refused', async (t) => {
  const origin = await rawOrigin(t, answering(OK))
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(`POST / HTTP/1.0\r\nHost: app\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`)
  t.same(statuses(await client.gone()), [400])
  t.equal(origin.seen(), 0)
})

/** Name → a chunked body that hides a request from another reader. The head has reached the application by then. */
const CHUNKED: Readonly<Record<string, string>> = {
  'a chunk size with 0x': `0x0\r\n\r\n${HIDDEN}`,
  'a chunk size with a sign': `+0\r\n\r\n${HIDDEN}`,
  'a chunk size behind a space': ` 0\r\n\r\n${HIDDEN}`,
  'an empty chunk size': `\r\n\r\n${HIDDEN}`,
  'a chunk size that overflows': `10000000000000000\r\n\r\n${HIDDEN}`,
  'a chunk line that ends in a bare LF': `0\n\r\n${HIDDEN}`,
  'a bare LF inside a chunk extension': `0;a\nb\r\n\r\n${HIDDEN}`,
  'a bare CR inside a chunk extension': `0;a\rb\r\n\r\n${HIDDEN}`,
  'chunk data longer than its size': `1\r\nab\r\n0\r\n\r\n${HIDDEN}`,
  'chunk data that ends in a bare LF': `1\r\na\n0\r\n\r\n${HIDDEN}`,
  'an endless chunk extension': `0;${'a'.repeat(5000)}\r\n\r\n${HIDDEN}`,
  'a trailer line that ends in a bare LF': `0\r\nX: y\n\r\n${HIDDEN}`,
  'a trailer with a space before its colon': `0\r\nX : y\r\n\r\n${HIDDEN}`,
}

t.test('an attack on the chunks ends the exchange on both sides', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  for (const [index, [name, body]] of Object.entries(CHUNKED).entries()) {
    const client = await rawClient(t, inbound)
    client.send(`POST /cut HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n`)
    const peer = await origin.peer(index)
    await peer.until('\r\n\r\n')
    client.send(body)
    t.same(statuses(await client.gone()), [400], `${name}: refused once, and closed`)
    const got = await peer.gone()
    t.notMatch(got, /hidden/, 'nothing hidden went on')
    t.notMatch(got, /0\r\n\r\n$/, 'what went on is no complete request')
  }
})

t.test('bytes behind a body are the next request, and wait for their turn', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(`POST /one HTTP/1.1\r\nHost: app\r\nContent-Length: 2\r\n\r\nab${HIDDEN}`)
  const first = await origin.peer(0)
  await first.until(/ab$/)
  t.notMatch(first.received, /hidden/)
  first.send(OK)
  await first.until('/hidden')
  t.match(first.received, /ab.*GET \/hidden HTTP\/1\.1\r\n/s, 'a request of its own, on the connection that became free')
})

t.test('CONNECT with a body is refused', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send('CONNECT app:80 HTTP/1.1\r\nHost: app:80\r\nContent-Length: 3\r\n\r\nabc')
  t.same(statuses(await client.gone()), [400])
  t.equal(origin.seen(), 0)
})
