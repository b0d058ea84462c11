// What happens to messages between a caller and an application that speak different versions of HTTP, beyond bodies and trailers.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type http2 from 'node:http2'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { askHttp2, connectHttp2, http2Origin } from '../support/h2-node.ts'
import { rawHttp2 } from '../support/h2-raw.ts'
import { frame, headers, POST, REQUEST, uint32 } from '../support/h2-wire.ts'
import { httpOrigin } from '../support/origin.ts'
import { rawClient, rawOrigin } from '../support/raw-peer.ts'
import { startSidecar, type TestSidecar } from '../support/sidecar.ts'

const CANCEL = 8

function inFrontOf(t: Test, app: number, appProtocol: 'http' | 'http2'): Promise<TestSidecar> {
  const inbound = [{ listen: '127.0.0.1:0', app: `127.0.0.1:${app}`, appProtocol }]
  return startSidecar(t, { listeners: { inbound } })
}

t.test('interim responses', async (t) => {
  const hints = { link: '</style.css>; rel=preload' }
  const app1 = await httpOrigin(t, (_request, response) => {
    response.writeEarlyHints(hints, () => response.end('ok'))
  })
  const app2 = await http2Origin(t, (stream) => {
    stream.additionalHeaders({ ':status': 103, ...hints })
    stream.respond({ ':status': 200 })
    stream.end('ok')
  })
  for (const [app, appProtocol] of [
    [app1.port, 'http'],
    [app2.port, 'http2'],
  ] as const) {
    const { inbound } = await inFrontOf(t, app, appProtocol)
    const reply = await askHttp2(connectHttp2(t, inbound), { ':path': '/' })
    t.same([reply.informs, reply.body.toString()], [[103], 'ok'], `HTTP/2 from ${appProtocol}`)
    const client = await rawClient(t, inbound)
    client.send('GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n')
    t.match(
      await client.gone(),
      /^HTTP\/1\.1 103 [^\r]*\r\nlink: <\/style.*\r\n\r\nHTTP\/1\.1 200 /is,
      `HTTP/1.1 from ${appProtocol}`,
    )
  }
})

t.test('Expect: 100-continue is passed on, and so is what it is answered with', async (t) => {
  const app = await http2Origin(t, (stream, got) => {
    if (got.expect === '100-continue') stream.additionalHeaders({ ':status': 100 })
    stream.respond({ ':status': 200 })
    stream.pipe(stream)
  })
  const { inbound } = await inFrontOf(t, app.port, 'http2')
  const client = await rawClient(t, inbound)
  client.send('POST / HTTP/1.1\r\nHost: app\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n')
  await client.until('100 Continue\r\n\r\n')
  client.send('ok')
  t.match(await client.gone(), /ok/)
})

t.test('a response that is complete before its request', async (t) => {
  const app1 = await rawOrigin(t, (peer) => {
    peer.socket.once('data', () =>
      peer.send('HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch'),
    )
  })
  const app2 = await http2Origin(t, (stream) => {
    stream.respond({ ':status': 413 })
    stream.end('much')
  })
  for (const [app, appProtocol] of [
    [app1.port, 'http'],
    [app2.port, 'http2'],
  ] as const) {
    const { inbound } = await inFrontOf(t, app, appProtocol)
    const caller = await rawHttp2(t, inbound)
    caller.send(headers(1, POST, 4), frame('DATA', 0, 1, 'some'))
    t.equal(await caller.ended(1), '413 reset 0', `${appProtocol}: whole, and no more of the request is wanted`)
    caller.send(headers(3, POST, 4), frame('DATA', 0, 3, 'some'))
    t.equal(await caller.ended(3), '413 reset 0', 'the connection lives on')
    const client = await rawClient(t, inbound)
    client.send('POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 1000000\r\n\r\nsome')
    t.match(await client.until(/much/), /^HTTP\/1\.1 413 /, `HTTP/1.1 from ${appProtocol}`)
  }
})

t.test('a caller that gives up is missed at the application', async (t) => {
  const app1 = await rawOrigin(t)
  const first = await inFrontOf(t, app1.port, 'http')
  const caller = await rawHttp2(t, first.inbound)
  caller.send(headers(1))
  const peer = await app1.peer(0)
  await peer.until('\r\n\r\n')
  caller.send(frame('RST_STREAM', 0, 1, uint32(CANCEL)))
  await peer.gone()
  t.equal(await first.metric('istio_requests_total', { response_flags: 'DC' }), 1)

  const codes: number[] = []
  const app2 = await http2Origin(t, (stream) => {
    stream.on('close', () => codes.push(stream.rstCode))
    stream.respond({ ':status': 200 })
    stream.write('begun')
  })
  const second = await inFrontOf(t, app2.port, 'http2')
  const client = await rawClient(t, second.inbound)
  client.send('GET / HTTP/1.1\r\nHost: app\r\n\r\n')
  await client.until('begun')
  client.socket.destroy()
  await eventually(() => codes.length === 1)
  t.same(codes, [CANCEL])
  const session = connectHttp2(t, second.inbound)
  const request = session.request({ ':path': '/' })
  request.on('error', () => {})
  await once(request, 'data')
  request.close(CANCEL)
  await eventually(() => codes.length === 2)
  t.same(codes, [CANCEL, CANCEL])
  t.equal([...app2.sessions].filter((one) => !one.closed).length, 1, 'the connection to the application lives on')
})

