import t from 'tap'
import { loadText } from '../../../../../support/config-text.ts'
import { asking, messagesOf } from '../../../../../support/explain.ts'

const service = (name: string, ...ports: number[]) =>
  ports.map((port) => ({ name, namespace: 'shop', port, endpoints: [{ address: `127.0.0.1:${port}` }] }))

const SETTINGS = {
  workload: { name: 'caller', namespace: 'shop', labels: { app: 'caller' } },
  services: [
    ...service('web', 80),
    ...service('cart', 8080),
    ...service('two', 80, 90),
    ...service('bytes', 5432),
    { name: 'far', namespace: 'ops', port: 80, endpoints: [{ address: '127.0.0.1:1' }] },
  ],
}

const virtual = (spec: object, name = 'web', namespace = 'shop') => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, namespace },
  spec: { hosts: ['web'], ...spec },
})

const to = (host: string, more: object = {}) => ({ destination: { host }, ...more })

/** What becomes of requests for web under these http routes. */
const http = (...routes: object[]) => asking(SETTINGS, virtual({ http: routes }))
const configOf = (document: object) => {
  const { config } = loadText([SETTINGS, document].map((one) => `---\n${JSON.stringify(one)}\n`).join(''))
  if (config === undefined) throw new Error('it does not load')
  return config
}
const routesOf = (document: object) => configOf(document).routes

const targets = (answer: ReturnType<ReturnType<typeof asking>>) =>
  answer.services.map(({ name, port, share }) => `${name}:${port} ${share}`).join(', ')

t.test('routes are asked in the order in which they are written', async (t) => {
  const ask = http(
    { match: [{ uri: { prefix: '/' } }], route: [to('cart')] },
    { name: 'exact', match: [{ uri: { exact: '/special' } }], route: [to('web')] },
  )
  t.equal(targets(ask({ host: 'web', path: '/special' })), 'cart:8080 1')
  t.equal(ask({ host: 'web', path: '/special' }).route, 'VirtualService shop/web http[0]')
  t.equal(ask({ host: 'web.shop.svc.cluster.local' }).route, 'VirtualService shop/web http[0]')
})

t.test('what no route is for is not found', async (t) => {
  const answer = http({ match: [{ uri: { exact: '/a' } }], route: [to('cart')] })({ host: 'web', path: '/b' })
  t.equal(answer.status, 404)
})

t.test('a prefix is a mere beginning', async (t) => {
  const ask = http({ match: [{ uri: { prefix: '/a.b' } }], route: [to('cart')] }, { route: [to('web')] })
  for (const path of ['/a.b', '/a.bc', '/a.b/c?d']) t.equal(targets(ask({ host: 'web', path })), 'cart:8080 1', path)
  for (const path of ['/axb', '/A.b', '/']) t.equal(targets(ask({ host: 'web', path })), 'web:80 1', path)
})

const matches: readonly (readonly [name: string, match: object, yes: object, no: object])[] = [
  ['exact paths', { uri: { exact: '/a' } }, { path: '/a?x' }, { path: '/a/' }],
  ['paths by expression', { uri: { regex: '/a+' } }, { path: '/aaa' }, { path: '/aab' }],
  ['paths without regard to case', { uri: { prefix: '/Ab' }, ignoreUriCase: true }, { path: '/aBc' }, { path: '/b' }],
  ['methods', { method: { exact: 'PUT' } }, { method: 'PUT' }, { method: 'GET' }],
  ['methods by beginning', { method: { prefix: 'P' } }, { method: 'PATCH' }, { method: 'GET' }],
  ['schemes', { scheme: { exact: 'https' } }, { scheme: 'https' }, { scheme: 'http' }],
  ['authorities', { authority: { prefix: 'web.' } }, { host: 'web.shop' }, { host: 'web' }],
  ['fields', { headers: { x: { exact: '1' } } }, { headers: [['X', '1']] }, { headers: [['x', '2']] }],
  ['fields that are there', { headers: { x: {} } }, { headers: [['x', '']] }, { headers: [] }],
  ['fields that are not there', { withoutHeaders: { x: {} } }, { headers: [] }, { headers: [['x', '']] }],
  ['parameters', { queryParams: { q: { regex: '[0-9]+' } } }, { path: '/?q=12' }, { path: '/?q=a' }],
  ['ports', { port: 80 }, { host: 'web:80' }, { host: 'web:81' }],
  ['labels of callers', { sourceLabels: { app: 'caller' } }, {}, { workload: { name: 'other', namespace: 'shop' } }],
  [
    'namespaces of callers',
    { sourceNamespace: 'shop' },
    {},
    { workload: { name: 'caller', namespace: 'ops' }, host: 'web.shop' },
  ],
]

