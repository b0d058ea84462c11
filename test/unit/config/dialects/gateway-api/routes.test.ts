import t from 'tap'
import { compiled, type Document, gateway, grant, problems, resource, service } from '../../../../support/gateway-world.ts'

const PARENT = { group: '', kind: 'Service', name: 'cart' }
const CART = { name: 'cart', port: 80 }

const route = (rules: readonly Record<string, unknown>[], more: { name?: string; createdAt?: string } = {}): Document =>
  resource('HTTPRoute', { name: 'r', ...more, spec: { parentRefs: [PARENT], rules } })

const GRPC = service('cart', 'shop', [{ name: 'grpc', port: 80 }])

const withRules = (...rules: readonly Record<string, unknown>[]) =>
  compiled(
    service('cart'),
    service('cart-v2'),
    // a path each, so that each is reached
    route(rules.map((rule, i) => ({ matches: [{ path: { value: `/r${i}` } }], ...rule }))),
  ).routes

t.test('matches of HTTP are those of native routes', async (t) => {
  const [first] = withRules({
    matches: [
      {
        path: { type: 'Exact', value: '/a' },
        method: 'GET',
        headers: [
          { name: 'X-Tier', value: 'gold' },
          { name: 'x-tier', value: 'silver' },
          { name: 'y', type: 'RegularExpression', value: 'a+' },
        ],
        queryParams: [{ name: 'Q', value: '1' }],
      },
      { path: { value: '/b' } },
    ],
    backendRefs: [CART],
  })
  t.match(first?.matches, [
    {
      path: { exact: '/a' },
      method: 'GET',
      headers: { 'x-tier': { exact: 'gold' }, y: { regex: 'a+' } },
      query: { Q: { exact: '1' } },
    },
    { path: { prefix: '/b' } },
  ])
})

t.test('service and method of gRPC are two segments of a path', async (t) => {
  const grpc = (method: Record<string, unknown>) =>
    compiled(
      GRPC,
      resource('GRPCRoute', {
        name: 'r',
        spec: { parentRefs: [PARENT], rules: [{ matches: [{ method }], backendRefs: [CART] }] },
      }),
    ).routes[0]?.matches[0]?.path
  t.same(grpc({ service: 'shop.Cart', method: 'Add' }), { exact: '/shop.Cart/Add' })
  t.same(grpc({ service: 'shop.Cart' }), { prefix: '/shop.Cart' })
  t.same(grpc({ method: 'Add' }), { regex: '/[^/]+/Add' })
  t.same(grpc({ type: 'RegularExpression', service: 'shop\\..*' }), { regex: '/(?:shop\\..*)/[^/]+' })
})

t.test('filters become what native routes do', async (t) => {
  const [modified, redirected, cors] = withRules(
    {
      filters: [
        { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: '1' }], remove: ['b'] } },
        { type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'c', value: '2' }] } },
        { type: 'URLRewrite', urlRewrite: { hostname: 'x.example', path: { type: 'ReplaceFullPath', replaceFullPath: '/z' } } },
        {
          type: 'RequestMirror',
          requestMirror: { backendRef: { name: 'cart-v2', port: 80 }, fraction: { numerator: 1, denominator: 8 } },
        },
      ],
      backendRefs: [CART],
    },
    { filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', port: 8443, statusCode: 301 } }] },
    { filters: [{ type: 'CORS', cors: { allowOrigins: ['https://*.example'], allowMethods: ['GET'] } }], backendRefs: [CART] },
  )
  t.match(modified, {
    requestHeaders: { set: { a: '1' }, remove: ['b'] },
    responseHeaders: { add: { c: '2' } },
    rewrite: { host: 'x.example', path: '/z' },
    mirrors: [{ service: 'cart-v2.shop:80', percent: 12.5 }],
  })
  t.match(redirected, { redirect: { status: 301, scheme: 'https', port: 8443 }, services: [] })
  t.match(cors, { cors: { origins: [{ wildcard: 'https://*.example' }], methods: ['GET'], maxAge: 5000 } })
})

t.test('filters of a backend belong to it, and where it is the only one what it cannot have is the route’s', async (t) => {
  const set = (value: string) => ({ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'v', value }] } })
  const full = { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '/z' } } }
  const mirror = { type: 'RequestMirror', requestMirror: { backendRef: { name: 'cart-v2', port: 80 } } }
  const [several, lone] = withRules(
    {
      backendRefs: [
        { ...CART, weight: 9, filters: [set('1'), full] },
        { name: 'cart-v2', port: 80, filters: [set('2')] },
      ],
    },
    { matches: [{ path: { value: '/b' } }], backendRefs: [{ ...CART, filters: [mirror] }] },
  )
  t.match(several?.services, [
    { service: 'cart.shop:80', weight: 9, requestHeaders: { set: { v: '1' } }, rewrite: { path: '/z' } },
    { service: 'cart-v2.shop:80', weight: 1, requestHeaders: { set: { v: '2' } }, rewrite: undefined },
  ])
  t.match(lone, { mirrors: [{ service: 'cart-v2.shop:80' }] })
  t.match(problems(service('cart'), service('cart-v2'), route([{ backendRefs: [{ ...CART, filters: [mirror] }, CART] }])), [
    /a filter of type RequestMirror for one of several backends is not understood/,
  ])
})

