// What flows over HTTP/1.1, and what happens when it stops: back-pressure, a caller or an application that goes, WebSockets.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { eventually } from '../support/eventually.ts'
import { freePort, tcpOrigin } from '../support/origin.ts'
import { rawClient, rawOrigin, statuses } from '../support/raw-peer.ts'
import { inFrontOf, startSidecar } from '../support/sidecar.ts'

const GET = 'GET / HTTP/1.1\r\nHost: app\r\n\r\n'
const MIB = 1_048_576
const BODY_BYTES = 64 * MIB
/** What a stalled exchange may hold in memory of ours: a few read buffers and the high-water marks of two sockets. */
const BUFFERED_BYTES = 8 * MIB

/** Writes one piece of memory again and again, as fast as it is taken. */
function pump(socket: Socket, bytes: number, done: () => void): void {
  const piece = Buffer.alloc(65_536, 'a')
  let left = bytes
  const more = (): void => {
    while (left > 0) {
      left -= piece.length
      if (!socket.write(piece)) return
    }
    socket.off('drain', more)
    done()
  }
  socket.on('drain', more)
  more()
}

/** Nothing moves any more: the source has written what it could. */
async function stalls(source: Socket): Promise<void> {
  let last = -1
  let same = 0
  await eventually(() => {
    same = source.bytesWritten === last ? same + 1 : 0
    last = source.bytesWritten
    return same > 20
  })
}

/** Memory outside the heap that something still refers to. */
function liveBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().arrayBuffers
}

/** The body flows from `source` to `sink`, which does not read at first: what is held meanwhile, and that all of it arrives. */
async function checkStalled(
  t: Test,
  name: string,
  ends: { source: () => Socket | undefined; sink: Socket; before: number },
): Promise<void> {
  const { sink, before } = ends
  const source = await eventually(ends.source)
  await stalls(source)
  const held = liveBytes() - before
  t.ok(source.bytesWritten < BODY_BYTES, `${name}: the source is made to wait`)
  t.ok(held < BUFFERED_BYTES, `${name}: ${(held / MIB).toFixed(1)} MiB are held`)
  let read = 0
  sink.on('data', (chunk: Buffer) => (read += chunk.length))
  sink.resume()
  await eventually(() => read >= BODY_BYTES, { timeoutMs: 20_000 })
  t.pass('all of it arrives in the end')
}

t.test('a reader that stalls in a large response costs bounded memory', async (t) => {
  for (const framing of [`Content-Length: ${BODY_BYTES}`, 'Connection: close']) {
    const accepted: Socket[] = []
    const origin = await tcpOrigin(t, (socket) => {
      socket.once('data', () => {
        accepted.push(socket)
        socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`)
        pump(socket, BODY_BYTES, () => socket.end())
      })
    })
    const { inbound } = await inFrontOf(t, origin.port)
    const sink = await connected(t, inbound)
    const before = liveBytes()
    sink.write(GET)
    await checkStalled(t, framing, { source: () => accepted[0], sink, before })
  }
})

t.test('a reader that is merely slow costs no more', async (t) => {
  const origin = await tcpOrigin(t, (socket) => {
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`)
      pump(socket, BODY_BYTES, () => {})
    })
  })
  const { inbound } = await inFrontOf(t, origin.port)
  const sink = await connected(t, inbound)
  const before = liveBytes()
  let read = 0
  let looked = 0
  let peak = 0
  sink.on('data', (chunk: Buffer) => {
    read += chunk.length
    sink.pause()
    setImmediate(() => sink.resume())
    if (read - looked < 4 * MIB) return
    looked = read
    peak = Math.max(peak, liveBytes() - before)
  })
  sink.write(GET)
  await eventually(() => read >= BODY_BYTES, { timeoutMs: 20_000 })
  t.ok(peak < BUFFERED_BYTES, `${(peak / MIB).toFixed(1)} MiB are held at most`)
})

t.test('an application that stalls in a large request costs bounded memory', async (t) => {
  for (const framing of [
    `Content-Length: ${BODY_BYTES}\r\n\r\n`,
    `Transfer-Encoding: chunked\r\n\r\n${BODY_BYTES.toString(16)}\r\n`,
  ]) {
    const accepted: Socket[] = []
    const origin = await tcpOrigin(t, (socket) => {
      accepted.push(socket)
    })
    const { inbound } = await inFrontOf(t, origin.port)
    const source = await connected(t, inbound)
    const before = liveBytes()
    source.write(`POST / HTTP/1.1\r\nHost: app\r\n${framing}`)
    pump(source, BODY_BYTES, () => {})
    const sink = await eventually(() => accepted[0])
    await checkStalled(t, framing.slice(0, framing.indexOf(':')), { source: () => source, sink, before })
  }
})

t.test('a caller that goes in the middle of a response: the application is told', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound, sidecar } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(GET)
  const peer = await origin.peer(0)
  await peer.until('\r\n\r\n')
  peer.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
  await client.until('abc')
  client.socket.destroy()
  await peer.gone()
  await eventually(() => sidecar.open.size === 0)
})

t.test('a caller that goes before the response: the application is told', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound, sidecar, metric } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(GET)
  const peer = await origin.peer(0)
  await peer.until('\r\n\r\n')
  client.socket.resetAndDestroy()
  await peer.gone()
  await eventually(() => sidecar.open.size === 0)
  t.equal(await metric('istio_requests_total', { response_flags: 'DC' }), 1)
})

