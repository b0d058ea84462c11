import t from 'tap'
import { compiled, type Document, gateway, namespace, problems, resource, service } from '../../../../support/gateway-world.ts'

const FROM_ALL = { namespaces: { from: 'All' } }
const HTTP = { name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: FROM_ALL }

const route = (parentRef: Record<string, unknown>, more: Record<string, unknown> = {}, kind = 'HTTPRoute'): Document =>
  resource(kind, {
    name: 'r',
    spec: { parentRefs: [parentRef], rules: [{ backendRefs: [{ name: 'cart', port: 80 }] }], ...more },
  })

const EDGE = { name: 'public', namespace: 'edge' }

t.test('a route attaches to all listeners of a gateway that take it, or to the one it names', async (t) => {
  const listeners = [HTTP, { ...HTTP, name: 'alt', port: 8080 }]
  const all = compiled(gateway('public', listeners), service('cart'), route(EDGE))
  t.same(all.routes[0]?.gateways, ['edge/public/http', 'edge/public/alt'])
  const named = compiled(gateway('public', listeners), service('cart'), route({ ...EDGE, sectionName: 'alt' }))
  t.same(named.routes[0]?.gateways, ['edge/public/alt'])
  const byPort = compiled(gateway('public', listeners), service('cart'), route({ ...EDGE, port: 80 }))
  t.same(byPort.routes[0]?.gateways, ['edge/public/http'])
})

t.test('a listener takes routes of its own namespace alone, unless it says otherwise', async (t) => {
  const own = gateway('public', [{ ...HTTP, allowedRoutes: undefined }])
  t.same(problems(own, service('cart'), route(EDGE)), [
    'warning: HTTPRoute shop/r: no listener of the Gateway edge/public takes it: http takes no routes from the namespace shop; nothing is routed by it',
  ])
})

t.test('a listener that selects namespaces takes routes by their labels', async (t) => {
  const selector = { matchLabels: { tier: 'front' }, matchExpressions: [{ key: 'team', operator: 'In', values: ['a', 'b'] }] }
  const selecting = gateway('public', [{ ...HTTP, allowedRoutes: { namespaces: { from: 'Selector', selector } } }])
  const taken = compiled(selecting, namespace('shop', { tier: 'front', team: 'a' }), service('cart'), route(EDGE))
  t.equal(taken.routes.length, 1)
  t.match(problems(selecting, namespace('shop', { tier: 'front' }), service('cart'), route(EDGE)), [
    /takes no routes from the namespace shop/,
  ])
})

t.test('a route whose hostnames the listener is not for is not attached', async (t) => {
  const narrow = gateway('public', [{ ...HTTP, hostname: '*.shop.example' }])
  t.match(problems(narrow, service('cart'), route(EDGE, { hostnames: ['cart.other.example'] })), [
    /no hostname of it is one of http, which is for \*\.shop\.example/,
  ])
  t.equal(compiled(narrow, service('cart'), route(EDGE, { hostnames: ['cart.shop.example'] })).routes.length, 1)
})

t.test('a listener takes only the kinds that its protocol carries and that it allows', async (t) => {
  const tcp = gateway('public', [{ name: 'tcp', port: 9000, protocol: 'TCP', allowedRoutes: FROM_ALL }])
  t.match(problems(tcp, service('cart'), route(EDGE)), [/tcp speaks TCP/])
  const grpc = gateway('public', [{ ...HTTP, allowedRoutes: { ...FROM_ALL, kinds: [{ kind: 'GRPCRoute' }] } }])
  t.match(problems(grpc, service('cart'), route(EDGE)), [/http takes GRPCRoute only/])
})

t.test('what attaches to a gateway of another class is left to others, what attaches to none is said', async (t) => {
  const foreign = gateway('public', [HTTP], { gatewayClassName: 'nginx' })
  t.match(problems(foreign, service('cart'), route(EDGE)), [/it is of the class nginx/])
  t.equal(problems(foreign, service('cart'), route(EDGE)).length, 1)
  t.match(problems(service('cart'), route(EDGE)), [/there is no Gateway edge\/public; nothing is routed by it/])
})

