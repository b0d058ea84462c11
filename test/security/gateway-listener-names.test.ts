// A listener of a ListenerSet could be taken for one of the Gateway, when the Gateway had a listener called like the set's namespace.
import t from 'tap'
import { compileGateways, gatewayKey } from '../../src/routing/gateways.ts'
import { RateLimiters } from '../../src/routing/rate-limit.ts'
import { compiled, gateway, resource, service } from '../support/gateway-world.ts'
import { headOf } from '../support/routing.ts'

t.test('a route of a listener is not served on a set of the namespace that has its name', async (t) => {
  const listener = { port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } }
  const config = compiled(
    gateway('public', [{ ...listener, name: 'shop', hostname: 'a.example' }], {
      allowedListeners: { namespaces: { from: 'All' } },
    }),
    resource('ListenerSet', {
      name: 'more',
      spec: {
        parentRef: { name: 'public', namespace: 'edge' },
        listeners: [{ ...listener, name: 'http', hostname: 'b.example' }],
      },
    }),
    service('cart'),
    resource('HTTPRoute', {
      name: 'r',
      spec: {
        parentRefs: [{ name: 'public', namespace: 'edge', sectionName: 'shop' }],
        rules: [{ backendRefs: [{ name: 'cart', port: 80 }] }],
      },
    }),
  )
  const port = compileGateways(config, undefined, {
    resolve: () => 'a service',
    hasSubset: () => true,
    pathNormalization: 'AUTO',
    limiters: new RateLimiters(),
    random: () => 0,
  }).get(gatewayKey('edge/public', 80))
  const routeFor = (host: string) => port?.listener(host)?.routes.match(headOf({ host }))
  t.ok(routeFor('a.example'))
  t.equal(routeFor('b.example'), undefined)
})