for (const [name, match, yes, no] of matches) {
  t.test(`matches ask for ${name}`, async (t) => {
    const ask = http({ match: [match], route: [to('cart')] }, { route: [to('web')] })
    t.equal(targets(ask({ host: 'web', ...yes })), 'cart:8080 1')
    t.not(targets(ask({ host: 'web', ...no })), 'cart:8080 1')
  })
}

t.test('weights are shares, and one destination gets everything', async (t) => {
  const ask = http({ route: [to('cart', { weight: 25 }), to('web', { weight: 75 })] })
  t.equal(targets(ask({ host: 'web' })), 'cart:8080 0.25, web:80 0.75')
  t.equal(targets(http({ route: [to('cart', { weight: 0 })] })({ host: 'web' })), 'cart:8080 1')
  t.same(messagesOf(SETTINGS, virtual({ http: [{ route: [to('cart'), to('web')] }] })), [
    'error: spec.http[0].route: all weights are 0, so no request could go anywhere',
  ])
})

t.test('a destination with several ports follows the port that was called, in the order of the routes', async (t) => {
  const routes = [{ match: [{ uri: { prefix: '/a' } }], route: [to('cart')] }, { route: [to('two')] }]
  const ask = asking(SETTINGS, virtual({ hosts: ['two'], http: routes }))
  t.equal(targets(ask({ host: 'two:90' })), 'two:90 1')
  t.equal(targets(ask({ host: 'two' })), 'two:80 1')
  t.equal(targets(ask({ host: 'two:90', path: '/a' })), 'cart:8080 1')
  const fixed = http({ route: [{ destination: { host: 'two', port: { number: 90 } } }] })
  t.equal(targets(fixed({ host: 'web' })), 'two:90 1')
})

const rewrites: readonly (readonly [name: string, route: object, path: string, forwarded: string])[] = [
  ['the beginning that matched', { match: [{ uri: { prefix: '/api/' } }], rewrite: { uri: '/' } }, '/api/x?y', '/x?y'],
  ['the whole of an exact path', { match: [{ uri: { exact: '/a' } }], rewrite: { uri: '/b' } }, '/a?y', '/b?y'],
  ['the whole of an expression', { match: [{ uri: { regex: '/a.*' } }], rewrite: { uri: '/b' } }, '/abc', '/b'],
  ['the first slash where nothing is asked of paths', { rewrite: { uri: '/b/' } }, '/c', '/b/c'],
  [
    'what an expression finds',
    { rewrite: { uriRegexRewrite: { match: '/v([0-9]+)', rewrite: '/version\\1' } } },
    '/v2/x',
    '/version2/x',
  ],
]

for (const [name, route, path, forwarded] of rewrites) {
  t.test(`rewriting replaces ${name}`, async (t) => {
    t.equal(http({ ...route, route: [to('cart')] })({ host: 'web', path }).forwarded?.path, forwarded)
  })
}

