// Messages that are one thing in HTTP/2 and could become another in HTTP/1, through a whole sidecar with both codecs: what reaches the
// application is one request, or none.
import t from 'tap'
import { type Http2Origin, http2Origin } from '../support/h2-node.ts'
import { rawHttp2 } from '../support/h2-raw.ts'
import { frame, headers, POST, REQUEST } from '../support/h2-wire.ts'
import { answering, type RawPeer, rawClient, rawOrigin, statuses } from '../support/raw-peer.ts'
import { startSidecar, type TestSidecar } from '../support/sidecar.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: app\r\n\r\n'
const CRLF = '\r\n'

type Fields = readonly (readonly [string, string])[]

const get = (...more: Fields): Fields => [...REQUEST, ...more]
const with_ = (pseudo: string, value: string): Fields => REQUEST.map(([name, old]) => [name, name === pseudo ? value : old])

function inFrontOf(t: { teardown(run: () => unknown): void }, app: number, appProtocol = 'http'): Promise<TestSidecar> {
  const inbound = [{ listen: '127.0.0.1:0', app: `127.0.0.1:${app}`, appProtocol }]
  return startSidecar(t, { listeners: { inbound } })
}

/** Name of the attack → the head that carries it. */
const HEADS: Readonly<Record<string, Fields>> = {
  'Transfer-Encoding (H2.TE)': get(['transfer-encoding', 'chunked']),
  'Transfer-Encoding behind a line end in a value': get(['x-a', `b${CRLF}transfer-encoding: chunked`]),
  'Transfer-Encoding behind a line end in a name': get([`x-a: b${CRLF}transfer-encoding`, 'chunked']),
  'Content-Length behind a line end': get(['x-a', `b${CRLF}content-length: 0`]),
  'a request in a value': get(['x-a', `b${CRLF}${CRLF}${HIDDEN}`]),
  'a request in a name': get([`x-a${CRLF}${CRLF}${HIDDEN}`, 'b']),
  'a bare LF in a value': get(['x-a', 'b\nx-b: c']),
  'a bare CR in a value': get(['x-a', 'b\rx-b: c']),
  'NUL in a value': get(['x-a', 'b\0']),
  'a space around a value': get(['x-a', ' b']),
  'a name in capitals': get(['X-A', 'b']),
  'a name with a colon': get(['x:a', 'b']),
  'a name with a space': get(['x a', 'b']),
  'an empty name': get(['', 'b']),
  'a request in :path': with_(':path', `/ HTTP/1.1${CRLF}Host: app${CRLF}${CRLF}${HIDDEN}`),
  'a space in :path': with_(':path', '/ HTTP/1.1 x'),
  'an absolute :path': with_(':path', 'http://evil/'),
  'an empty :path': with_(':path', ''),
  'a fragment in :path': with_(':path', '/#hidden'),
  'a line end in :authority': with_(':authority', `app${CRLF}x-a: b`),
  'user information in :authority': with_(':authority', 'user@app'),
  'a path in :authority': with_(':authority', 'app/hidden'),
  'an empty :authority': with_(':authority', ''),
  'a request in :method': with_(':method', `GET / HTTP/1.1${CRLF}Host: app${CRLF}${CRLF}GET`),
  'a space in :method': with_(':method', 'GET /hidden'),
  'an unknown :scheme': with_(':scheme', 'ftp'),
  'a :scheme that holds a URL': with_(':scheme', 'http://evil/?'),
  'a second :path': get([':path', '/hidden']),
  'a pseudo-header behind a field': [...REQUEST.slice(0, 3), ['x-a', 'b'], [':path', '/']],
  'an unknown pseudo-header': get([':hidden', 'x']),
  'Host that differs': get(['host', 'evil']),
  'Host twice': get(['host', 'a.test'], ['host', 'a.test']),
  'Connection that names a field': get(['connection', 'x-forwarded-for']),
  'Keep-Alive': get(['keep-alive', 'timeout=5']),
  'Proxy-Connection': get(['proxy-connection', 'close']),
  Upgrade: get(['upgrade', 'websocket']),
  'TE other than trailers': get(['te', 'gzip']),
  'Content-Length twice': get(['content-length', '0'], ['content-length', '0']),
  'Content-Length with a sign': get(['content-length', '+0']),
  'Content-Length as a list': get(['content-length', '0, 0']),
  'Content-Length of a request without a body (H2.CL)': get(['content-length', '5']),
  'extended CONNECT for what is not allowed': [[':method', 'CONNECT'], [':protocol', 'evil'], ...REQUEST.slice(1)],
}

t.test('a head that could be read in two ways reaches nobody', async (t) => {
  const origin = await rawOrigin(t, answering(OK))
  const { inbound } = await inFrontOf(t, origin.port)
  for (const [name, fields] of Object.entries(HEADS)) {
    const client = await rawHttp2(t, inbound)
    client.send(headers(1, fields))
    t.match(await client.ended(1), /^(?:400 )?reset 1$|^400$|^closed$/, name)
    client.socket.destroy()
  }
  t.equal(origin.peers.map((peer) => peer.received).join(''), '', 'the application has heard of none')
})