t.test('an application that gives up in the middle is no complete response', async (t) => {
  const app1 = await rawOrigin(t, (peer) => {
    peer.socket.once('data', () => {
      peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n')
      peer.socket.end()
    })
  })
  const app2 = await http2Origin(t, (stream) => {
    stream.respond({ ':status': 200 })
    stream.write('begun', () => stream.destroy(new Error('no more')))
  })
  for (const [app, appProtocol] of [
    [app1.port, 'http'],
    [app2.port, 'http2'],
  ] as const) {
    const { inbound } = await inFrontOf(t, app, appProtocol)
    const caller = await rawHttp2(t, inbound)
    caller.send(headers(1))
    t.match(await caller.ended(1), /^200 reset 2$/, `HTTP/2 from ${appProtocol}`)
    const client = await rawClient(t, inbound)
    client.send('GET / HTTP/1.1\r\nHost: app\r\n\r\n')
    t.notMatch(await client.gone(), /\r\n0\r\n/, `HTTP/1.1 from ${appProtocol}`)
  }
})

t.test('responses without a body', async (t) => {
  const app1 = await httpOrigin(t, (request, response) => {
    response.writeHead(Number(request.url?.slice(1)), request.method === 'HEAD' ? { 'content-length': 1000 } : {}).end()
  })
  const app2 = await http2Origin(t, (stream, { ':path': path = '', ':method': method }) => {
    const length = method === 'HEAD' ? { 'content-length': '1000' } : {}
    stream.respond({ ':status': Number(path.slice(1)), ...length }, { endStream: true })
  })
  for (const [app, appProtocol] of [
    [app1.port, 'http'],
    [app2.port, 'http2'],
  ] as const) {
    const { inbound } = await inFrontOf(t, app, appProtocol)
    const session = connectHttp2(t, inbound)
    const client = await rawClient(t, inbound)
    for (const [method, status] of [
      ['GET', '204'],
      ['GET', '304'],
      ['HEAD', '200'],
    ] as const) {
      const reply = await askHttp2(session, { ':path': `/${status}`, ':method': method })
      t.equal(String(reply.headers[':status']), status)
      t.equal(reply.headers['content-length'], method === 'HEAD' ? '1000' : undefined)
      client.send(`${method} /${status} HTTP/1.1\r\nHost: app\r\n\r\n`)
      await client.until(/\r\n\r\n$/)
      t.match(client.take(), new RegExp(`^HTTP/1.1 ${status} `), `HTTP/1.1 from ${appProtocol}: one after the other`)
    }
  }
})

t.test('fields that belong to one connection stay on it, the rest goes on', async (t) => {
  const app2 = await http2Origin(t)
  const second = await inFrontOf(t, app2.port, 'http2')
  const client = await rawClient(t, second.inbound)
  client.send(
    'GET / HTTP/1.1\r\nHost: App.Test\r\nConnection: close, x-hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nTE: trailers\r\n' +
      'X-Kept: Value\r\nCookie: a=1; b=2\r\nAccept: a\r\nAccept: b\r\n\r\n',
  )
  const got = await client.gone()
  const { headers: seen } = JSON.parse(/\{.*\}/s.exec(got)?.[0] ?? '{}')
  t.match(seen, {
    ':authority': 'App.Test',
    'x-kept': 'Value',
    te: 'trailers',
    cookie: 'a=1; b=2',
    accept: 'a, b',
  })
  for (const name of ['host', 'connection', 'keep-alive', 'x-hop', 'transfer-encoding', 'upgrade']) t.notOk(name in seen, name)

  const app1 = await rawOrigin(t, (peer) => {
    peer.socket.on('data', () =>
      peer.send(
        'HTTP/1.1 200 OK\r\nConnection: x-hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nX-Kept: 2\r\nContent-Length: 0\r\n\r\n',
      ),
    )
  })
  const first = await inFrontOf(t, app1.port, 'http')
  const session = connectHttp2(t, first.inbound)
  const reply = await askHttp2(session, { ':path': '/', ':authority': 'app.test', cookie: ['a=1', 'b=2'], te: 'trailers' })
  t.match(reply.headers, { ':status': 200, 'x-kept': '2' })
  for (const name of ['connection', 'keep-alive', 'x-hop']) t.notOk(name in reply.headers, name)
  const text = (await app1.peer(0)).received
  t.match(text, /^GET \/ HTTP\/1\.1\r\n/)
  t.equal(text.match(/^host:/gim)?.length, 1)
  t.match(text, /^host: app\.test\r$/im)
  t.match(text, /^cookie: a=1; b=2\r$/im, 'crumbs are one')
  t.match(text, /^te: trailers\r$/im)
})