t.test('the host is rewritten by authority, or by a field that is set', async (t) => {
  const host = (route: object) => http({ route: [to('cart')], ...route })({ host: 'web' }).forwarded?.host
  t.equal(host({ rewrite: { authority: 'cart.example' } }), 'cart.example')
  t.equal(host({ headers: { request: { set: { Host: 'cart.example' } } } }), 'cart.example')
  t.equal(host({ route: [to('cart', { headers: { request: { set: { ':authority': 'b.example' } } } })] }), 'b.example')
})

t.test('fields are set, added and removed', async (t) => {
  const edits = { set: { a: '1%%' }, add: { b: '2' }, remove: ['c'] }
  const ask = http({ route: [to('cart')], headers: { request: edits, response: edits } })
  const { forwarded, response } = ask({
    host: 'web',
    headers: [['c', 'x']],
    response: { status: 200, headers: [['c', 'x']] },
  })
  for (const headers of [forwarded?.headers, response?.headers]) {
    t.same(
      headers?.filter(([name]) => ['a', 'b', 'c'].includes(name)),
      [
        ['a', '1%'],
        ['b', '2'],
      ],
    )
  }
  const formats = virtual({ http: [{ route: [to('cart')], headers: { request: { set: { a: '%REQ(x)%' } } } }] })
  t.match(messagesOf(SETTINGS, formats), [/Envoy's format strings/])
})

t.test('redirects and direct responses are answered by the sidecar', async (t) => {
  const redirect = { uri: '/new', authority: 'a.example', redirectCode: 308 }
  t.match(http({ redirect })({ host: 'web', path: '/x?y' }).reply, {
    status: 308,
    headers: [['location', 'http://a.example/new?y']],
  })
  const location = (one: object) =>
    http({ redirect: one })({ host: 'web:8000' }).reply?.headers.find(([name]) => name === 'location')?.[1]
  t.equal(location({ authority: 'a.example:8443', scheme: 'https' }), 'https://a.example:8443/')
  t.equal(location({ scheme: 'https' }), 'https://web/')
  t.equal(location({ authority: 'b.example', derivePort: 'FROM_PROTOCOL_DEFAULT' }), 'http://b.example/')
  const reply = http({ directResponse: { status: 418, body: { bytes: 'dGVh' } }, headers: { response: { set: { a: 'b' } } } })
  const { status, reply: sent } = reply({ host: 'web' })
  t.equal(status, 418)
  t.same(
    sent?.headers.filter(([name]) => name === 'a'),
    [['a', 'b']],
  )
})

t.test('mirrors get their share', async (t) => {
  const mirrors = (route: object) => routesOf(virtual({ http: [{ route: [to('web')], ...route }] }))[0]?.mirrors
  t.same(mirrors({ mirrors: [{ destination: { host: 'cart' }, percentage: { value: 10 } }] }), [
    { service: 'cart.shop:8080', percent: 10 },
  ])
  t.same(mirrors({ mirror: { host: 'cart' }, mirrorPercent: 20 }), [{ service: 'cart.shop:8080', percent: 20 }])
  t.same(mirrors({ mirror: { host: 'cart' } }), [{ service: 'cart.shop:8080', percent: 100 }])
})

t.test('retries are those that Istio makes', async (t) => {
  const retry = (retries?: object) =>
    routesOf(virtual({ http: [{ route: [to('web')], ...(retries ? { retries } : {}) }] }))[0]?.retry
  t.match(retry(), {
    attempts: 3,
    on: ['connect-failure', 'refused-stream', 'unavailable', 'cancelled'],
    nonIdempotent: false,
  })
  t.match(retry({ attempts: 0 }), { attempts: 1 })
  t.match(retry({ attempts: 4, retryOn: '503, reset', perTryTimeout: '2s', backoff: '1s', retryIgnorePreviousHosts: false }), {
    attempts: 5,
    on: ['reset', 'retriable-status-codes'],
    statusCodes: [503],
    attemptTimeout: 2000,
    backoff: { base: 1000 },
    nonIdempotent: true,
    otherHost: false,
  })
})

t.test('timeouts, faults and CORS are those of the document', async (t) => {
  const [route] = routesOf(
    virtual({
      http: [
        {
          route: [to('web')],
          timeout: '1.5s',
          fault: { delay: { fixedDelay: '1s', percentage: { value: 10 } }, abort: { grpcStatus: 'UNAVAILABLE' } },
          corsPolicy: {
            allowOrigins: [{ prefix: 'https://a' }],
            allowOrigin: ['*'],
            maxAge: '24h',
            unmatchedPreflights: 'IGNORE',
          },
        },
      ],
    }),
  )
  t.match(route, {
    timeouts: { request: 1500 },
    fault: { delay: { time: 1000, percent: 10 }, abort: { grpcStatus: 14, percent: 0 } },
    cors: { origins: [{ prefix: 'https://a' }, { wildcard: '*' }], maxAge: 86_400_000, forwardUnmatched: false },
  })
  t.equal(routesOf(virtual({ http: [{ route: [to('web')] }] }))[0]?.timeouts.request, 0, 'no timeout unless told one')
})

t.test('only the callers that it is exported to see it', async (t) => {
  const route = { http: [{ route: [to('cart')] }] }
  const seen = (exportTo: string[], namespace: string) =>
    asking(SETTINGS, virtual({ ...route, exportTo }))({ host: 'web.shop', workload: { name: 'x', namespace } }).route !== null
  t.same(
    [seen(['.'], 'shop'), seen(['.'], 'ops'), seen(['ops'], 'ops'), seen(['*'], 'ops'), seen(['~'], 'shop')],
    [true, false, true, true, false],
  )
})

t.test('the host of another namespace is only routed for callers of the own one', async (t) => {
  const route = virtual({ hosts: ['far.ops.svc.cluster.local'], http: [{ route: [to('cart')] }] })
  const ask = asking(SETTINGS, route)
  t.equal(targets(ask({ host: 'far.ops' })), 'cart:8080 1')
  t.equal(targets(ask({ host: 'far.ops', workload: { name: 'x', namespace: 'other' } })), 'far:80 1')
  t.same(messagesOf(SETTINGS, route), [
    'warning: far.ops.svc.cluster.local belongs to ops: this VirtualService is only for callers in shop (exportTo: ["."] says so)',
  ])
})

t.test("of two for one host the older is asked, and a namespace's own before what others export", async (t) => {
  const first = virtual({ http: [{ route: [to('cart')] }] }, 'a')
  const second = virtual({ http: [{ route: [to('two')] }] }, 'b')
  t.equal(targets(asking(SETTINGS, second, first)({ host: 'web' })), 'cart:8080 1')
  t.match(messagesOf(SETTINGS, second, first), ['warning: VirtualService shop/a is for web.shop already: this one is not asked'])
  const own = virtual({ hosts: ['web.shop.svc.cluster.local'], http: [{ route: [to('far')] }] }, 'z', 'ops')
  const ask = asking(SETTINGS, first, own)
  t.equal(targets(ask({ host: 'web.shop', workload: { name: 'x', namespace: 'ops' } })), 'far:80 1')
  t.equal(targets(ask({ host: 'web' })), 'cart:8080 1')
})

t.test('what is only for gateways of Istio is ignored with a warning', async (t) => {
  const route = { route: [to('cart')] }
  t.equal(asking(SETTINGS, virtual({ gateways: ['edge'], http: [route] }))({ host: 'web' }).route, null)
  t.match(messagesOf(SETTINGS, virtual({ gateways: ['edge'], http: [route] })), [/for gateways of Istio alone/])
  const both = virtual({
    gateways: ['edge', 'mesh'],
    http: [{ match: [{ gateways: ['edge'] }], ...route }, { route: [to('web')] }],
  })
  t.equal(targets(asking(SETTINGS, both)({ host: 'web' })), 'web:80 1')
})

t.test('what is not there is warned about, and its traffic fails', async (t) => {
  const gone = virtual({ http: [{ route: [to('crt')] }] })
  t.same(messagesOf(SETTINGS, gone), ['warning: there is no service crt (did you mean "cart.shop"?)'])
  t.equal(asking(SETTINGS, gone)({ host: 'web' }).status, 500)
  const port = virtual({ http: [{ route: [{ destination: { host: 'two', port: { number: 91 } } }] }] })
  t.same(messagesOf(SETTINGS, port), ['warning: two has no port 91 (it has 80, 90)'])
  const subset = virtual({ http: [{ route: [{ destination: { host: 'cart', subset: 'v1' } }] }] })
  t.same(messagesOf(SETTINGS, subset), ['warning: no DestinationRule gives cart a subset "v1"; its share of the traffic fails'])
  t.equal(asking(SETTINGS, subset)({ host: 'web' }).status, 500)
})

t.test('connections are routed by server name, address and service', async (t) => {
  const tls = [{ match: [{ sniHosts: ['DB.example.com'], port: 5432 }], route: [to('bytes')] }]
  const tcp = [
    { match: [{ port: 5432, sourceLabels: { app: 'x' } }], route: [to('cart')] },
    { match: [{ destinationSubnets: ['10.0.0.0/8'] }], route: [to('cart', { weight: 1 }), to('bytes', { weight: 3 })] },
    { route: [to('two')] },
  ]
  const { tcpRoutes } = configOf(virtual({ hosts: ['db.example.com', 'bytes'], tls, tcp }))
  t.match(tcpRoutes, [
    {
      name: 'VirtualService shop/web tls[0]',
      hosts: ['db.example.com'],
      ports: [5432],
      services: [{ service: 'bytes.shop:5432' }],
    },
    {
      name: 'VirtualService shop/web tcp[0]',
      destinations: ['bytes.shop:5432'],
      sources: [{ labels: { app: 'x' } }],
      priority: 900_000,
    },
    { destinations: ['10.0.0.0/8'], services: [{ weight: 1 }, { weight: 3 }], priority: 899_999 },
    { destinations: ['bytes.shop:5432'], services: [{ service: 'two.shop:5432' }] },
  ])
  t.match(messagesOf(SETTINGS, virtual({ hosts: ['db.example.com'], tcp: [{ route: [to('bytes')] }] })), [
    'warning: no host of this VirtualService is a service: no connection is for this route',
  ])
})

const mistakes: readonly (readonly [name: string, spec: object, line: string | RegExp])[] = [
  [
    'two actions',
    { http: [{ route: [to('cart')], redirect: { uri: '/' } }] },
    /expected exactly one of route, redirect, directResponse, delegate/,
  ],
  ['no action', { http: [{}] }, /expected exactly one of route, redirect, directResponse, delegate/],
  ['a misspelt key', { http: [{ rote: [to('cart')], redirect: { uri: '/' } }] }, /unknown key "rote".*did you mean "route"/],
  [
    'two tests of one text',
    { http: [{ match: [{ uri: { exact: '/a', prefix: '/b' } }], route: [to('cart')] }] },
    /expected one of exact, prefix, regex/,
  ],
  [
    'a condition that does not exist',
    { http: [{ route: [to('cart')], retries: { retryOn: '5xx,rest' } }] },
    /unknown condition "rest" \(did you mean "reset"\?\)/,
  ],
  [
    'an expression that is none',
    { http: [{ match: [{ uri: { regex: '(' } }], route: [to('cart')] }] },
    /spec\.http\[0\]\.match\[0\]\.uri\.regex/,
  ],
  ['a duration that is none', { http: [{ route: [to('cart')], timeout: '5' }] }, /expected a duration/],
]

for (const [name, spec, line] of mistakes) {
  t.test(`${name} is an error`, async (t) => t.match(messagesOf(SETTINGS, virtual(spec)), [line]))
}
