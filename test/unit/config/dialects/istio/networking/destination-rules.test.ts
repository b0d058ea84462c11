import t from 'tap'
import type { ServiceConfig } from '../../../../../../src/config/schema/services.ts'
import { serviceSchema } from '../../../../../../src/config/schema/services.ts'
import { loadText } from '../../../../../support/config-text.ts'
import { asking, messagesOf } from '../../../../../support/explain.ts'

const SETTINGS = { workload: { name: 'caller', namespace: 'shop', labels: { app: 'caller' } }, rootNamespace: 'root' }

const service = (name: string, namespace: string, ...ports: number[]) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { ports: ports.map((port) => ({ name: `http-${port}`, port })) },
})

const WORLD = [SETTINGS, service('web', 'shop', 80, 90), service('far', 'ops', 80)]

const rule = (spec: object, name = 'rule', namespace = 'shop') => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name, namespace },
  spec: { host: 'web', ...spec },
})

const services = (...documents: object[]): readonly ServiceConfig[] => {
  const { config, problems } = loadText([...WORLD, ...documents].map((one) => `---\n${JSON.stringify(one)}\n`).join(''))
  if (config === undefined) throw new Error(problems.map(({ message }) => message).join('\n'))
  return config.services
}

/** Of web, by port. */
const web = (trafficPolicy: object, port = 80) =>
  services(rule({ trafficPolicy })).find((one) => one.name === 'web' && one.port === port)
const far = (...documents: object[]) => services(...documents).find(({ name }) => name === 'far')

const DEFAULTS = serviceSchema.parse({ name: 'a', port: 1 })

const balancers: readonly (readonly [loadBalancer: object, parts: object])[] = [
  [{ simple: 'ROUND_ROBIN' }, { balance: 'round_robin' }],
  [{ simple: 'LEAST_CONN' }, { balance: 'least_request' }],
  [
    { simple: 'RANDOM', warmupDurationSecs: '1m' },
    { balance: 'random', slowStart: { window: 60_000 } },
  ],
  [
    { warmup: { duration: '10s', aggression: 2, minimumPercent: 5 } },
    { slowStart: { window: 10_000, aggression: 2, minWeightPercent: 5 } },
  ],
  [{ consistentHash: { httpHeaderName: 'x-user' } }, { balance: 'ring_hash', hash: { header: 'x-user' } }],
  [{ consistentHash: { useSourceIp: true, maglev: {} } }, { balance: 'maglev', hash: { source: true } }],
  [{ consistentHash: { httpQueryParameterName: 'q', ringHash: {} } }, { balance: 'ring_hash', hash: { query: 'q' } }],
  [
    { consistentHash: { httpCookie: { name: 'c', path: '/', ttl: '0s' } } },
    { hash: { cookie: { name: 'c', path: '/', ttl: 0 } } },
  ],
]

for (const [loadBalancer, parts] of balancers) {
  t.test(`${JSON.stringify(loadBalancer)} balances as it says`, async (t) => t.match(web({ loadBalancer }), parts))
}

t.test('connection pools are limits and timeouts, where 0 is none', async (t) => {
  const connectionPool = {
    tcp: { maxConnections: 5, connectTimeout: '1s', idleTimeout: '3s' },
    http: { http1MaxPendingRequests: 6, http2MaxRequests: 7, maxRetries: 8, maxRequestsPerConnection: 9, idleTimeout: '2s' },
  }
  t.match(web({ connectionPool }), {
    limits: { connections: 5, pending: 6, requests: 7, retries: 8, requestsPerConnection: 9 },
    connectTimeout: 1000,
    idleTimeout: 2000,
  })
  t.same(web({ connectionPool: { tcp: { maxConnections: 0 } } })?.limits, DEFAULTS.limits)
  t.equal(web({ connectionPool: { http: { h2UpgradePolicy: 'UPGRADE' } } })?.protocol, 'http2')
  t.equal(web({ connectionPool: { http: { useClientProtocol: true } } })?.protocol, 'auto')
})

