// Fields that speak of a connection or of who is asking: neither Connection nor trailers may be used to take them away or slip them in.
import t from 'tap'
import { answering, rawClient, rawOrigin, statuses } from '../support/raw-peer.ts'
import { inFrontOf } from '../support/sidecar.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

const PROTECTED: Readonly<Record<string, string>> = {
  Authorization: 'Bearer token',
  'Proxy-Authorization': 'Basic abc',
  Cookie: 'session=1',
  Forwarded: 'for=10.0.0.1',
  'X-Forwarded-For': '10.0.0.1',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'shop.example',
  'X-Request-Id': '7d1f3a5e-0000-4000-8000-000000000000',
  'X-Real-IP': '10.0.0.1',
  'X-Envoy-Peer-Metadata-Id': 'a',
  Traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  Via: '1.1 a',
  'Content-Type': 'text/plain',
  'Cache-Control': 'no-store',
}

t.test('Connection can not take away what says who is asking', async (t) => {
  const origin = await rawOrigin(t, answering(OK))
  const { inbound } = await inFrontOf(t, origin.port)
  for (const [name, value] of Object.entries(PROTECTED)) {
    const client = await rawClient(t, inbound)
    client.send(`GET / HTTP/1.1\r\nHost: app\r\n${name}: ${value}\r\nConnection: close, ${name}\r\n\r\n`)
    await client.gone()
    const sent = (await origin.peer(0)).received.split('\r\n\r\n').at(-2) ?? ''
    t.ok(new RegExp(`\r\n${name}: `, 'i').test(sent), `${name} stays`)
  }
})

t.test('Connection can not take away Host or Content-Length', async (t) => {
  const origin = await rawOrigin(t, answering(OK))
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send('POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 3\r\nConnection: close, host, content-length\r\n\r\nabc')
  await client.gone()
  const sent = (await origin.peer(0)).received
  t.match(sent, /\r\nHost: app\r\n/)
  t.match(sent, /\r\nContent-Length: 3\r\n.*\r\n\r\nabc$/s)
})

t.test('a response can not have its cookies or its length taken away', async (t) => {
  const origin = await rawOrigin(
    t,
    answering(
      'HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nConnection: set-cookie, content-length, date, x-hop\r\nDate: now\r\nX-Hop: 1\r\nContent-Length: 2\r\n\r\nok',
    ),
  )
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send('GET / HTTP/1.1\r\nHost: app\r\n\r\n')
  const text = await client.until(/ok$/)
  t.match(text, /\r\nSet-Cookie: a=b\r\nDate: now\r\nContent-Length: 2\r\n/)
  t.notMatch(text, /x-hop/i)
})

t.test('fields of the connection stay on their connection', async (t) => {
  const origin = await rawOrigin(t, answering(OK))
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send(
    'GET / HTTP/1.1\r\nHost: app\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=9\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
  )
  await client.until(/ok$/)
  t.notMatch((await origin.peer(0)).received, /connection|x-mine|keep-alive|\bte:|upgrade|http2-settings/i)
})

const IDENTITY = [
  'Authorization',
  'Cookie',
  'X-Forwarded-For',
  'X-Forwarded-Client-Cert',
  'X-Real-IP',
  'X-Request-Id',
  'Forwarded',
]
const FRAMING = ['Host', 'Content-Length', 'Transfer-Encoding', 'Connection', 'Expect', 'Upgrade', 'TE', 'Trailer']

t.test('trailers can not smuggle identity or framing', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  const values: Readonly<Record<string, string>> = { 'Content-Length': '1', Expect: '100-continue' }
  const trailers = [...IDENTITY, ...FRAMING].map((name) => `${name}: ${values[name] ?? 'smuggled'}\r\n`).join('')
  client.send(`POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${trailers}X-Checksum: honest\r\n\r\n`)
  const peer = await origin.peer(0)
  const sent = await peer.until(/X-Checksum: honest\r\n\r\n$/)
  t.notMatch(sent, /smuggled/)
  t.match(sent, /\r\n\r\n0\r\nX-Checksum: honest\r\n\r\n$/)
  peer.send(OK)
  await client.until(/ok$/)
})

t.test('a control byte in a trailer is refused', async (t) => {
  const origin = await rawOrigin(t)
  const { inbound } = await inFrontOf(t, origin.port)
  const client = await rawClient(t, inbound)
  client.send('POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: a\x01b\r\n\r\n')
  t.same(statuses(await client.gone()), [400])
})
