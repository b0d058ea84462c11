import t from 'tap'
import { loadText, problemLines } from '../../../../support/config-text.ts'

const text = (...documents: object[]) => documents.map((one) => `---\n${JSON.stringify(one)}\n`).join('')

const services = (...ports: (readonly [name: string, ...ports: number[]])[]) => ({
  services: ports.flatMap(([name, ...list]) =>
    list.map((port) => ({ name, namespace: 'shop', port, endpoints: [{ address: `127.0.0.1:${port}` }] })),
  ),
})

const split = (spec: object, { name = 'canary', version = 'v1alpha4' } = {}) => ({
  apiVersion: `split.smi-spec.io/${version}`,
  kind: 'TrafficSplit',
  metadata: { name, namespace: 'shop' },
  spec,
})

const group = (name: string, matches: object[], version = 'v1alpha4') => ({
  apiVersion: `specs.smi-spec.io/${version}`,
  kind: 'HTTPRouteGroup',
  metadata: { name, namespace: 'shop' },
  ...(version >= 'v1alpha3' ? { spec: { matches } } : { matches }),
})

const WEB = services(['web', 80], ['web-v1', 80], ['web-v2', 80])
const HALVES = [
  { service: 'web-v1', weight: 1 },
  { service: 'web-v2', weight: 1 },
]

const compiled = (...documents: object[]) => {
  const { config, problems } = loadText(text(...documents))
  if (config === undefined) throw new Error(problems.map(({ message }) => message).join('\n'))
  return config
}

const routes = (...documents: object[]) =>
  compiled(...documents).routes.map(({ name, hosts, matches, services, priority }) => ({
    name,
    hosts,
    matches: matches.length,
    services: services.map(({ service, weight }) => `${service} ${weight}`),
    priority,
  }))

const problems = (...documents: object[]) =>
  problemLines(text(...documents)).flatMap((line) => {
    const message = line.slice(line.indexOf(': ') + 2)
    return message.includes('there is no listener') ? [] : [message]
  })

t.test('a split sends the traffic of its service to its backends by weight', async (t) => {
  const config = compiled(WEB, split({ service: 'web', backends: HALVES }))
  t.same(routes(WEB, split({ service: 'web', backends: HALVES })), [
    {
      name: 'TrafficSplit shop/canary',
      hosts: ['web.shop'],
      matches: 0,
      services: ['web-v1.shop:80 1', 'web-v2.shop:80 1'],
      priority: 0,
    },
  ])
  t.match(config.tcpRoutes, [{ destinations: ['web.shop:80'], services: [{ service: 'web-v1.shop:80' }, {}] }])
  t.equal(config.routes[0]?.timeouts.request, 0, 'it says nothing of time')
})

t.test('the root may have its full name', async (t) => {
  t.match(routes(WEB, split({ service: 'web.shop.svc.cluster.local', backends: HALVES })), [{ hosts: ['web.shop'] }])
})

t.test("the service of another namespace can't be split", async (t) => {
  t.same(
    problems(WEB, split({ service: 'web.other', backends: HALVES })),
    [
      'spec.service: a TrafficSplit splits services of its own namespace, shop, and not web.other',
      'warning: spec.service: there is no service web.shop',
    ].slice(0, 1),
  )
})

t.test('quantities of v1alpha1 keep their proportions', async (t) => {
  const backends = [
    { service: 'web-v1', weight: '500m' },
    { service: 'web-v2', weight: 1 },
  ]
  t.match(routes(WEB, split({ service: 'web', backends }, { version: 'v1alpha1' })), [
    { services: ['web-v1.shop:80 500', 'web-v2.shop:80 1000'] },
  ])
  const line = 'spec.backends[0].weight: expected a whole number, got "500m"'
  t.same(problems(WEB, split({ service: 'web', backends })), [line])
})

t.test('weights beyond those of the native form are scaled down', async (t) => {
  const backends = [
    { service: 'web-v1', weight: 3_000_000 },
    { service: 'web-v2', weight: 1_500_000 },
  ]
  t.match(routes(WEB, split({ service: 'web', backends })), [{ services: ['web-v1.shop:80 1000000', 'web-v2.shop:80 500000'] }])
})

t.test('each port is split apart, and a backend without it gets nothing of it', async (t) => {
  const world = services(['web', 80, 90], ['web-v1', 80, 90], ['web-v2', 90], ['web-v3', 100])
  const backends = [...HALVES, { service: 'web-v3', weight: 1 }]
  t.match(routes(world, split({ service: 'web', backends })), [
    { name: 'TrafficSplit shop/canary port 80', hosts: ['web.shop:80'], services: ['web-v1.shop:80 1'] },
    { hosts: ['web.shop:90'], services: ['web-v1.shop:90 1', 'web-v2.shop:90 1'] },
  ])
  t.same(problems(world, split({ service: 'web', backends })), [
    'warning: spec.backends: web-v3.shop has no port of web.shop; it gets no traffic (it has 100, web.shop has 80, 90)',
  ])
})