t.test('what means no service that may be referred to keeps its share, and leads nowhere', async (t) => {
  const documents = [service('cart'), service('pay', 'bank')]
  const refer = (ref: Record<string, unknown>) => route([{ backendRefs: [CART, { weight: 3, ...ref }] }])
  const cases: readonly [string, Record<string, unknown>, RegExp][] = [
    ['missing', { name: 'gone', port: 80 }, /there is no Service shop\/gone; its share of the traffic gets 500/],
    ['no such port', { name: 'cart', port: 81 }, /the Service shop\/cart has no port 81; .* \(it has 80\)/],
    [
      'another kind',
      { group: 'x.example', kind: 'Bucket', name: 'b' },
      /a backend of the kind Bucket of x\.example is not understood/,
    ],
    ['no grant', { name: 'pay', namespace: 'bank', port: 80 }, /the namespace bank does not let shop refer to its service pay/],
  ]
  for (const [, ref, message] of cases) t.match(problems(...documents, refer(ref)), [message])
})

t.test('a grant lets the kinds and namespaces that it names refer to what it names', async (t) => {
  const documents = [
    service('cart'),
    service('pay', 'bank'),
    route([{ backendRefs: [{ name: 'pay', namespace: 'bank', port: 80 }] }]),
  ]
  const from = { kind: 'HTTPRoute', namespace: 'shop' }
  t.equal(compiled(...documents, grant(from, { namespace: 'bank' })).routes[0]?.services[0]?.service, 'pay.bank:80')
  t.equal(compiled(...documents, grant(from, { namespace: 'bank', name: 'pay' })).routes[0]?.services[0]?.service, 'pay.bank:80')
  for (const useless of [
    grant(from, { namespace: 'bank', name: 'other' }),
    grant({ ...from, kind: 'GRPCRoute' }, { namespace: 'bank' }),
    grant({ ...from, namespace: 'other' }, { namespace: 'bank' }),
    grant(from, { namespace: 'bank', kind: 'Secret' }),
    grant(from, { namespace: 'shop' }),
  ])
    t.match(problems(...documents, useless), [/does not let shop refer/])
})

t.test('a filter of a kind that is not known is never skipped', async (t) => {
  const filters = [{ type: 'ExtensionRef', extensionRef: { group: 'x.example', kind: 'Auth', name: 'a' } }]
  t.match(problems(service('cart'), route([{ filters, backendRefs: [CART] }])), [
    /there is no filter of the kind Auth of x\.example; the traffic gets 500/,
  ])
  const external = [{ type: 'ExternalAuth', externalAuth: { protocol: 'HTTP', backendRef: CART } }]
  t.match(problems(service('cart'), route([{ filters: external, backendRefs: [CART] }])), [
    /^HTTPRoute shop\/r: the filter ExternalAuth is not understood/,
  ])
})

t.test('a rule without backends, or whose weights are all 0, leads nowhere', async (t) => {
  t.match(problems(service('cart'), route([{}])), [/the rule sends its traffic to no service; it gets 500/])
  t.match(problems(service('cart'), route([{ backendRefs: [{ ...CART, weight: 0 }] }])), [
    /the rule sends its traffic to no service/,
  ])
})

t.test('times and retries become those of native routes; what is not said is not limited', async (t) => {
  const [limited, free] = withRules(
    {
      timeouts: { request: '10s', backendRequest: '1s500ms' },
      retry: { codes: [500, 503], attempts: 2, backoff: '100ms' },
      backendRefs: [CART],
    },
    { matches: [{ path: { value: '/b' } }], backendRefs: [CART] },
  )
  t.match(limited, {
    timeouts: { request: 10_000, attempt: 1500 },
    retry: { attempts: 3, statusCodes: [500, 503], backoff: { min: 100, base: 200 } },
  })
  t.match(free, { timeouts: { request: 0, attempt: 0 }, retry: undefined })
  t.match(problems(service('cart'), route([{ timeouts: { request: '1s', backendRequest: '2s' }, backendRefs: [CART] }])), [
    /backendRequest is longer than request/,
  ])
})

