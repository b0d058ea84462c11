import t from 'tap'
import type { ServiceConfig } from '../../../../../src/config/schema/services.ts'
import { configFromText, problemLines } from '../../../../support/config-text.ts'

const doc = (value: unknown): string => `---\n${JSON.stringify(value)}\n`

const service = (spec: object, name = 'cart') =>
  doc({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop' }, spec })

const slice = (name: string, more: object, labels: object = { 'kubernetes.io/service-name': 'cart' }) =>
  doc({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'shop', labels },
    addressType: 'IPv4',
    ...more,
  })

const pod = (name: string, ip: string, more: object = {}) =>
  doc({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels: { app: 'cart', version: name } },
    spec: { nodeName: 'node-1', containers: [{ ports: [{ name: 'web', containerPort: 8080 }] }] },
    status: { podIP: ip, conditions: [{ type: 'Ready', status: 'True' }] },
    ...more,
  })

const services = (...texts: string[]): readonly ServiceConfig[] => configFromText(texts.join('')).services
const addresses = (...texts: string[]): string[] =>
  services(...texts).flatMap(({ endpoints }) => endpoints.map(({ address }) => address))

const PORTS = { ports: [{ name: 'http', port: 80, targetPort: 8080 }] }
const SLICE_PORTS = { ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] }

t.test('a service for every TCP port', async (t) => {
  const found = services(
    service({
      clusterIP: '10.96.0.1',
      clusterIPs: ['10.96.0.1', 'fd00::1'],
      externalIPs: ['192.0.2.1'],
      ports: [
        { name: 'http', port: 80 },
        { name: 'grpc-api', port: 9090, protocol: 'TCP' },
        { name: 'dns', port: 53, protocol: 'UDP' },
      ],
    }),
  )
  t.same(
    found.map(({ name, namespace, port, protocol }) => [name, namespace, port, protocol]),
    [
      ['cart', 'shop', 80, 'http'],
      ['cart', 'shop', 9090, 'grpc'],
    ],
  )
  t.same(found[0]?.addresses, ['10.96.0.1', 'fd00::1', '192.0.2.1'])
  t.equal(found[0]?.connectTimeout, 5000, 'with the defaults of native services')
})

t.test('endpoints of the port of the same name, with zone, node and the labels of the Pod', async (t) => {
  const [http, metrics] = services(
    service({
      ports: [
        { name: 'http', port: 80 },
        { name: 'metrics', port: 9000 },
      ],
    }),
    slice('cart-a', {
      ports: [
        { name: 'metrics', port: 9100 },
        { name: 'http', port: 8080 },
      ],
      endpoints: [{ addresses: ['10.0.0.1'], zone: 'a', nodeName: 'node-1', targetRef: { kind: 'Pod', name: 'cart-1' } }],
    }),
    slice('cart-b', { ports: [{ name: 'http', port: 8081 }], endpoints: [{ addresses: ['10.0.0.2'] }] }),
    pod('cart-1', '10.0.0.1'),
  )
  t.same(http?.endpoints, [
    {
      address: '10.0.0.1:8080',
      weight: 1,
      labels: { app: 'cart', version: 'cart-1' },
      serviceAccount: 'default',
      zone: 'a',
      node: 'node-1',
    },
    { address: '10.0.0.2:8081', weight: 1, labels: {} },
  ])
  t.same(
    metrics?.endpoints.map(({ address }) => address),
    ['10.0.0.1:9100'],
  )
})

t.test('only what is ready, or else what serves while it terminates', async (t) => {
  const ready = { addresses: ['10.0.0.1'], conditions: { ready: true } }
  const unknown = { addresses: ['10.0.0.2'], conditions: { ready: null } }
  const starting = { addresses: ['10.0.0.3'], conditions: { ready: false, serving: false, terminating: false } }
  const leaving = { addresses: ['10.0.0.4'], conditions: { ready: false, serving: true, terminating: true } }
  const of = (...endpoints: object[]) => addresses(service(PORTS), slice('a', { ...SLICE_PORTS, endpoints }))
  t.same(of(ready, unknown, starting, leaving), ['10.0.0.1:8080', '10.0.0.2:8080'])
  t.same(of(starting, leaving), ['10.0.0.4:8080'])
  t.same(of(starting), [])
})

