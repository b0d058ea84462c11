// The HTTP/2 codec with real peers on real sockets, in both roles and with itself in between: node:http2 always, and of curl, nghttp2's
// tools and openssl what the machine has.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { Http2Downstream } from '../../src/codec/http2/downstream.ts'
import type { Http2Upstream } from '../../src/codec/http2/upstream.ts'
import { systemClock } from '../../src/core/clock.ts'
import { eventually } from '../support/eventually.ts'
import { askHttp2 as ask, connectHttp2 as connect } from '../support/h2-node.ts'
import { dialUpstream, EchoExchange, handlerOf, LIMITS, Relay, type Seen, serve } from '../support/http2.ts'
import { freePort } from '../support/origin.ts'
import { missing, runProgram, startProgram } from '../support/programs.ts'
import { temporaryFolder } from '../support/sidecar-process.ts'

/** An HTTP/2 server of Node's that echoes, and does what the path says. */
async function nodeServer(t: Test, settings: http2.Settings = {}): Promise<{ server: http2.Http2Server; port: number }> {
  const server = http2.createServer({ settings })
  const sessions = new Set<http2.ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session))
  server.on('sessionError', () => {})
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on('error', () => {})
    if (headers[':path'] === '/reset') stream.close(http2.constants.NGHTTP2_REFUSED_STREAM)
    else if (headers[':path'] === '/early') stream.respond({ ':status': 413 }, { endStream: true })
    else if (headers[':path'] === '/hints') {
      stream.additionalHeaders({ ':status': 103, link: '</a>' })
      stream.respond({ ':status': 200 })
      stream.end('hinted')
    } else {
      stream.respond(
        { ':status': 200, 'x-method': headers[':method'], 'x-cookie': headers.cookie ?? '' },
        { waitForTrailers: true },
      )
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checked': 'yes' }))
      if (headers[':method'] === 'HEAD') stream.end()
      else stream.pipe(stream)
    }
  })
  const port = await listen(t, server)
  t.teardown(() => {
    for (const session of sessions) session.destroy()
  })
  return { server, port }
}

function listen(
  t: Test,
  server: { listen(port: number, host: string, run: () => void): unknown; address(): unknown; close(): unknown },
): Promise<number> {
  t.teardown(() => server.close())
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
}

/** Our client side and our server side back to back, in front of `upstreamPort`. */
async function proxy(t: Test, upstreamPort: number): Promise<{ port: number; seen: Seen; upstream: Http2Upstream }> {
  const told: string[] = []
  const { connection, socket } = dialUpstream(upstreamPort, {
    onReady: () => told.push('ready'),
    onIdle() {},
    onGone() {},
  })
  t.teardown(() => socket.destroy())
  await eventually(() => told.length > 0)
  const { server, port, seen } = await serve({}, (stream, head, end) => {
    const relay = new Relay(stream)
    relay.start(connection, head, end)
    return relay
  })
  t.teardown(() => server.close())
  t.teardown(() => seen.connections.map((one) => one.destroy('draining')))
  return { port, seen, upstream: connection }
}

function random(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at += 32)
    createHash('sha256')
      .update(String(at + length))
      .digest()
      .copy(bytes, at)
  return bytes
}

t.test('node:http2 as the client', async (t) => {
  const { server, port, seen } = await serve()
  t.teardown(() => server.close())
  const session = connect(t, port)
  const plain = await ask(session, { ':path': '/a?b' })
  t.match([plain.headers[':status'], plain.headers['x-path'], plain.body.toString()], [200, '/a?b', 'hello'])
  t.equal((await ask(session, { ':path': '/', ':method': 'HEAD' })).headers['content-length'], '5')

  const large = random(3_000_000)
  const echoed = await ask(session, { ':path': '/', ':method': 'POST' }, [large], { 'x-sum': 'abc' })
  t.ok(echoed.body.equals(large), 'three megabytes there and back')
  t.equal(echoed.trailers['x-sum'], 'abc')

  const many = await Promise.all(
    Array.from({ length: 100 }, (_, n) => ask(session, { ':path': '/', ':method': 'POST' }, [random(n * 100)])),
  )
  t.ok(
    many.every((reply, n) => reply.body.equals(random(n * 100))),
    'a hundred at once',
  )

  const given = session.request({ ':path': '/', ':method': 'POST' })
  given.on('error', () => {})
  given.write('x')
  given.close(http2.constants.NGHTTP2_CANCEL)
  await eventually(() => seen.connections[0]?.active === 0)

  const [connection] = seen.connections
  const goaway = new Promise((resolve) => session.once('goaway', resolve))
  const pending = session.request({ ':path': '/', ':method': 'POST' })
  pending.write('a')
  await eventually(() => connection?.active === 1)
  connection?.drain()
  await goaway
  const rest = new Promise<string>((resolve) => {
    let text = ''
    pending.on('data', (chunk: Buffer) => (text += chunk.toString()))
    pending.on('end', () => resolve(text))
  })
  pending.end('b')
  t.equal(await rest, 'ab', 'what is under way survives a drain')
  await eventually(() => seen.closed === 1)
  t.same(seen.defects, [])
})