t.test('outliers are detected as Istio has Envoy detect them', async (t) => {
  t.match(web({ outlierDetection: {} }), {
    outlierDetection: {
      consecutive5xx: 5,
      interval: 10_000,
      baseEjection: 30_000,
      maxEjectionPercent: 10,
      enforcing: { consecutive5xx: 100, consecutiveGatewayErrors: 0, successRate: 0, failurePercentage: 0 },
    },
    panicThreshold: 0,
  })
  const outlierDetection = {
    consecutive5xxErrors: 0,
    consecutiveGatewayErrors: 3,
    splitExternalLocalOriginErrors: true,
    consecutiveLocalOriginFailures: 4,
    interval: '1s',
    baseEjectionTime: '2s',
    maxEjectionPercent: 100,
    minHealthPercent: 40,
  }
  t.match(web({ outlierDetection }), {
    outlierDetection: {
      consecutiveGatewayErrors: 3,
      consecutiveLocalFailures: 4,
      splitLocal: true,
      interval: 1000,
      baseEjection: 2000,
      maxEjectionPercent: 100,
      enforcing: { consecutive5xx: 0, consecutiveGatewayErrors: 100 },
    },
    panicThreshold: 40,
  })
})

t.test('zones are preferred where outliers are detected', async (t) => {
  const loadBalancer = { localityLbSetting: { enabled: true } }
  t.equal(web({ loadBalancer, outlierDetection: {} })?.locality.preferZone, true)
  t.equal(web({ loadBalancer })?.locality.preferZone, false)
})

t.test('TLS is that of its mode', async (t) => {
  t.match(web({ tls: { mode: 'ISTIO_MUTUAL' } }), { tls: { mode: 'mesh' } })
  t.match(web({ tls: { mode: 'SIMPLE', sni: 'a.b', subjectAltNames: ['c'], caCertificates: '/ca.pem' } }), {
    tls: { mode: 'simple', sni: 'a.b', subjectAltNames: ['c'], caCertificates: '/ca.pem' },
  })
  t.match(web({ tls: { mode: 'DISABLE' } }), { tls: { mode: 'disable' } })
  t.match(messagesOf(...WORLD, rule({ trafficPolicy: { tls: { mode: 'SIMPLE', insecureSkipVerify: true } } })), [
    /certificates are always checked here/,
  ])
  t.match(messagesOf(...WORLD, rule({ trafficPolicy: { tls: { mode: 'MUTUAL' } } })), [/MUTUAL needs clientCertificate/])
})

t.test('settings of a port take the place of the general ones', async (t) => {
  const policy = {
    loadBalancer: { simple: 'RANDOM' },
    outlierDetection: {},
    portLevelSettings: [{ port: { number: 90 }, loadBalancer: { simple: 'ROUND_ROBIN' } }],
  }
  t.match(web(policy, 80), { balance: 'random', outlierDetection: {} })
  t.match(web(policy, 90), { balance: 'round_robin', outlierDetection: undefined })
})

t.test('PROXY protocol and retry budget are those of the rule', async (t) => {
  t.match(web({ proxyProtocol: { version: 'V2' }, retryBudget: { percent: 30, minRetryConcurrency: 5 } }), {
    sendProxyProtocol: 'v2',
    retryBudget: { percent: 30, min: 5 },
  })
})

t.test('subsets are parts by labels that routes may name, with their own policies', async (t) => {
  const subsets = [
    {
      name: 'v1',
      labels: { version: 'v1' },
      trafficPolicy: { loadBalancer: { simple: 'RANDOM' }, connectionPool: { tcp: { maxConnections: 2 } } },
    },
    { name: 'v2', labels: { version: 'v2' } },
  ]
  t.match(services(rule({ subsets }))[0]?.subsets, [
    { name: 'v1', labels: { version: 'v1' }, overrides: { balance: 'random', limits: { connections: 2 } } },
    { name: 'v2', labels: { version: 'v2' }, overrides: {} },
  ])
  const virtual = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'far', namespace: 'shop' },
    spec: { hosts: ['web'], http: [{ route: [{ destination: { host: 'web', subset: 'v2' } }] }] },
  }
  t.same(messagesOf(...WORLD, rule({ subsets }), virtual), [])
  t.equal(asking(...WORLD, rule({ subsets }), virtual)({ host: 'web:90' }).services[0]?.port, 90)
})