t.test('what is not there is warned about, but for backends without weight', async (t) => {
  const backends = [
    { service: 'web-v1', weight: 1 },
    { service: 'web-v3', weight: 0 },
  ]
  t.same(problems(WEB, split({ service: 'web', backends })), [])
  t.same(problems(WEB, split({ service: 'webb', backends: [{ service: 'web-v3', weight: 1 }] })), [
    'warning: spec.service: there is no service webb.shop (did you mean "web.shop"?)',
    'warning: spec.backends: there is no service web-v3.shop; it gets no traffic (did you mean "web-v1.shop"?)',
  ])
})

t.test('requests that no route group tells of go to the service itself, after anything else', async (t) => {
  const documents = [
    WEB,
    split({
      service: 'web',
      matches: [
        { kind: 'HTTPRouteGroup', name: 'a' },
        { kind: 'HTTPRouteGroup', name: 'b' },
      ],
      backends: HALVES,
    }),
    group('a', [{ name: 'fox', headers: { 'user-agent': '.*Fox.*' } }]),
    group('b', [{ name: 'api', pathRegex: '/api/.*', methods: ['GET', 'PUT'] }], 'v1alpha2'),
  ]
  t.same(routes(...documents), [
    {
      name: 'TrafficSplit shop/canary',
      hosts: ['web.shop'],
      matches: 3,
      services: ['web-v1.shop:80 1', 'web-v2.shop:80 1'],
      priority: 0,
    },
    {
      name: 'TrafficSplit shop/canary, others',
      hosts: ['web.shop'],
      matches: 0,
      services: ['web.shop:80 1'],
      priority: -1_000_000,
    },
  ])
  const {
    tcpRoutes,
    routes: [first],
  } = compiled(...documents)
  t.same(tcpRoutes, [], 'bytes have no head to match')
  t.match(first?.matches, [
    { headers: { 'user-agent': { regex: '.*Fox.*' } } },
    { path: { regex: '/api/.*' }, method: 'GET' },
    { path: { regex: '/api/.*' }, method: 'PUT' },
  ])
})

t.test('without a route group that exists nothing is split', async (t) => {
  const documents = [WEB, split({ service: 'web', matches: [{ kind: 'HTTPRouteGroup', name: 'a' }], backends: HALVES })]
  t.match(routes(...documents), [{ services: ['web.shop:80 1'] }])
  t.equal(routes(...documents).length, 1)
  t.same(problems(...documents), ['warning: spec.matches: there is no HTTPRouteGroup shop/a'])
})

t.test('of two splits of one service the later is warned about', async (t) => {
  const second = split({ service: 'web', backends: HALVES }, { name: 'again' })
  t.same(problems(WEB, split({ service: 'web', backends: HALVES }), second), [
    'warning: TrafficSplit shop/canary splits the same service, and goes before this one',
  ])
})

const mistakes: readonly (readonly [name: string, document: object, line: string])[] = [
  ['no backends', split({ service: 'web' }), 'spec.backends: missing; expected a list'],
  [
    'a fraction',
    split({ service: 'web', backends: [{ service: 'web-v1', weight: 1.5 }] }),
    'spec.backends[0].weight: expected a whole number; v1alpha1 also takes quantities such as "500m", got 1.5',
  ],
  ['a misspelt key', split({ servce: 'web', backends: HALVES }), 'unknown key "servce" in spec (did you mean "service"?)'],
  [
    'an unknown method',
    group('g', [{ name: 'm', methods: ['FOO'] }]),
    'spec.matches[0].methods[0]: expected one of *, GET, HEAD, PUT, POST, DELETE, CONNECT, OPTIONS, TRACE, PATCH, got "FOO"',
  ],
  [
    'matches beside spec',
    { ...group('g', [{ name: 'm' }]), matches: [{ name: 'n' }] },
    'matches: matches belongs into spec, since v1alpha3',
  ],
  [
    'spec before there was one',
    { ...group('g', [{ name: 'm' }], 'v1alpha2'), spec: { matches: [{ name: 'n' }] } },
    'spec: v1alpha2 has no spec: what is in it stands at the top',
  ],
]

for (const [name, document, line] of mistakes) {
  t.test(`${name} is an error`, async (t) => t.same(problems(WEB, document), [line]))
}

t.test('a regular expression that is none is an error where it is used', async (t) => {
  const documents = [WEB, split({ service: 'web', matches: [{ kind: 'HTTPRouteGroup', name: 'a' }], backends: HALVES })]
  t.match(problems(...documents, group('a', [{ name: 'm', pathRegex: '(' }])), [/^spec\.matches\[0\]\.pathRegex: /])
  t.match(problems(...documents, group('a', [{ name: 'm', headers: { a: '[' } }])), [/^spec\.matches\[0\]\.headers/])
})