t.test('a listener set adds listeners to a gateway that lets it, and routes attach to it by its own names', async (t) => {
  const set = resource('ListenerSet', {
    name: 'more',
    spec: { parentRef: { name: 'public', namespace: 'edge' }, listeners: [{ ...HTTP, port: 8080 }] },
  })
  const toSet = route({ kind: 'ListenerSet', name: 'more' })
  const letting = gateway('public', [HTTP], { allowedListeners: { namespaces: { from: 'All' } } })
  const config = compiled(
    letting,
    set,
    service('cart'),
    toSet,
    resource('HTTPRoute', { name: 's', spec: { parentRefs: [EDGE], rules: [{ backendRefs: [{ name: 'cart', port: 80 }] }] } }),
  )
  t.same(
    config.gateways[0]?.listeners.map(({ name, port }) => [name, port]),
    [
      ['http', 80],
      ['more.shop:http', 8080],
    ],
  )
  t.same(
    config.routes.map(({ gateways }) => gateways),
    [['edge/public/more.shop:http'], ['edge/public/http']],
  )
  t.match(problems(gateway('public', [HTTP]), set, service('cart'), toSet), [
    /the Gateway edge\/public takes no listeners from the namespace shop/,
    /no Gateway takes the ListenerSet shop\/more/,
  ])
})

t.test('two listeners that claim the same are both closed, and of a gateway and a set the set gives way', async (t) => {
  const twice = gateway('public', [HTTP, { ...HTTP, name: 'again' }])
  t.match(problems(twice), [/the listener http is not opened/, /the listener again is not opened/])
  t.match(problems(gateway('public', [HTTP, { name: 'tcp', port: 80, protocol: 'TCP' }])), [
    /the listener http is not opened: its protocol cannot share the port with tcp/,
    /the listener tcp is not opened/,
  ])
  const set = resource('ListenerSet', { name: 'more', spec: { parentRef: EDGE, listeners: [{ ...HTTP, name: 'mine' }] } })
  const letting = gateway('public', [HTTP], { allowedListeners: { namespaces: { from: 'All' } } })
  t.match(problems(letting, set), [/ListenerSet shop\/more: the listener mine is not opened/])
})

t.test(
  'a route for a service of its own namespace is for all callers, one for another namespace for its own callers alone',
  async (t) => {
    const own = compiled(service('cart'), route({ group: '', kind: 'Service', name: 'cart', port: 80 }))
    t.match(own.routes, [{ hosts: ['cart.shop:80'], sources: [], gateways: [], priority: 0 }])
    const consumed = compiled(
      service('cart'),
      service('pay', 'bank'),
      resource('HTTPRoute', {
        name: 'r',
        spec: {
          parentRefs: [{ group: '', kind: 'Service', name: 'pay', namespace: 'bank' }],
          rules: [{ backendRefs: [{ name: 'pay', namespace: 'bank', port: 80 }] }],
        },
      }),
    )
    t.match(consumed.routes, [
      { hosts: ['pay.bank'], sources: [{ namespace: 'shop' }], priority: 2, services: [{ service: 'pay.bank:80' }] },
      // what it does not match is not left to the routes of the service's own namespace
      { hosts: ['pay.bank'], sources: [{ namespace: 'shop' }], priority: 1, reply: { status: 404 } },
    ])
  },
)

t.test('a port of a service may be named by number or by name, and has to be there', async (t) => {
  const ports = [
    { name: 'http', port: 80 },
    { name: 'admin', port: 8080 },
  ]
  const parent = { group: '', kind: 'Service', name: 'cart' }
  t.same(compiled(service('cart', 'shop', ports), route({ ...parent, sectionName: 'admin' })).routes[0]?.hosts, [
    'cart.shop:8080',
  ])
  t.match(problems(service('cart', 'shop', ports), route({ ...parent, sectionName: 'grpc' })), [
    /the Service shop\/cart has no port grpc/,
  ])
  t.match(problems(service('cart', 'shop', ports), route({ ...parent, port: 81 })), [
    /the Service shop\/cart has no such port 81/,
  ])
  t.match(problems(service('cart', 'shop', ports), route({ ...parent, sectionName: 'admin', port: 80 })), [/has no such port 80/])
})

t.test('a route attaches to the default gateways when both sides say so', async (t) => {
  const byDefault = gateway('public', [HTTP], { defaultScope: 'All' })
  const loose = (scope: string) =>
    resource('HTTPRoute', {
      name: 'r',
      spec: { useDefaultGateways: scope, rules: [{ backendRefs: [{ name: 'cart', port: 80 }] }] },
    })
  t.same(compiled(byDefault, service('cart'), loose('All')).routes[0]?.gateways, ['edge/public/http'])
  t.match(problems(byDefault, service('cart'), loose('None')), [/it attaches to nothing/])
})
