// A gateway on real sockets: HTTP and HTTPS by host and server name, as callers from outside meet it.
import { request as httpRequest } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { gateway, resource, secret, serviceAt } from '../support/gateway-world.ts'
import { askHttp2 } from '../support/h2-node.ts'
import { httpOrigin, type Origin } from '../support/origin.ts'
import { RawClient } from '../support/raw-client.ts'
import { selfSigned } from '../support/self-signed.ts'
import { startDocuments, type TestSidecar } from '../support/sidecar.ts'

const FROM_ALL = { namespaces: { from: 'All' } }
const PLAIN = '127.0.0.1:0'
const SECURE = '127.0.0.2:0'

interface Reply {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, unknown>>
}

const https = (name: string, more: object) => ({ name, port: 443, protocol: 'HTTPS', allowedRoutes: FROM_ALL, ...more })

function route(name: string, sectionName: string, rules: readonly object[], hostnames?: readonly string[]): object {
  const parentRefs = [{ name: 'public', namespace: 'edge', sectionName }]
  return resource('HTTPRoute', { name, spec: { parentRefs, ...(hostnames === undefined ? {} : { hostnames }), rules } })
}

async function open(t: Test, origin: Origin, more: object = {}): Promise<TestSidecar> {
  const listeners = [
    { name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: FROM_ALL },
    https('shop', { hostname: 'shop.example', tls: { certificateRefs: [{ name: 'shop' }] } }),
    https('wild', { hostname: '*.example', tls: { certificateRefs: [{ name: 'wild' }] } }),
  ]
  const toCart = { backendRefs: [{ name: 'cart', port: 80 }] }
  const settings = {
    workload: { name: 'edge-1', namespace: 'edge', labels: { app: 'edge' } },
    listeners: {
      gateway: [
        { listen: PLAIN, gateway: 'edge/public', port: 80, ...more },
        { listen: SECURE, gateway: 'edge/public', port: 443, ...more },
      ],
    },
  }
  return startDocuments(t, settings, [
    gateway('public', listeners),
    secret('shop', selfSigned('shop.example')),
    secret('wild', selfSigned('*.example')),
    ...serviceAt('cart', origin.port),
    route('plain', 'http', [
      { matches: [{ path: { value: '/a' } }], ...toCart },
      {
        matches: [{ path: { value: '/old' } }],
        filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 301 } }],
      },
    ]),
    route('shop', 'shop', [toCart], ['shop.example']),
    route('wild', 'wild', [{ matches: [{ path: { value: '/w' } }], ...toCart }]),
  ])
}

function port({ sidecar }: TestSidecar, listen: string): number {
  return sidecar.listeners.get(listen)?.port ?? 0
}

function ask(make: typeof httpRequest, options: object): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = make({ host: '127.0.0.1', agent: false, ...options }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }))
    })
    request.on('error', reject).end()
  })
}