t.test('node:http2 as the server, our two sides in front of it', async (t) => {
  const { port: upstreamPort } = await nodeServer(t)
  const { port, seen, upstream } = await proxy(t, upstreamPort)
  const session = connect(t, port)
  const large = random(2_000_000)
  const echoed = await ask(session, { ':path': '/', ':method': 'POST', cookie: ['a=b', 'c=d'] as never }, [large])
  t.ok(echoed.body.equals(large))
  t.match([echoed.headers['x-method'], echoed.headers['x-cookie'], echoed.trailers['x-checked']], ['POST', 'a=b; c=d', 'yes'])

  const hinted = await ask(session, { ':path': '/hints' })
  t.match([hinted.informs, hinted.body.toString()], [[103], 'hinted'])
  t.equal((await ask(session, { ':path': '/', ':method': 'HEAD' })).headers[':status'], 200)
  t.equal((await ask(session, { ':path': '/reset' })).headers[':status'], 503, 'REFUSED_STREAM is a failure of its own')

  const early = session.request({ ':path': '/early', ':method': 'POST' })
  early.on('error', () => {})
  early.write('first')
  const status = await new Promise((resolve) => early.on('response', (headers) => resolve(headers[':status'])))
  t.equal(status, 413, 'a response before the end of its request')

  const replies = await Promise.all(
    Array.from({ length: 60 }, (_, n) => ask(session, { ':path': `/${n}`, ':method': 'POST' }, [random(n * 1000)])),
  )
  t.ok(replies.every((reply, n) => reply.body.equals(random(n * 1000))))
  await eventually(() => upstream.active === 0)
  t.same(seen.defects, [])
})

t.test('callers that go away are felt upstream, endpoints that go away downstream', async (t) => {
  const { server, port: upstreamPort } = await nodeServer(t)
  const { port, upstream } = await proxy(t, upstreamPort)
  const session = connect(t, port)
  const request = session.request({ ':path': '/', ':method': 'POST' })
  request.on('error', () => {})
  request.write('x')
  await new Promise((resolve) => request.on('response', resolve))
  t.equal(upstream.active, 1)
  request.close(http2.constants.NGHTTP2_CANCEL)
  await eventually(() => upstream.active === 0)

  const other = session.request({ ':path': '/', ':method': 'POST' })
  const broken = new Promise<Error>((resolve) => other.on('error', resolve))
  other.write('x')
  await new Promise((resolve) => other.on('response', resolve))
  upstream.destroy('upstream_reset')
  t.match((await broken).message, /NGHTTP2_INTERNAL_ERROR/)
  server.close()
})

t.test('a client that reads slowly stops one stream and costs no memory', async (t) => {
  const { server, port, seen } = await serve()
  t.teardown(() => server.close())
  const session = connect(t, port)
  const slow = session.request({ ':path': '/', 'x-bytes': '20000000' })
  slow.on('error', () => {})
  await new Promise((resolve) => slow.on('response', resolve))
  slow.pause()
  for (let n = 0; n < 20; n++) t.equal((await ask(session, { ':path': '/' })).body.toString(), 'hello')
  t.equal(seen.connections[0]?.active, 1)
  let bytes = 0
  slow.on('data', (chunk: Buffer) => (bytes += chunk.length))
  slow.resume()
  await eventually(() => bytes === 20_000_000)
})