t.test('Host stands for a missing :authority, and has to agree with one', async (t) => {
  const app = await httpOrigin(t)
  const { inbound } = await inFrontOf(t, app.port, 'http')
  const without = REQUEST.filter(([name]) => name !== ':authority')
  const caller = await rawHttp2(t, inbound)
  caller.send(headers(1, [...without, ['host', 'app.test']]))
  t.equal(await caller.ended(1), '200')
  caller.send(headers(3, [...REQUEST, ['host', 'A.TEST']]))
  t.equal(await caller.ended(3), '200')
  caller.send(headers(5, [...REQUEST, ['host', 'b.test']]))
  t.match(await caller.ended(5), /reset 1$/)
  caller.send(headers(7, without))
  t.match(await caller.ended(7), /reset 1$/)
})

/** RFC 6455 §4.2.2. */
function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

t.test('a WebSocket over HTTP/2 to an application of HTTP/1.1', async (t) => {
  const app = await rawOrigin(t)
  const { inbound, sidecar } = await inFrontOf(t, app.port, 'http')
  const session = connectHttp2(t, inbound)
  await once(session, 'remoteSettings')
  const request = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': '/chat',
    'sec-websocket-version': '13',
  })
  request.write('early')
  const peer = await app.peer(0)
  await peer.until('\r\n\r\n')
  const key = /^sec-websocket-key: (.+)\r$/im.exec(peer.received)?.[1] ?? ''
  t.match(peer.received, /^GET \/chat HTTP\/1\.1\r\n/)
  t.match(peer.received, /^upgrade: websocket\r$/im)
  t.equal(Buffer.from(key, 'base64').length, 16)
  t.notMatch(peer.received, /early/, 'held until the application agrees')
  peer.send(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\nhello`,
  )
  const [response] = (await once(request, 'response')) as [http2.IncomingHttpHeaders]
  t.equal(response[':status'], 200)
  t.notOk('sec-websocket-accept' in response)
  t.equal(String((await once(request, 'data'))[0]), 'hello')
  await peer.until(/\r\n\r\nearly$/)
  request.end('bye')
  await peer.until(/bye$/)
  await eventually(() => peer.ended)
  peer.socket.end('farewell')
  t.equal(String((await once(request, 'data'))[0]), 'farewell')
  await once(request, 'end')
  await eventually(() => sidecar.open.size === 0)
})

t.test('a WebSocket over HTTP/1.1 to an application of HTTP/2', async (t) => {
  const app = await http2Origin(
    t,
    (stream, got) => {
      if (got[':path'] === '/no') stream.respond({ ':status': 403 }, { endStream: true })
      else {
        stream.respond({ ':status': 200, 'x-protocol': String(got[':protocol']), 'x-method': String(got[':method']) })
        stream.pipe(stream)
      }
    },
    { settings: { enableConnectProtocol: true } },
  )
  const { inbound, sidecar } = await inFrontOf(t, app.port, 'http2')
  const key = 'dGhlIHNhbXBsZSBub25jZQ=='
  const upgrade = (path: string): http.ClientRequest =>
    http.get({
      port: inbound,
      path,
      headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': key, 'sec-websocket-version': '13' },
    })
  const [response, socket] = (await once(upgrade('/chat'), 'upgrade')) as [http.IncomingMessage, Socket]
  t.equal(response.headers['sec-websocket-accept'], acceptOf(key))
  t.match(response.headers, { 'x-protocol': 'websocket', 'x-method': 'CONNECT' })
  socket.write('ping')
  t.equal(String((await once(socket, 'data'))[0]), 'ping')
  socket.end()
  await once(socket, 'end')
  await eventually(() => sidecar.open.size === 0)
  const [refused] = (await once(upgrade('/no'), 'response')) as [http.IncomingMessage]
  t.equal(refused.statusCode, 403)
  refused.resume()
  await eventually(() => sidecar.open.size === 0)
})

t.test('a WebSocket to an application of HTTP/2 that takes none is refused', async (t) => {
  const app = await http2Origin(t)
  const { inbound } = await inFrontOf(t, app.port, 'http2')
  const request = http.get({
    port: inbound,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
    },
  })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  t.equal(response.statusCode, 502)
  response.resume()
})
