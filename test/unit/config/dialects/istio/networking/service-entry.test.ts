import t from 'tap'
import { loadText } from '../../../../../support/config-text.ts'
import { asking, messagesOf } from '../../../../../support/explain.ts'

const SETTINGS = { workload: { name: 'caller', namespace: 'shop' }, unknownDestinations: 'deny' }

const document = (kind: string, spec: object, name = 'one', namespace = 'shop') => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name, namespace },
  spec,
})

const entry = (spec: object, name = 'one') =>
  document('ServiceEntry', { hosts: ['api.example.com'], ports: [{ number: 80, name: 'http', protocol: 'HTTP' }], ...spec }, name)

const load = (...documents: object[]) => {
  const { config, problems } = loadText([SETTINGS, ...documents].map((one) => `---\n${JSON.stringify(one)}\n`).join(''))
  if (config === undefined) throw new Error(problems.map(({ message }) => message).join('\n'))
  return config
}
const services = (...documents: object[]) => load(...documents).services

const vm = (spec: object, name: string, namespace = 'shop') => document('WorkloadEntry', spec, name, namespace)

t.test('a host that is to be resolved is resolved by the sidecar', async (t) => {
  t.match(services(entry({ resolution: 'DNS' })), [
    {
      name: 'api-example-com',
      namespace: 'shop',
      hosts: ['api.example.com'],
      port: 80,
      protocol: 'http',
      dns: { name: 'api.example.com', port: 80 },
    },
  ])
  const target = entry({ resolution: 'DNS', ports: [{ number: 443, name: 'tls', targetPort: 8443 }] })
  t.match(services(target), [{ port: 443, protocol: 'tls', dns: { port: 8443 } }])
  const other = entry({ resolution: 'DNS', endpoints: [{ address: 'b.example.com', ports: { http: 8080 } }] })
  t.match(services(other), [{ dns: { name: 'b.example.com', port: 8080 } }])
  t.equal(asking(SETTINGS, entry({ resolution: 'DNS' }))({ host: 'api.example.com' }).services[0]?.name, 'api-example-com')
})

t.test('endpoints are those of the document', async (t) => {
  const endpoints = [
    {
      address: '10.0.0.1',
      ports: { http: 8080 },
      labels: { version: 'v1' },
      weight: 3,
      locality: 'eu/eu-1/a',
      serviceAccount: 'api',
    },
    { address: 'fd00::1' },
    { address: 'unix:///var/run/api.sock' },
  ]
  t.match(services(entry({ resolution: 'STATIC', endpoints, addresses: ['10.96.0.9'] })), [
    {
      addresses: ['10.96.0.9'],
      dns: undefined,
      endpoints: [
        { address: '10.0.0.1:8080', labels: { version: 'v1' }, weight: 3, zone: 'eu-1', serviceAccount: 'api' },
        { address: '[fd00::1]:80', weight: 1 },
        { address: 'unix:/var/run/api.sock' },
      ],
    },
  ])
})

t.test('each host and port is a service, under a name of its own', async (t) => {
  const ports = [
    { number: 80, name: 'http' },
    { number: 9000, name: 'x', protocol: 'tcp' },
  ]
  const both = services(entry({ hosts: ['a.b', 'a-b'], ports, resolution: 'DNS' }))
  t.same(
    both.map(({ name, port, protocol }) => `${name}:${port} ${protocol}`),
    ['a-b:80 http', 'a-b:9000 tcp', 'a-b-2:80 http', 'a-b-2:9000 tcp'],
  )
})

t.test('a selector finds WorkloadEntries and ready Pods of the namespace', async (t) => {
  const pod = (name: string, podIP: string, app: string, namespace = 'shop') => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app } },
    spec: { serviceAccountName: 'api' },
    status: { podIP },
  })
  const world = [
    vm({ address: '10.1.0.1', labels: { app: 'api' }, ports: { http: 81 } }, 'a'),
    vm({ address: '10.1.0.2', labels: { app: 'other' } }, 'b'),
    vm({ address: '10.1.0.3', labels: { app: 'api' } }, 'c', 'ops'),
    pod('d', '10.0.0.4', 'api'),
    pod('e', '10.0.0.5', 'other'),
    pod('f', '10.0.0.6', 'api', 'ops'),
  ]
  const [found] = services(entry({ resolution: 'STATIC', workloadSelector: { labels: { app: 'api' } } }), ...world)
  t.same(
    found?.endpoints.map(({ address }) => address),
    ['10.1.0.1:81', '10.0.0.4:80'],
  )
  t.equal(found?.endpoints[1]?.serviceAccount, 'api')
})