t.test('a caller that goes in the middle of its body: the application sees no complete request', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send('POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
  const peer = await origin.peer(0)
  await peer.until('abc')
  client.socket.end()
  t.notMatch(await peer.gone(), /0\r\n\r\n$/)
})

t.test('an application that goes in the middle of a body: the caller sees a broken transfer', async (t) => {
  for (const cut of ['end', 'resetAndDestroy'] as const) {
    for (const framing of ['Content-Length: 10\r\n\r\nabc', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n']) {
      const origin = await rawOrigin(t)
      const { inbound, metric } = await inFrontOf(t, origin.port)
      const fetched = fetch(`http://127.0.0.1:${inbound}/`)
      const peer = await origin.peer(0)
      await peer.until('\r\n\r\n')
      peer.send(`HTTP/1.1 200 OK\r\n${framing}`)
      const response = await fetched
      peer.socket[cut]()
      await t.rejects(response.text(), `${framing.split(':')[0]}, ${cut}: an HTTP client takes it for broken`)
      await eventually(async () => (await metric('istio_requests_total', { response_flags: 'UC' })) === 1)
    }
  }
})

t.test('a response by close that is reset is cut as well, never ended, towards HTTP/1.0 too', async (t) => {
  for (const version of ['1.0', '1.1']) {
    const origin = await rawOrigin(t)
    const { inbound } = await inFrontOf(t, origin.port)
    const client = await rawClient(t, inbound)
    client.send(`GET / HTTP/${version}\r\nHost: app\r\n\r\n`)
    const peer = await origin.peer(0)
    await peer.until('\r\n\r\n')
    peer.send('HTTP/1.1 200 OK\r\n\r\nabc')
    await client.until('abc')
    peer.socket.resetAndDestroy()
    await client.gone()
    await eventually(() => client.closed)
    t.notMatch(client.received, /0\r\n\r\n$/)
    if (version === '1.0') t.equal(client.error?.code, 'ECONNRESET', 'a plain close would look like the end')
  }
})

t.test('an application that goes without a word: 503 with flag UC, and no second try of a POST', async (t) => {
  const origin = await rawOrigin(t, (peer) => {
    peer.socket.once('data', () => peer.socket.end())
  })
  const { inbound, metric } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send('POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 1\r\n\r\na')
  t.same(statuses(await client.until(/\}\n$/)), [503])
  t.equal(origin.seen(), 1)
  t.equal(await metric('istio_requests_total', { response_flags: 'UC', response_code: '503' }), 1)
})

t.test('an application that can not be reached: 503 with flag UF, without its address', async (t) => {
  const port = await freePort()
  const { inbound, metric } = await inFrontOf(t, port)
  const response = await fetch(`http://127.0.0.1:${inbound}/`)
  t.equal(response.status, 503)
  const text = await response.text()
  t.match(JSON.parse(text), { error: 'connect_failed', request_id: String })
  t.notMatch(text, String(port))
  t.equal(await metric('istio_requests_total', { response_flags: 'UF', response_code: '503' }), 1)
})

t.test('a WebSocket through two sidecars', async (t) => {
  const { port, server } = await webSocketOrigin(t)
  const inbound = await inFrontOf(t, port)
  const outbound = await startSidecar(t, {
    listeners: { outbound: [{ listen: '127.0.0.1:0', protocol: 'http' }] },
    services: [{ name: 'chat', port: 80, endpoints: [{ address: `127.0.0.1:${inbound.inbound}` }] }],
  })
  const socket = new WebSocket(`ws://127.0.0.1:${outbound.outbound}/room`, ['v2'], { headers: { host: 'chat' } })
  t.teardown(() => socket.terminate())
  await once(socket, 'open')
  t.equal(socket.protocol, 'v2')
  for (const message of ['hello', 'x'.repeat(200_000), '']) {
    socket.send(message)
    const [echo] = (await once(socket, 'message')) as [Buffer]
    t.equal(echo.toString(), message)
  }
  socket.ping()
  await once(socket, 'pong')
  socket.close(4001, 'enough')
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  t.same([code, reason.toString()], [4001, 'enough'])
  await eventually(() => server.clients.size === 0 && inbound.sidecar.open.size === 0 && outbound.sidecar.open.size === 0)
  t.equal(await inbound.metric('istio_requests_total', { response_code: '101', response_flags: '-' }), 1)
})

t.test('an application that drops a WebSocket drops the caller', async (t) => {
  const { port, server } = await webSocketOrigin(t)
  const { inbound } = await inFrontOf(t, port)
  const socket = new WebSocket(`ws://127.0.0.1:${inbound}/`)
  t.teardown(() => socket.terminate())
  await once(socket, 'open')
  for (const client of server.clients) client.terminate()
  const [code] = (await once(socket, 'close')) as [number]
  t.equal(code, 1006)
})

async function connected(t: Test, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

async function webSocketOrigin(t: Test): Promise<{ port: number; server: WebSocketServer }> {
  const http = createServer()
  const server = new WebSocketServer({ server: http })
  server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const client of server.clients) client.terminate()
    http.close()
  })
  return { port: (http.address() as AddressInfo).port, server }
}