t.test('of two routes the older one comes first, of the same age the one whose name does; what has no date is new', async (t) => {
  const rules = (path: string) => [{ matches: [{ path: { value: path } }], backendRefs: [CART] }]
  const config = compiled(
    service('cart'),
    route(rules('/1'), { name: 'undated' }),
    route(rules('/2'), { name: 'b', createdAt: '2026-01-02T00:00:00Z' }),
    route(rules('/3'), { name: 'a', createdAt: '2026-01-02T00:00:00Z' }),
    route(rules('/4'), { name: 'old', createdAt: '2025-12-31T23:00:00Z' }),
  )
  t.same(
    config.routes.map(({ name }) => name),
    ['HTTPRoute/shop/old/0', 'HTTPRoute/shop/a/0', 'HTTPRoute/shop/b/0', 'HTTPRoute/shop/undated/0'],
  )
})

t.test('HTTP and gRPC routes for the same host of a listener do not mix: the older one stays', async (t) => {
  const parentRefs = [{ name: 'public', namespace: 'edge' }]
  const edge = gateway('public', [{ name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } }])
  const spec = { parentRefs, rules: [{ backendRefs: [CART] }] }
  const old = resource('GRPCRoute', { name: 'g', createdAt: '2026-01-01T00:00:00Z', spec })
  const young = resource('HTTPRoute', { name: 'h', createdAt: '2026-01-02T00:00:00Z', spec })
  t.match(problems(edge, GRPC, old, young), [
    /HTTPRoute shop\/h: the listener http has a GRPCRoute for the same hosts, which is older/,
  ])
})

t.test('at a service a gRPC route comes before an HTTP route for the same port', async (t) => {
  const spec = (port?: number) => ({
    parentRefs: [{ ...PARENT, ...(port === undefined ? {} : { port }) }],
    rules: [{ backendRefs: [CART] }],
  })
  const old = resource('HTTPRoute', { name: 'h', createdAt: '2026-01-01T00:00:00Z', spec: spec() })
  const young = resource('GRPCRoute', { name: 'g', createdAt: '2026-01-02T00:00:00Z', spec: spec() })
  t.match(problems(GRPC, old, young), [/HTTPRoute shop\/h: a GRPCRoute is for cart\.shop, which comes first/])
  const ofPort = resource('GRPCRoute', { name: 'g', createdAt: '2026-01-02T00:00:00Z', spec: spec(80) })
  t.same(
    compiled(GRPC, old, ofPort).routes.map(({ hosts }) => hosts),
    [['cart.shop'], ['cart.shop:80']],
  )
})

t.test('gRPC to a port that says it speaks HTTP/1.1 is warned about', async (t) => {
  const route = resource('GRPCRoute', { name: 'r', spec: { parentRefs: [PARENT], rules: [{ backendRefs: [CART] }] } })
  t.match(problems(service('cart'), route), [
    /the port 80 of the Service shop\/cart says that it speaks HTTP\/1\.1; gRPC needs HTTP\/2/,
  ])
  t.same(problems(service('cart', 'shop', [{ port: 80 }]), route), [])
})

t.test('routes of connections take services, server names and gateways', async (t) => {
  const config = compiled(
    service('db'),
    service('cart'),
    gateway('public', [
      { name: 'tls', port: 443, protocol: 'TLS', tls: { mode: 'Passthrough' }, allowedRoutes: { namespaces: { from: 'All' } } },
      { name: 'tcp', port: 5432, protocol: 'TCP', allowedRoutes: { namespaces: { from: 'All' } } },
    ]),
    resource('TLSRoute', {
      name: 'tls',
      version: 'v1alpha3',
      spec: {
        parentRefs: [{ name: 'public', namespace: 'edge' }],
        hostnames: ['db.example'],
        rules: [{ backendRefs: [{ name: 'db', port: 80 }] }],
      },
    }),
    resource('TCPRoute', {
      name: 'tcp',
      version: 'v1alpha2',
      spec: {
        parentRefs: [
          { name: 'public', namespace: 'edge' },
          { group: '', kind: 'Service', name: 'db' },
        ],
        rules: [
          {
            backendRefs: [
              { name: 'db', port: 80, weight: 7 },
              { name: 'cart', port: 80, weight: 3 },
            ],
          },
        ],
      },
    }),
  )
  t.match(config.tcpRoutes, [
    {
      destinations: ['db.shop'],
      services: [
        { service: 'db.shop:80', weight: 7 },
        { service: 'cart.shop:80', weight: 3 },
      ],
    },
    { gateways: ['edge/public/tcp'] },
    { hosts: ['db.example'], gateways: ['edge/public/tls'] },
  ])
})