t.test('a wildcard lets traffic through to whatever was asked for', async (t) => {
  const ports = [
    { number: 80, name: 'http' },
    { number: 443, name: 'tls' },
  ]
  const ask = asking(SETTINGS, entry({ hosts: ['*.example.com'], ports, resolution: 'NONE' }))
  t.match(ask({ host: 'a.example.com' }), { verdict: 'allow', status: null, why: /passed on to a\.example\.com:80/ })
  t.match(ask({ host: 'a.example.com:443', scheme: 'https' }), { status: null })
  t.not(ask({ host: 'a.example.org' }).status, null)
  const tls = { protocol: 'tls', destination: { sni: 'b.example.com' } } as const
  t.match(ask(tls), { why: /passed on to b\.example\.com:443/ })
})

t.test('what is not exported to the own namespace does not exist', async (t) => {
  t.equal(services(entry({ resolution: 'DNS', exportTo: ['ops'] })).length, 0)
  t.equal(services(entry({ resolution: 'DNS', exportTo: ['.'] })).length, 1)
})

t.test('a WorkloadEntry is who speaks from its address', async (t) => {
  const spec = { address: '10.1.0.1', labels: { app: 'api' }, serviceAccount: 'api', ports: { http: 81 } }
  t.match(load(vm(spec, 'a')).workloads, [
    {
      name: 'a',
      namespace: 'shop',
      serviceAccount: 'api',
      labels: { app: 'api' },
      addresses: ['10.1.0.1'],
      ports: [{ name: 'http', port: 81 }],
    },
  ])
  t.match(load(vm({ address: 'vm.example.com' }, 'a')).workloads, [{ serviceAccount: 'default', addresses: [] }])
})

t.test('an address that somebody else has proves nobody, and takes nothing from a Pod', async (t) => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'shop' }, status: { podIP: '10.0.0.1' } }
  const [first, second] = load(pod, vm({ address: '10.0.0.1' }, 'a', 'evil')).workloads
  t.same([first?.addresses, second?.addresses], [['10.0.0.1'], []])
  const twice = load(vm({ address: 'fd00::1' }, 'a'), vm({ address: 'fd00:0::1' }, 'b')).workloads
  t.same(
    twice.map(({ addresses }) => addresses),
    [[], []],
  )
  t.match(messagesOf(SETTINGS, pod, vm({ address: '10.0.0.1' }, 'a', 'evil')), [/also that of shop\/p \(it proves nobody\)/])
})

const mistakes: readonly (readonly [name: string, spec: object, line: RegExp])[] = [
  ['STATIC without endpoints', { resolution: 'STATIC' }, /STATIC needs endpoints/],
  ['NONE with endpoints', { resolution: 'NONE', endpoints: [{ address: '10.0.0.1' }] }, /resolution NONE has no endpoints/],
  [
    'endpoints beside a selector',
    { resolution: 'STATIC', endpoints: [{ address: '10.0.0.1' }], workloadSelector: { labels: {} } },
    /exclude each other/,
  ],
  ['every host', { hosts: ['*'] }, /expected a host/],
  ['a protocol that does not exist', { ports: [{ number: 53, name: 'dns', protocol: 'UDP' }] }, /expected one of HTTP/],
  ['a misspelt key', { resolutions: 'DNS' }, /unknown key "resolutions" in spec \(did you mean "resolution"\?\)/],
]

for (const [name, spec, line] of mistakes) {
  t.test(`${name} is an error`, async (t) => t.match(messagesOf(SETTINGS, entry(spec)), [line]))
}

t.test('what is read and does nothing is warned about', async (t) => {
  t.match(messagesOf(SETTINGS, entry({ resolution: 'DNS', addresses: ['10.0.0.0/8'], location: 'MESH_INTERNAL' })), [
    /10\.0\.0\.0\/8 is ignored/,
    /MESH_INTERNAL says nothing more here/,
  ])
})
