// Whoever may write resources in one namespace must get no say over the traffic of another.
import t from 'tap'
import { asking, messagesOf } from '../support/explain.ts'

const SETTINGS = {
  workload: { name: 'caller', namespace: 'front' },
  services: [{ name: 'web', namespace: 'shop', port: 8080, endpoints: [{ address: '10.0.0.1:8080' }] }],
  listeners: { inbound: [{ listen: '127.0.0.1:15006', app: '127.0.0.1:8080' }], outbound: [{ listen: '127.0.0.1:15001' }] },
}

const evil = (apiVersion: string, kind: string, spec: object, namespace = 'evil') => ({
  apiVersion,
  kind,
  metadata: { name: 'a', namespace },
  spec,
})

const ISTIO = 'networking.istio.io/v1'
const STEAL = { name: 'steal', namespace: 'evil', port: 80, endpoints: [{ address: '10.6.6.6:80' }] }
const WORLD = { ...SETTINGS, services: [...SETTINGS.services, STEAL] }

/** Where callers of another namespace get to that ask for shop's service. */
const reached = (...documents: object[]) => {
  const ask = asking(WORLD, ...documents)
  const names = ['web.shop', 'web.shop.svc', 'web.shop.svc.cluster.local', 'web.shop.svc.cluster.local:8080', 'WEB.shop.']
  return [
    ...new Set(
      names.map((host) =>
        ask({ host })
          .services.map(({ name, namespace }) => `${name}.${namespace}`)
          .join(),
      ),
    ),
  ]
}

const HOSTS = [
  'web.shop',
  'web.shop.svc',
  'Web.shop.svc.cluster.local',
  '*',
  '*.shop.svc.cluster.local',
  '*.shop',
  '*.svc',
  '*.local',
]

for (const host of HOSTS) {
  t.test(`a VirtualService for ${host} takes no traffic of other namespaces`, async (t) => {
    const spec = { hosts: [host], http: [{ route: [{ destination: { host: 'steal' } }] }] }
    t.same(reached(evil(ISTIO, 'VirtualService', spec)), ['web.shop'])
    t.match(messagesOf(WORLD, evil(ISTIO, 'VirtualService', spec)), [/only for callers in evil/])
  })
}

for (const host of ['web.shop:8080', 'web.shop.', '[web.shop]', 'web..shop', ' web.shop']) {
  t.test(`${JSON.stringify(host)} is not taken for another host than web.shop`, async (t) => {
    const spec = { hosts: [host], http: [{ route: [{ destination: { host: 'steal' } }] }] }
    t.match(messagesOf(WORLD, evil(ISTIO, 'VirtualService', spec)), [/error: spec\.hosts\[0\]: expected a host/])
  })
}

for (const host of ['web.shop', 'web.shop.svc', 'web.shop.svc.cluster.local', 'other.shop.svc.cluster.local']) {
  t.test(`a ServiceEntry does not become ${host}, nor add ports to it`, async (t) => {
    const spec = {
      hosts: [host],
      resolution: 'STATIC',
      ports: [8080, 9090].map((number) => ({ number, name: `http-${number}` })),
      endpoints: [{ address: '10.6.6.6' }],
    }
    t.same(reached(evil(ISTIO, 'ServiceEntry', spec)), ['web.shop'])
    t.match(messagesOf(WORLD, evil(ISTIO, 'ServiceEntry', spec)), [/a service of Kubernetes already/])
  })
}

t.test("a ServiceEntry for a host that another has does not come before the caller's own", async (t) => {
  const entry = (namespace: string, address: string) =>
    evil(
      ISTIO,
      'ServiceEntry',
      { hosts: ['api.example.com'], resolution: 'STATIC', ports: [{ number: 80, name: 'http' }], endpoints: [{ address }] },
      namespace,
    )
  const ask = asking(WORLD, entry('evil', '10.6.6.6'), entry('front', '10.0.0.2'))
  t.match(ask({ host: 'api.example.com' }).services, [{ namespace: 'front' }])
})

t.test('a TrafficSplit splits nothing of another namespace', async (t) => {
  for (const service of ['web.shop', 'web.shop.svc.cluster.local']) {
    const split = evil('split.smi-spec.io/v1alpha4', 'TrafficSplit', { service, backends: [{ service: 'steal', weight: 1 }] })
    t.match(messagesOf(WORLD, split), [/^error: spec\.service: a TrafficSplit splits services of its own namespace/])
  }
})

t.test('a TrafficTarget opens nothing of another namespace', async (t) => {
  const target = evil('access.smi-spec.io/v1alpha3', 'TrafficTarget', {
    destination: { kind: 'ServiceAccount', name: 'web', namespace: 'shop' },
    rules: [{ kind: 'TCPRoute', name: 'all' }],
    sources: [{ kind: 'ServiceAccount', name: 'robber' }],
  })
  const all = { ...evil('specs.smi-spec.io/v1alpha4', 'TCPRoute', {}), metadata: { name: 'all', namespace: 'evil' } }
  t.match(messagesOf(WORLD, target, all), [/^error: a TrafficTarget opens service accounts of its own namespace/])
})

t.test('a star is no service account', async (t) => {
  const target = evil('access.smi-spec.io/v1alpha3', 'TrafficTarget', {
    destination: { kind: 'ServiceAccount', name: 'web' },
    rules: [{ kind: 'TCPRoute', name: 'all' }],
    sources: [{ kind: 'ServiceAccount', name: '*' }],
  })
  t.match(messagesOf(WORLD, target), [/^error: spec\.sources\[0\]\.name: expected a name/])
})

t.test('a DestinationRule changes nothing of another namespace', async (t) => {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kube', namespace: 'shop' },
    spec: { ports: [{ port: 80 }] },
  }
  const rule = evil(ISTIO, 'DestinationRule', {
    host: 'kube.shop.svc.cluster.local',
    trafficPolicy: { tls: { mode: 'DISABLE' }, connectionPool: { tcp: { maxConnections: 1 } } },
  })
  t.match(messagesOf(WORLD, service, rule), [/no service is called kube\.shop\.svc\.cluster\.local, or another/])
})

t.test("a NetworkPolicy neither opens nor closes another namespace's Pods", async (t) => {
  const pod = (namespace: string, podIP: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace },
    status: { podIP },
  })
  const policy = (namespace: string, ingress: object[]) =>
    evil('networking.k8s.io/v1', 'NetworkPolicy', { podSelector: {}, policyTypes: ['Ingress'], ingress }, namespace)
  const verdict = (...documents: object[]) =>
    asking(
      WORLD,
      pod('shop', '10.0.0.1'),
      pod('evil', '10.6.6.6'),
      ...documents,
    )({
      at: 'inbound',
      workload: 'shop/p',
      protocol: 'tcp',
      source: { address: '10.6.6.6' },
      destination: { address: '10.0.0.1', port: 80 },
    }).verdict
  t.equal(verdict(policy('shop', []), policy('evil', [{}])), 'deny')
  t.equal(verdict(policy('evil', [])), 'allow')
})