t.test('a body that is not what its length says is no request of that length (H2.CL)', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const cases: Readonly<Record<string, readonly [length: string, ...frames: Buffer[]]>> = {
    'more than it says': ['3', frame('DATA', 1, 1, `abc${HIDDEN}`)],
    'more than it says, in two frames': ['3', frame('DATA', 0, 1, 'abc'), frame('DATA', 1, 1, HIDDEN)],
    'more than nothing': ['0', frame('DATA', 1, 1, HIDDEN)],
    'less than it says': ['90', frame('DATA', 1, 1, HIDDEN)],
    'less, and trailers': ['90', frame('DATA', 0, 1, 'a'), headers(1, [['x-a', 'b']], 5)],
  }
  for (const [index, [name, [length, ...frames]]] of Object.entries(cases).entries()) {
    const client = await rawHttp2(t, inbound)
    client.send(headers(1, [...POST, ['content-length', length]], 4))
    const peer = await origin.peer(index)
    await peer.until('\r\n\r\n')
    client.send(...frames)
    t.match(await client.ended(1), /reset 1$/, `${name}: an error of the stream`)
    const got = await peer.gone()
    const body = got.slice(got.indexOf('\r\n\r\n') + 4)
    t.ok(body.length <= Number(length), `${name}: nothing beyond its length, and the connection is used for nothing else`)
  }
})

t.test('a body of unknown length goes on in chunks, whatever its bytes are', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawHttp2(t, inbound)
  const body = `0\r\n\r\n${HIDDEN}`
  client.send(headers(1, POST, 4), frame('DATA', 1, 1, body))
  const peer = await origin.peer(0)
  await peer.until(/\r\n0\r\n\r\n$/)
  t.equal(peer.received.split('\r\n\r\n').slice(1).join('\r\n\r\n'), `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)
  peer.send(OK)
  t.equal(await client.ended(1), '200')
})

t.test('trailers cannot become fields of another message', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  for (const [name, trailers] of Object.entries({
    'a pseudo-header': [[':path', '/hidden']],
    'a line end': [['x-a', `b${CRLF}${CRLF}${HIDDEN}`]],
    'Transfer-Encoding': [['transfer-encoding', 'chunked']],
  } as const)) {
    const client = await rawHttp2(t, inbound)
    client.send(headers(1, POST, 4), frame('DATA', 0, 1, 'abc'))
    const peer = await origin.peer(origin.peers.length)
    await peer.until('abc')
    client.send(headers(1, trailers, 5))
    t.match(await client.ended(1), /reset 1$/, name)
    t.notMatch(await peer.gone(), /hidden|0\r\n\r\n$|x-a/, `${name}: no complete request`)
  }
  const client = await rawHttp2(t, inbound)
  const before = origin.peers.length
  client.send(headers(1, POST, 4), frame('DATA', 0, 1, 'abc'))
  client.send(
    headers(
      1,
      [
        ['authorization', 'admin'],
        ['host', 'evil'],
        ['content-length', '9'],
        ['x-sum', '1'],
      ],
      5,
    ),
  )
  const peer = await origin.peer(before)
  await peer.until(/\r\n0\r\n.*\r\n\r\n$/s)
  t.match(peer.received, /\r\n0\r\nx-sum: 1\r\n\r\n$/, 'what would change how the head was understood is dropped')
})

t.test('the same attacks from HTTP/1.1 reach no application of HTTP/2', async (t) => {
  const origin = await http2Origin(t)
  const { inbound } = await inFrontOf(t, origin.port, 'http2')
  for (const rest of [
    `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    `Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    `Content-Length: 0\r\nContent-Length: 9\r\n\r\n${HIDDEN}`,
    `X: y\n:path: /hidden\r\n\r\n${HIDDEN}`,
    `:path: /hidden\r\nContent-Length: 0\r\n\r\n${HIDDEN}`,
  ]) {
    const client = await rawClient(t, inbound)
    client.send(`POST / HTTP/1.1\r\nHost: app\r\n${rest}`)
    t.same(statuses(await client.gone()), [400], JSON.stringify(rest))
  }
  t.equal(origin.seen(), 0)
})

t.test('a response of HTTP/2 cannot become two of HTTP/1', async (t) => {
  const second = `HTTP/1.1 200 OK${CRLF}x-hidden: y${CRLF}${CRLF}`
  const respond = (fields: Record<string, string>): Promise<Http2Origin> =>
    http2Origin(t, (stream) => {
      stream.respond({ ':status': 200, ...fields })
      stream.end(second)
    })
  const ask = async (origin: Http2Origin): Promise<RawPeer> => {
    const { inbound } = await inFrontOf(t, origin.port, 'http2')
    const client = await rawClient(t, inbound)
    client.send('GET / HTTP/1.1\r\nHost: app\r\n\r\n')
    return client
  }
  const whole = await ask(await respond({}))
  t.match(await whole.until(/\r\n0\r\n\r\n$/), new RegExp(`\r\n\r\n${second.length.toString(16)}\r\n`), 'in chunks')
  for (const length of ['0', '9', '90']) {
    const cut = await ask(await respond({ 'content-length': length }))
    const got = await cut.gone()
    t.ok(got === '' || got.slice(got.indexOf('\r\n\r\n') + 4).length <= Number(length), `a length of ${length}: cut`)
  }
})