t.test('odd slices', async (t) => {
  const endpoints = [{ addresses: ['10.0.0.1'] }]
  t.same(addresses(service(PORTS), slice('a', { endpoints: null, ports: null })), [])
  t.same(addresses(service(PORTS), slice('a', { endpoints })), ['10.0.0.1:8080'], 'no ports: all')
  t.same(addresses(service(PORTS), slice('a', { endpoints, ports: [{ name: 'http', port: null }] })), ['10.0.0.1:8080'])
  t.same(addresses(service(PORTS), slice('a', { endpoints, ports: [{ name: 'http', port: 1, protocol: 'UDP' }] })), [])
  t.same(addresses(service({ ports: [{ port: 80 }] }), slice('a', { endpoints, ports: [{ name: '', port: 8080 }] })), [
    '10.0.0.1:8080',
  ])
  const twice = { ...SLICE_PORTS, endpoints }
  t.same(addresses(service(PORTS), slice('a', twice), slice('b', twice)), ['10.0.0.1:8080'], 'an endpoint moving between slices')
})

t.test('one address family: the one that the service prefers', async (t) => {
  const four = slice('four', { ...SLICE_PORTS, endpoints: [{ addresses: ['10.0.0.1'] }] })
  const six = slice('six', { ...SLICE_PORTS, addressType: 'IPv6', endpoints: [{ addresses: ['fd00::1'] }] })
  t.same(addresses(service(PORTS), four, six), ['10.0.0.1:8080'])
  t.same(addresses(service({ ...PORTS, ipFamilies: ['IPv6', 'IPv4'] }), four, six), ['[fd00::1]:8080'])
  t.same(addresses(service({ ...PORTS, clusterIP: 'fd00::99' }), four, six), ['[fd00::1]:8080'])
  t.same(addresses(service(PORTS), six), ['[fd00::1]:8080'], 'when there is no other')
})

t.test('slices that no service can use', async (t) => {
  const none = slice('a', { endpoints: [] }, {})
  const names = slice('b', { addressType: 'FQDN', endpoints: [{ addresses: ['a.example'] }] })
  t.same(problemLines(none + names), [
    'c.yaml:2:71: warning: EndpointSlice a belongs to no service (it needs the label kubernetes.io/service-name)',
    'c.yaml:4:164: warning: EndpointSlice b holds names, not addresses; it is ignored',
  ])
})

t.test('headless and selectorless services, and names elsewhere', async (t) => {
  const [headless] = services(service({ ...PORTS, clusterIP: 'None', clusterIPs: ['None'] }))
  t.same([headless?.addresses, headless?.endpoints], [[], []])
  const [external] = services(service({ ...PORTS, type: 'ExternalName', externalName: 'db.example.com' }))
  t.match(external?.dns, { name: 'db.example.com', port: 80, type: 'address', minTtl: 1000 })
  t.same(external?.endpoints, [])
  t.same(services(service({ type: 'ExternalName', externalName: 'db.example.com' })), [], 'without a port nothing can be said')
})

t.test('without slices, the Pods that the selector finds', async (t) => {
  const selecting = (port: object, more: object = {}) => service({ selector: { app: 'cart' }, ports: [port], ...more })
  const unready = { status: { podIP: '10.0.0.2', conditions: [{ type: 'Ready', status: 'False' }] } }
  const ended = { status: { podIP: '10.0.0.3', phase: 'Succeeded' } }
  const other = { metadata: { name: 'x', namespace: 'other', labels: { app: 'cart' } } }
  const pods = [pod('p1', '10.0.0.1'), pod('p2', '', unready), pod('p3', '', ended), pod('p4', '10.0.0.4', other), pod('p5', '')]
  t.same(addresses(selecting({ port: 80, targetPort: 'web' }), ...pods), ['10.0.0.1:8080'])
  t.same(addresses(selecting({ port: 80, targetPort: 81 }), ...pods), ['10.0.0.1:81'])
  t.same(addresses(selecting({ port: 80 }), ...pods), ['10.0.0.1:80'])
  t.same(addresses(selecting({ port: 80, targetPort: 'none' }), ...pods), [])
  t.same(addresses(selecting({ port: 80 }, { publishNotReadyAddresses: true }), ...pods), ['10.0.0.1:80', '10.0.0.2:80'])
  t.same(addresses(service({ ports: [{ port: 80 }], selector: {} }), ...pods), [], 'an empty selector finds nothing')
})