t.test('a gateway serves HTTP by its routes, and tells services who called', async (t) => {
  const origin = await httpOrigin(t)
  const world = await open(t, origin)
  const at = { port: port(world, PLAIN) }
  const reply = await ask(httpRequest, { ...at, path: '/a/b', headers: { host: 'x.test', 'x-forwarded-proto': 'https' } })
  t.equal(reply.status, 200)
  const { headers } = JSON.parse(reply.body) as { headers: Record<string, string> }
  t.match(headers, { host: 'x.test', 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' })
  t.equal((await ask(httpRequest, { ...at, path: '/b' })).status, 404)
  const redirect = await ask(httpRequest, { ...at, path: '/old', headers: { host: 'x.test' } })
  t.match(redirect, { status: 301, headers: { location: 'https://x.test/old' } })
  t.equal(
    await world.metric('istio_requests_total', {
      reporter: 'source',
      source_workload: 'edge-1',
      destination_service_name: 'cart',
    }),
    1,
  )
})

t.test('it ends TLS with the certificate of the listener that the server name chooses', async (t) => {
  const world = await open(t, await httpOrigin(t))
  for (const [servername, shown] of [
    ['shop.example', 'shop.example'],
    ['other.example', '*.example'],
  ] as const) {
    const socket = connectTls({ host: '127.0.0.2', port: port(world, SECURE), servername, rejectUnauthorized: false })
    t.teardown(() => socket.destroy())
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    t.equal(socket.getPeerCertificate().subject.CN, shown)
  }
  const refused = connectTls({ host: '127.0.0.2', port: port(world, SECURE), servername: 'shop.test', rejectUnauthorized: false })
  t.teardown(() => refused.destroy())
  t.ok(await new Promise((resolve) => refused.once('error', resolve).once('secureConnect', () => resolve(undefined))))
  t.equal(await world.metric('outrigger_downstream_refusals_total', { reason: 'tls_handshake' }), 1)
})

t.test('over TLS only the routes of that listener are asked, and nothing for the host of another', async (t) => {
  const world = await open(t, await httpOrigin(t))
  const at = { host: '127.0.0.2', port: port(world, SECURE), rejectUnauthorized: false }
  const secure = (servername: string, host: string, path: string) =>
    ask(httpsRequest, { ...at, servername, path, headers: { host } })
  const reply = await secure('shop.example', 'shop.example', '/anything')
  t.equal(reply.status, 200)
  t.match(JSON.parse(reply.body), { headers: { 'x-forwarded-proto': 'https' } })
  t.equal((await secure('a.example', 'a.example', '/w')).status, 200)
  t.equal((await secure('a.example', 'a.example', '/')).status, 404)
  t.equal((await secure('a.example', 'shop.example', '/')).status, 421)
})

t.test('HTTP/2 is offered over TLS, and taken without it', async (t) => {
  const world = await open(t, await httpOrigin(t))
  const connectSecurely = (): TLSSocket =>
    connectTls({
      host: '127.0.0.2',
      port: port(world, SECURE),
      servername: 'shop.example',
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false,
    })
  const sessions = [
    [connectHttp2('https://shop.example', { createConnection: connectSecurely }), '/'],
    [connectHttp2(`http://127.0.0.1:${port(world, PLAIN)}`), '/a'],
  ] as const
  for (const [session, path] of sessions) {
    t.teardown(() => session.destroy())
    const { headers } = await askHttp2(session, { ':path': path, ':authority': 'shop.example' })
    t.equal(headers[':status'], 200)
  }
})

t.test('a reload changes routes and certificates of a gateway that stays open', async (t) => {
  const origin = await httpOrigin(t)
  const world = await open(t, origin)
  const { config } = world.sidecar.snapshot
  const renewed = selfSigned('renewed.example')
  const gateways = config.gateways.map((one) => ({
    ...one,
    listeners: one.listeners.map((listener) => ({
      ...listener,
      ...(listener.tls === undefined ? {} : { tls: { certificates: [renewed] } }),
    })),
  }))
  await world.sidecar.reload({ ...config, gateways, routes: config.routes.filter(({ name }) => !name.includes('plain')) })
  t.equal((await ask(httpRequest, { port: port(world, PLAIN), path: '/a' })).status, 404)
  const socket = connectTls({
    host: '127.0.0.2',
    port: port(world, SECURE),
    servername: 'shop.example',
    rejectUnauthorized: false,
  })
  t.teardown(() => socket.destroy())
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
  t.equal(socket.getPeerCertificate().subject.CN, 'renewed.example')
})

t.test('a PROXY protocol head in front of TLS tells who called', async (t) => {
  const origin = await httpOrigin(t)
  const world = await open(t, origin, { proxyProtocol: 'require' })
  const plain = connectTcp(port(world, SECURE), '127.0.0.2')
  plain.write('PROXY TCP4 192.0.2.1 198.51.100.7 4711 443\r\n')
  const socket = connectTls({ socket: plain, servername: 'shop.example', rejectUnauthorized: false })
  const client = new RawClient(t, socket).send('GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n')
  await eventually(() => client.ended)
  t.match(client.text, /^HTTP\/1\.1 200 /)
  t.match(client.text, /"x-forwarded-for":"192\.0\.2\.1"/)
})

t.test('what is under way at a gateway is finished when the sidecar stops', async (t) => {
  let answer = (): void => {}
  const origin = await httpOrigin(t, (_, response) => {
    answer = () => response.end('late')
  })
  const world = await open(t, origin)
  const reply = ask(httpRequest, { port: port(world, PLAIN), path: '/a' })
  await eventually(() => origin.seen() === 1)
  const stopped = world.sidecar.stop()
  answer()
  t.match(await reply, { status: 200, body: 'late' })
  await stopped
})
