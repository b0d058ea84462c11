// NetworkPolicies at work on real sockets: addresses of loopback stand for Pods.
import { request } from 'node:http'
import t from 'tap'
import { httpOrigin, tcpOrigin } from '../support/origin.ts'
import { rawClient } from '../support/raw-client.ts'
import { startDocuments } from '../support/sidecar.ts'

const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { team: name } } })

const pod = (namespace: string, name: string, podIP: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { app: name } },
  status: { podIP },
})

const policy = (spec: object) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { podSelector: { matchLabels: { app: 'web' } }, ...spec },
})

const workload = { name: 'web-1', namespace: 'shop', labels: { app: 'web' } }

const WORLD = [
  namespace('shop'),
  namespace('ops'),
  pod('shop', 'friend', '127.0.0.2'),
  pod('ops', 'probe', '127.0.0.3'),
  pod('shop', 'stranger', '127.0.0.4'),
  pod('shop', 'blocked', '127.0.0.5'),
]

const ALLOWED = ['127.0.0.2', '127.0.0.3', '127.0.0.1']
const DENIED = ['127.0.0.4', '127.0.0.5']

/** friend by its labels, probe by its namespace, and a block with a hole. */
const from = [
  { podSelector: { matchLabels: { app: 'friend' } } },
  { namespaceSelector: { matchLabels: { team: 'ops' } } },
  { ipBlock: { cidr: '127.0.0.5/32' } },
]

t.test('requests are let in by labels and namespace', async (t) => {
  const origin = await httpOrigin(t, (_request, response) => response.end('hello'))
  const listeners = { inbound: [{ listen: '127.0.0.1:0', app: `127.0.0.1:${origin.port}` }] }
  const ingress = [{ from: from.slice(0, 2), ports: [{ port: origin.port }] }]
  const { inbound, metric } = await startDocuments(t, { workload, listeners }, [...WORLD, policy({ ingress })])
  const ask = (localAddress: string) =>
    new Promise<number>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port: inbound, localAddress, agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      asked.on('error', reject).end()
    })
  for (const ip of ALLOWED) t.equal(await ask(ip), 200, ip)
  for (const ip of DENIED) t.equal(await ask(ip), 403, ip)
  t.equal(origin.seen(), ALLOWED.length)
  t.equal(await metric('istio_requests_total', { response_code: '403' }), DENIED.length)
})

t.test('connections are let in by blocks of addresses, and closed without a byte otherwise', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.end('hello'))
  const listeners = { inbound: [{ listen: '127.0.0.1:0', app: `127.0.0.1:${origin.port}`, protocol: 'tcp' }] }
  const ingress = [{ from: [{ ipBlock: { cidr: '127.0.0.0/29', except: ['127.0.0.4/31'] } }] }]
  const { inbound } = await startDocuments(t, { workload, listeners }, [...WORLD, policy({ ingress })])
  const open = (localAddress: string) => rawClient(t, { host: '127.0.0.1', port: inbound, localAddress })
  for (const ip of ALLOWED) {
    const client = open(ip)
    t.equal(await client.sees('hello'), 'hello')
  }
  for (const ip of DENIED) {
    const client = open(ip)
    t.equal(await client.seesClose(), '')
  }
  t.equal(origin.seen(), ALLOWED.length)
})

t.test('a rule for another port lets nobody in', async (t) => {
  const origin = await httpOrigin(t)
  const listeners = { inbound: [{ listen: '127.0.0.1:0', app: `127.0.0.1:${origin.port}` }] }
  const ports = [{ port: origin.port === 1 ? 2 : origin.port - 1 }, { port: origin.port, protocol: 'UDP' }]
  const { inbound } = await startDocuments(t, { workload, listeners }, [
    ...WORLD,
    pod('ops', 'own', '127.0.0.1'),
    policy({ ingress: [{ ports }] }),
  ])
  t.equal((await fetch(`http://127.0.0.1:${inbound}/`)).status, 403)
  t.equal(origin.seen(), 0)
})

t.test('requests and connections leave for endpoints that may be reached, whatever their service is called', async (t) => {
  const open = await httpOrigin(t, (_request, response) => response.end('open'))
  const closed = await httpOrigin(t)
  const bytes = await tcpOrigin(t, (socket) => socket.end('open'))
  const listeners = {
    outbound: [
      { listen: '127.0.0.1:0' },
      { listen: '127.0.0.2:0', service: 'bytes.db', protocol: 'tcp' },
      { listen: '127.0.0.3:0', service: 'closed.db', protocol: 'tcp' },
    ],
  }
  const service = (name: string, { address }: { address: string }) => ({
    name,
    namespace: 'db',
    port: 80,
    endpoints: [{ address }],
  })
  const services = [service('open', open), service('closed', closed), service('bytes', bytes)]
  const egress = [
    { to: [{ namespaceSelector: { matchLabels: { team: 'db' } } }], ports: [{ port: open.port }, { port: bytes.port }] },
  ]
  const world = [...WORLD, namespace('db'), pod('db', 'store', '127.0.0.1'), policy({ policyTypes: ['Egress'], egress })]
  const { sidecar, metric } = await startDocuments(t, { workload, listeners, services }, world)
  const portAt = (listen: string) => sidecar.listeners.get(listen)?.port ?? 0
  const ask = (host: string) =>
    new Promise<number>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: portAt('127.0.0.1:0'), headers: { host }, agent: false }
      const asked = request(options, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      asked.on('error', reject).end()
    })
  t.equal(await ask('open.db'), 200)
  t.equal(await ask('closed.db'), 403)
  t.equal(await ask(closed.address), 403, 'by its address as well')
  t.equal(closed.seen(), 0)
  t.equal(await metric('istio_requests_total', { response_code: '403' }), 2)

  const through = rawClient(t, { port: portAt('127.0.0.2:0'), host: '127.0.0.2' })
  t.equal(await through.sees('open'), 'open')
  const cut = rawClient(t, { port: portAt('127.0.0.3:0'), host: '127.0.0.3' })
  t.equal(await cut.seesClose(), '')
  t.equal(closed.seen(), 0)
})