t.test('over TLS, by ALPN', { skip: missing('openssl') }, async (t) => {
  const folder = temporaryFolder(t)
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const how = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '1',
    '-subj',
    '/CN=localhost',
  ]
  await runProgram('openssl', [...how, '-keyout', key, '-out', cert])
  const seen: Seen = { refused: [], closed: 0, defects: [], connections: [] }
  const heads: string[] = []
  const answer = handlerOf((stream, head, end) => {
    heads.push(head.scheme)
    return new EchoExchange(stream, head, end)
  }, seen)
  const options = { key: readFileSync(key), cert: readFileSync(cert), ALPNProtocols: ['h2'] }
  const sockets: Socket[] = []
  const server = createTlsServer(options, (socket: TLSSocket) => {
    sockets.push(socket)
    seen.connections.push(new Http2Downstream(socket, answer, { limits: LIMITS, clock: systemClock, scheme: 'https' }))
  })
  const port = await listen(t, server)
  t.teardown(() => sockets.map((socket) => socket.destroy()))
  const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  t.teardown(() => session.destroy())
  const large = random(1_000_000)
  const replies = await Promise.all([1, 2, 3].map(() => ask(session, { ':path': '/', ':method': 'POST' }, [large])))
  t.ok(replies.every((reply) => reply.body.equals(large)))
  t.same(heads, ['https', 'https', 'https'])
  t.same(seen.defects, [])
})

t.test('curl', { skip: missing('curl') }, async (t) => {
  const { server, port, seen } = await serve()
  t.teardown(() => server.close())
  const flags = ['-sS', '--http2-prior-knowledge', '-m', '10']
  t.equal(await runProgram('curl', [...flags, `http://127.0.0.1:${port}/x`]), 'hello')
  t.match(await runProgram('curl', [...flags, '-I', `http://127.0.0.1:${port}/x`]), /^HTTP\/2 200/)
  const folder = temporaryFolder(t)
  const file = join(folder, 'body')
  writeFileSync(file, random(1_000_000))
  const out = join(folder, 'out')
  await runProgram('curl', [...flags, '--data-binary', `@${file}`, '-o', out, `http://127.0.0.1:${port}/x`])
  t.ok(readFileSync(out).equals(readFileSync(file)))
  t.same(seen.defects, [])
})

t.test("nghttp2's client and server, our two sides in between", { skip: missing('nghttp', 'nghttpd', 'h2load') }, async (t) => {
  const folder = temporaryFolder(t)
  const upstreamPort = await freePort()
  writeFileSync(join(folder, 'small'), 'x'.repeat(1024))
  writeFileSync(join(folder, 'large'), random(1_048_576))
  startProgram(t, 'nghttpd', ['--no-tls', '-d', folder, String(upstreamPort)])
  await eventually(async () => (await runProgram('nghttp', [`http://127.0.0.1:${upstreamPort}/small`])).length > 0)
  const { port, seen } = await proxy(t, upstreamPort)
  const base = `http://127.0.0.1:${port}`
  const padded = await runProgram('nghttp', ['-nv', '-p', '8', '-w', '14', '-b', '100', `${base}/large`])
  t.match(padded, /END_STREAM/)
  const args = ['-n', '2000', '-c', '4', '-m', '20', '-t', '1']
  t.match(await runProgram('h2load', [...args, `${base}/small`]), /2000 succeeded, 0 failed, 0 errored/)
  t.match(await runProgram('h2load', ['-n', '40', '-c', '2', '-m', '10', '-w', '20', `${base}/large`]), /40 succeeded, 0 failed/)
  t.match(
    await runProgram('h2load', [...args, '-d', join(folder, 'large'), '-n', '20', `${base}/small`]),
    /20 succeeded, 0 failed/,
  )
  t.same(seen.defects, [])
})

t.test('a server that limits streams and headers', async (t) => {
  const { port: upstreamPort } = await nodeServer(t, { maxConcurrentStreams: 3, initialWindowSize: 100, headerTableSize: 0 })
  const told: string[] = []
  const { connection, socket } = dialUpstream(upstreamPort, {
    onReady: () => told.push('ready'),
    onIdle: () => told.push('idle'),
    onGone() {},
  })
  t.teardown(() => socket.destroy())
  await eventually(() => told.includes('idle'))
  t.equal(connection.capacity, 3)
})

t.test('a listener that speaks nothing else', async (t) => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const port = await listen(t, server)
  const told: string[] = []
  const { connection } = dialUpstream(port, {
    onReady() {},
    onIdle() {},
    onGone: (_, code, detail) => told.push(`${code}: ${detail}`),
  })
  await eventually(() => told.length > 0)
  t.match(told, [/^upstream_protocol: (frame larger|the first frame)/])
  t.equal(connection.capacity, 0)
})
