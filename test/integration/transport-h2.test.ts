// HTTP/1.1 between two sidecars over HTTP/2: many requests on one connection, and at the far end what was written at the near one.

import { once } from 'node:events'
import http from 'node:http'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { askHttp2, connectHttp2 } from '../support/h2-node.ts'
import { httpOrigin } from '../support/origin.ts'
import { type RawOrigin, rawClient, rawOrigin } from '../support/raw-peer.ts'
import { startSidecar, type TestSidecar } from '../support/sidecar.ts'

/** Two sidecars: the caller's port, and what each counts. */
async function pair(t: Test, app: string): Promise<{ port: number; near: TestSidecar; far: TestSidecar }> {
  const far = await startSidecar(t, { listeners: { inbound: [{ listen: '127.0.0.1:0', app }] } })
  const near = await startSidecar(t, {
    listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
    services: [
      { name: 'app', namespace: 'shop', port: 80, transport: 'h2', endpoints: [{ address: `127.0.0.1:${far.inbound}` }] },
    ],
  })
  return { port: near.outbound, near, far }
}

function respond(origin: RawOrigin, response: string): void {
  void origin.peer(0).then((peer) => peer.until('\r\n\r\n').then(() => peer.send(response)))
}

t.test('case and order of names are kept both ways', async (t) => {
  const origin = await rawOrigin(t)
  const { port } = await pair(t, origin.address)
  respond(
    origin,
    'HTTP/1.1 200 OK\r\nX-Second: 2\r\nContent-LENGTH: 2\r\nSet-Cookie: a=1\r\nX-FIRST: 1\r\nSet-Cookie: b=2\r\n\r\nok',
  )
  const client = await rawClient(t, port)
  client.send(
    'GET /x HTTP/1.1\r\nX-Z: 1\r\nHOST: App.shop\r\nUser-agent: t\r\nCookie: a=1; b=2\r\nX-A: 2\r\nx-z: 3\r\nTE: trailers\r\nConnection: TE\r\n\r\n',
  )
  const got = await client.until(/ok$/)
  t.match(
    got,
    /^HTTP\/1\.1 200 OK\r\nX-Second: 2\r\nContent-LENGTH: 2\r\nSet-Cookie: a=1\r\nX-FIRST: 1\r\nSet-Cookie: b=2\r\n(?:\r\nok|Connection)/,
  )
  const seen = (await origin.peer(0)).received
  t.match(seen, /^GET \/x HTTP\/1\.1\r\nX-Z: 1\r\nHOST: App\.shop\r\nUser-agent: t\r\nCookie: a=1; b=2\r\nX-A: 2\r\nx-z: 3\r\n/)
  t.notMatch(seen + got, /x-outrigger/i)
})

t.test('many requests share a connection between the sidecars', async (t) => {
  const origin = await httpOrigin(t, (request, response) => setTimeout(() => request.pipe(response), 20))
  const { port, near } = await pair(t, origin.address)
  const agent = new http.Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  const ask = async (body: string): Promise<string> => {
    const request = http.request({ port, method: 'POST', agent, headers: { host: 'app.shop' } })
    request.end(body)
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    let text = ''
    for await (const part of response) text += part
    return text
  }
  const bodies = Array.from({ length: 60 }, (_, i) => `body ${i} ${'x'.repeat(i * 500)}`)
  t.same(await Promise.all(bodies.map(ask)), bodies)
  t.equal(await near.metric('outrigger_upstream_connects_total', { service: 'app.shop:80' }), 1)
})

t.test('a WebSocket goes through', async (t) => {
  const origin = await rawOrigin(t, (peer) => {
    peer.socket.once('data', () =>
      peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello'),
    )
  })
  const { port, near, far } = await pair(t, origin.address)
  const headers = {
    host: 'app.shop',
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
  }
  const [, socket, first] = (await once(http.get({ port, headers }), 'upgrade')) as [unknown, Socket, Buffer]
  t.equal(first.length > 0 ? String(first) : String((await once(socket, 'data'))[0]), 'hello')
  socket.end('bye')
  const peer = await origin.peer(0)
  await peer.until(/bye$/)
  peer.socket.end()
  await eventually(() => near.sidecar.open.size === 0 && far.sidecar.open.size === 0)
})

t.test('a stranger can spell its own names, and nothing else', async (t) => {
  const origin = await rawOrigin(t)
  const far = await startSidecar(t, {
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: origin.address, appProtocol: 'http' }] },
  })
  const session = connectHttp2(t, far.inbound)
  respond(origin, 'HTTP/1.1 200 OK\r\nX-App: 1\r\nContent-Length: 0\r\n\r\n')
  const reply = await askHttp2(session, {
    ':path': '/',
    ':authority': 'app.shop',
    'x-user': 'me',
    'x-outrigger-spelling': 'X-Forwarded-For,X-User,X-Admin: yes,Host,Transfer-Encoding',
  })
  const seen = (await origin.peer(0)).received
  t.match(seen, /^GET \/ HTTP\/1\.1\r\nX-User: me\r\nHost: app\.shop\r\n/)
  t.notMatch(seen, /admin|transfer-encoding|x-outrigger/i)
  t.equal(seen.match(/^host:/gim)?.length, 1)
  t.match(seen, /^x-forwarded-for: 127\.0\.0\.1\r$/im, 'what the sidecar says of the caller stays what it is')
  t.equal(reply.headers['x-app'], '1')
})

t.test('a caller of HTTP/1.1 cannot make the near sidecar say it', async (t) => {
  const origin = await rawOrigin(t)
  const { port } = await pair(t, origin.address)
  respond(origin, 'HTTP/1.1 200 OK\r\nX-Outrigger-Spelling: X-Evil\r\nContent-Length: 0\r\n\r\n')
  const client = await rawClient(t, port)
  client.send('GET / HTTP/1.1\r\nHost: app.shop\r\nX-Outrigger-Spelling: X-Evil\r\nX-A: 1\r\n\r\n')
  const got = await client.until(/\r\n\r\n$/)
  t.notMatch((await origin.peer(0)).received + got, /spelling/i)
  t.match((await origin.peer(0)).received, /^X-A: 1\r$/m)
})
