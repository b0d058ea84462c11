// Istio's and SMI's resources at work on real sockets.
import { request } from 'node:http'
import { connect } from 'node:net'
import t from 'tap'
import { httpOrigin, type Origin, tcpOrigin } from '../support/origin.ts'
import { RawClient } from '../support/raw-client.ts'
import { startDocuments } from '../support/sidecar.ts'

const WORKLOAD = { name: 'caller', namespace: 'shop', labels: { app: 'caller' } }

const resource = (apiVersion: string, kind: string, name: string, spec: object) => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'shop' },
  spec,
})
const istio = (kind: string, name: string, spec: object) => resource('networking.istio.io/v1', kind, name, spec)

const served = (name: string, { address }: Origin, labels: Record<string, string> = {}) => ({
  name,
  namespace: 'shop',
  port: 80,
  endpoints: [{ address, labels }],
})

const named = (t: Tap, name: string) => httpOrigin(t, ({ url }, response) => response.end(`${name} ${url}`))
type Tap = Parameters<typeof httpOrigin>[0]

const get = (port: number, host: string, path = '/', headers: Record<string, string> = {}) =>
  new Promise<{ status: number; body: string }>((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers: { ...headers, host }, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    asked.on('error', reject).end()
  })

t.test('a VirtualService routes to subsets of a ServiceEntry, in its order', async (t) => {
  const [v1, v2] = [await named(t, 'v1'), await named(t, 'v2')]
  const entry = istio('ServiceEntry', 'web', {
    hosts: ['web.example'],
    ports: [{ number: 80, name: 'http' }],
    resolution: 'STATIC',
    endpoints: [v1, v2].map(({ port }, i) => ({ address: '127.0.0.1', ports: { http: port }, labels: { version: `v${i + 1}` } })),
  })
  const rule = istio('DestinationRule', 'web', {
    host: 'web.example',
    subsets: ['v1', 'v2'].map((name) => ({ name, labels: { version: name } })),
  })
  const to = (subset: string) => [{ destination: { host: 'web.example', subset } }]
  const virtual = istio('VirtualService', 'web', {
    hosts: ['web.example'],
    http: [
      { match: [{ headers: { 'x-beta': { exact: 'yes' } } }], route: to('v2') },
      { match: [{ uri: { prefix: '/old' } }], rewrite: { uri: '/new' }, route: to('v1') },
      { match: [{ uri: { exact: '/gone' } }], directResponse: { status: 410 } },
      { route: to('v1') },
    ],
  })
  const listeners = { outbound: [{ listen: '127.0.0.1:0' }] }
  const { outbound } = await startDocuments(t, { workload: WORKLOAD, listeners }, [entry, rule, virtual])
  for (let i = 0; i < 4; i++) t.same(await get(outbound, 'web.example', '/old'), { status: 200, body: 'v1 /new' })
  for (let i = 0; i < 4; i++) {
    t.same(await get(outbound, 'web.example', '/old', { 'x-beta': 'yes' }), { status: 200, body: 'v2 /old' })
  }
  t.equal((await get(outbound, 'web.example', '/gone')).status, 410)
  t.same([v1.seen(), v2.seen()], [4, 4])
})

t.test('a wildcard lets through what is no known destination otherwise', async (t) => {
  const origin = await named(t, 'origin')
  const entry = istio('ServiceEntry', 'all', { hosts: ['*.localhost'], ports: [{ number: origin.port, name: 'http' }] })
  const settings = { workload: WORKLOAD, listeners: { outbound: [{ listen: '127.0.0.1:0' }] }, unknownDestinations: 'deny' }
  const { outbound } = await startDocuments(t, settings, [entry])
  t.not((await get(outbound, origin.address)).status, 200, 'its address is not known')
  t.not((await get(outbound, `a.example:${origin.port}`)).status, 200)
  const { status } = await get(outbound, `a.localhost:${origin.port}`)
  // where names below localhost are looked up, it is reached; else the look-up fails, and not the policy
  t.ok([200, 503].includes(status), `${status}`)
})

t.test('a TrafficSplit splits requests and connections', async (t) => {
  const [a, b] = [await named(t, 'a'), await named(t, 'b')]
  const bytes = await tcpOrigin(t, (socket) => socket.end('b'))
  const split = (name: string, backends: object[]) =>
    resource('split.smi-spec.io/v1alpha4', 'TrafficSplit', name, { service: name, backends })
  const settings = {
    workload: WORKLOAD,
    listeners: { outbound: [{ listen: '127.0.0.1:0' }, { listen: '127.0.0.2:0', service: 'root-tcp', protocol: 'tcp' }] },
    services: [served('root', a), served('a', a), served('b', b), served('root-tcp', a), served('bytes', bytes)],
  }
  const { sidecar } = await startDocuments(t, settings, [
    split('root', [
      { service: 'a', weight: 1 },
      { service: 'b', weight: 3 },
    ]),
    split('root-tcp', [
      { service: 'bytes', weight: 1 },
      { service: 'a', weight: 0 },
    ]),
  ])
  const port = sidecar.listeners.get('127.0.0.1:0')?.port ?? 0
  for (let i = 0; i < 400; i++) await get(port, 'root')
  t.equal(a.seen() + b.seen(), 400)
  t.ok(b.seen() > 240 && b.seen() < 360, `${b.seen()} of 400`)
  const client = new RawClient(t, connect(sidecar.listeners.get('127.0.0.2:0')?.port ?? 0, '127.0.0.2'))
  t.equal(await client.sees('b'), 'b')
})

t.test('a TrafficTarget lets its sources in by their address, and only with what it names', async (t) => {
  const origin = await named(t, 'origin')
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'friend', namespace: 'shop' },
    spec: { serviceAccountName: 'friend' },
    status: { podIP: '127.0.0.1' },
  }
  const group = resource('specs.smi-spec.io/v1alpha4', 'HTTPRouteGroup', 'routes', {
    matches: [{ name: 'read', pathRegex: '/items/[0-9]+', methods: ['GET'] }],
  })
  const account = (name: string) => ({ kind: 'ServiceAccount', name })
  const target = (source: string) =>
    resource('access.smi-spec.io/v1alpha3', 'TrafficTarget', 'open', {
      destination: account('web'),
      rules: [{ kind: 'HTTPRouteGroup', name: 'routes' }],
      sources: [account(source)],
    })
  const settings = {
    workload: { ...WORKLOAD, serviceAccount: 'web' },
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: origin.address }] },
  }
  const friendly = await startDocuments(t, settings, [pod, group, target('friend')])
  t.same(await get(friendly.inbound, 'web', '/items/1'), { status: 200, body: 'origin /items/1' })
  t.equal((await get(friendly.inbound, 'web', '/items/x')).status, 403)
  const closed = await startDocuments(t, settings, [pod, group, target('other')])
  t.equal((await get(closed.inbound, 'web', '/items/1')).status, 403)
  t.equal(origin.seen(), 1)
})