t.test("the caller's namespace goes before the service's, that before the root namespace, and others don't count", async (t) => {
  const of = (namespace: string, simple: string) =>
    rule({ host: 'far.ops.svc.cluster.local', trafficPolicy: { loadBalancer: { simple } } }, 'r', namespace)
  const [own, theirs, root, other] = [of('shop', 'RANDOM'), of('ops', 'ROUND_ROBIN'), of('root', 'RANDOM'), of('evil', 'RANDOM')]
  t.equal(far(root, theirs, own)?.balance, 'random')
  t.equal(far(root, theirs)?.balance, 'round_robin')
  t.equal(far(root)?.balance, 'random')
  t.equal(far(other)?.balance, 'least_request')
  t.match(messagesOf(...WORLD, other), [/no service is called far\.ops\.svc\.cluster\.local/])
})

t.test('of several hosts the one that says most counts', async (t) => {
  const all = rule({ host: '*.svc.cluster.local', trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } }, 'a')
  const ours = rule({ host: '*.shop.svc.cluster.local', trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } } }, 'b')
  t.equal(services(all, ours)[0]?.balance, 'round_robin')
  t.equal(far(all, ours)?.balance, 'random')
})

t.test('of several rules for one host the oldest has the policy, and all have subsets', async (t) => {
  const subset = (name: string) => ({ subsets: [{ name, labels: { v: name } }] })
  const [first] = services(
    rule({ ...subset('b'), trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } } }, 'b'),
    rule({ ...subset('a'), trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } }, 'a'),
  )
  t.equal(first?.balance, 'random')
  t.same(
    first?.subsets.map(({ name }) => name),
    ['a', 'b'],
  )
})

t.test('a rule is only for those it is exported to, and for workloads that it selects', async (t) => {
  const policy = { trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } }
  const balance = (more: object) => services(rule({ ...policy, ...more }))[0]?.balance
  t.equal(balance({ exportTo: ['.'] }), 'random')
  t.equal(balance({ exportTo: ['ops'] }), 'least_request')
  t.equal(balance({ workloadSelector: { matchLabels: { app: 'caller' } } }), 'random')
  t.equal(balance({ workloadSelector: { matchLabels: { app: 'other' } } }), 'least_request')
})

t.test('what is read and does nothing is warned about', async (t) => {
  const trafficPolicy = {
    connectionPool: { tcp: { tcpKeepalive: { probes: 3 } } },
    loadBalancer: { localityLbSetting: { failover: [{ from: 'a', to: 'b' }] } },
  }
  const subsets = [{ name: 'v1', trafficPolicy: { tls: { mode: 'SIMPLE' } } }]
  t.same(messagesOf(...WORLD, rule({ trafficPolicy, subsets })), [
    'warning: tcpKeepalive is ignored',
    'warning: failover is ignored',
    'warning: tls of a subset is ignored: that of the whole service holds',
  ])
})

t.test('what would change where traffic goes is an error where it is not understood', async (t) => {
  t.match(messagesOf(...WORLD, rule({ trafficPolicy: { loadBalancer: { simple: 'PASSTHROUGH' } } })), [
    /expected one of UNSPECIFIED/,
  ])
  t.match(messagesOf(...WORLD, rule({ trafficPolicy: { tunnel: { targetHost: 'a', targetPort: 1 } } })), [/unknown key "tunnel"/])
  const distribute = { localityLbSetting: { distribute: [] } }
  t.match(messagesOf(...WORLD, rule({ trafficPolicy: { loadBalancer: distribute } })), [/unknown key "distribute"/])
})
