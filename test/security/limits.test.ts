// Peers that are slow, or send without end: each has a limit, and what is over it is refused whole, never cut to size.
import t from 'tap'
import { answering, rawClient, rawOrigin, statuses } from '../support/raw-peer.ts'
import { inFrontOf } from '../support/sidecar.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

t.test('a head that does not come to its end in time gets 408', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port, { headTimeout: '100ms' })
  for (const begun of ['G', 'GET / HTTP/1.1\r\nHost: app\r\n', '\r\n']) {
    const client = await rawClient(t, inbound)
    client.send(begun)
    t.same(statuses(await client.gone()), [408], JSON.stringify(begun))
  }
  t.equal(origin.seen(), 0)
})

t.test('a head that trickles in byte by byte gets no more time for it', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port, { headTimeout: '150ms' })
  const client = await rawClient(t, inbound)
  client.send('GET / HTTP/1.1\r\n')
  const drip = setInterval(() => client.send('X: y\r\n'), 20)
  t.teardown(() => clearInterval(drip))
  t.same(statuses(await client.gone()), [408])
})

t.test('a connection that says nothing is closed without a word', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port, { headTimeout: '100ms' })
  const client = await rawClient(t, inbound)
  t.equal(await client.gone(), '')
})

t.test('a second head has its limit as well', async (t) => {
  const origin = await rawOrigin(t, answering(OK))
  const { inbound } = await inFrontOf(t, origin.port, { headTimeout: '100ms' })
  const client = await rawClient(t, inbound)
  client.send('GET / HTTP/1.1\r\nHost: app\r\n\r\n')
  await client.until(/ok$/)
  client.send('GET / HTTP/1.1\r\n')
  t.same(statuses(await client.gone()), [200, 408])
})

t.test('a body that stalls gets 408, and the application sees no complete request', async (t) => {
  for (const body of ['Content-Length: 10\r\n\r\nabc', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n']) {
    const origin = await rawOrigin(t)
    const { inbound } = await inFrontOf(t, origin.port, { bodyTimeout: '100ms' })
    const client = await rawClient(t, inbound)
    client.send(`POST / HTTP/1.1\r\nHost: app\r\n${body}`)
    t.same(statuses(await client.gone()), [408])
    t.notMatch(await (await origin.peer(0)).gone(), /0\r\n\r\n$/)
  }
})

t.test('an oversized head gets 431, whole or in pieces, and is not cut to size', async (t) => {
  const origin = await rawOrigin(t, answering(OK))
  const { inbound } = await inFrontOf(t, origin.port, { maxHeadBytes: '1KiB' })
  const fits = `GET / HTTP/1.1\r\nHost: app\r\nX: ${'y'.repeat(900)}\r\n\r\n`
  const heads: Readonly<Record<string, string>> = {
    'one large field': `GET / HTTP/1.1\r\nHost: app\r\nX: ${'y'.repeat(2000)}\r\n\r\n`,
    'many small fields': `GET / HTTP/1.1\r\nHost: app\r\n${'X: y\r\n'.repeat(90)}${'Long: yyyyyyyyyyyyyyyy\r\n'.repeat(30)}\r\n`,
    'a long target': `GET /${'a'.repeat(2000)} HTTP/1.1\r\nHost: app\r\n\r\n`,
    'without an end': `GET / HTTP/1.1\r\nHost: app\r\nX: ${'y'.repeat(2000)}`,
  }
  for (const [name, head] of Object.entries(heads)) {
    const whole = await rawClient(t, inbound)
    whole.send(head)
    t.same(statuses(await whole.gone()), [431], name)
    const pieces = await rawClient(t, inbound)
    pieces.socket.setNoDelay(true)
    for (let at = 0; at < head.length; at += 400) {
      pieces.send(head.slice(at, at + 400))
      await new Promise((resolve) => setImmediate(resolve))
    }
    t.same(statuses(await pieces.gone()), [431], `${name}, in pieces`)
  }
  t.equal(origin.seen(), 0)
  const client = await rawClient(t, inbound)
  client.send(fits)
  t.same(statuses(await client.until(/ok$/)), [200], 'one that fits goes through')
})

t.test('too many fields get 431', async (t) => {
  const origin = await rawOrigin(t, answering(OK))
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(`GET / HTTP/1.1\r\nHost: app\r\n${'X: y\r\n'.repeat(100)}\r\n`)
  t.same(statuses(await client.gone()), [431])
  t.equal(origin.seen(), 0)
  const other = await rawClient(t, inbound)
  other.send(`GET / HTTP/1.1\r\nHost: app\r\n${'X: y\r\n'.repeat(99)}\r\n`)
  t.same(statuses(await other.until(/ok$/)), [200], 'a hundred go through')
})

t.test('trailers have the limits of a head', async (t) => {
  for (const trailers of ['X: y\r\n'.repeat(101), `X: ${'y'.repeat(2000)}\r\n`]) {
    const origin = await rawOrigin(t)
    const { inbound } = await inFrontOf(t, origin.port, { maxHeadBytes: '1KiB' })
    const client = await rawClient(t, inbound)
    client.send(`POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${trailers}\r\n`)
    t.same(statuses(await client.gone()), [400])
  }
})

t.test('a caller that takes no bytes is let go after a time', async (t) => {
  const origin = await rawOrigin(t, (peer) => {
    const piece = Buffer.alloc(65_536)
    const pump = (): void => {
      while (!peer.closed && peer.socket.write(piece));
    }
    peer.socket.once('data', () => {
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n')
      pump()
    })
    peer.socket.on('drain', pump)
  })
  const { inbound } = await inFrontOf(t, origin.port, { bodyTimeout: '150ms' })
  const client = await rawClient(t, inbound)
  client.socket.pause()
  client.send('GET / HTTP/1.1\r\nHost: app\r\n\r\n')
  const peer = await origin.peer(0)
  await peer.gone()
  t.pass('the application is told')
})
