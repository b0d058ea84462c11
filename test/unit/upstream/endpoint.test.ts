import t from 'tap'
import type { EndpointConfig } from '../../../src/config/schema/services.ts'
import { Endpoint, reconcile, UNHEALTHY } from '../../../src/upstream/endpoint.ts'

const config = (address: string, more: Partial<EndpointConfig> = {}): EndpointConfig => ({
  address,
  weight: 1,
  labels: {},
  ...more,
})

t.test('an endpoint has one name, however its address is written', async (t) => {
  t.equal(new Endpoint(config('[0:0:0:0:0:0:0:1]:80')).address, '[::1]:80')
  t.equal(new Endpoint(config('[::ffff:10.0.0.1]:80')).address, '10.0.0.1:80')
  t.same(new Endpoint(config('[::ffff:10.0.0.1]:80')).target, { kind: 'tcp', host: '10.0.0.1', port: 80 })
  t.same(new Endpoint(config('unix:/run/app.sock')).target, { kind: 'unix', path: '/run/app.sock' })
})

t.test('an address that stays keeps its object and takes the new settings', async (t) => {
  const { endpoints } = reconcile([], [config('10.0.0.1:80'), config('[::1]:80')])
  const [first, second] = endpoints as [Endpoint, Endpoint]
  first.active = 3
  first.pool = 'its connections'
  first.set(UNHEALTHY, true)
  const next = reconcile(endpoints, [
    config('[0::1]:80'),
    config('10.0.0.3:80'),
    config('10.0.0.1:80', { weight: 5, zone: 'b', labels: { version: 'v2' } }),
  ])
  t.same(next.removed, [])
  t.equal(next.endpoints[0], second)
  t.equal(next.endpoints[2], first)
  t.equal(first.weight, 5)
  t.equal(first.zone, 'b')
  t.same(first.labels, { version: 'v2' })
  t.equal(first.active, 3)
  t.equal(first.pool, 'its connections')
  t.equal(first.available, false)
})

t.test('an address that is gone is handed back, and comes back as another object', async (t) => {
  const { endpoints } = reconcile([], [config('10.0.0.1:80'), config('10.0.0.2:80')])
  const less = reconcile(endpoints, [config('10.0.0.2:80')])
  t.same(less.removed, [endpoints[0]])
  const again = reconcile(less.endpoints, [config('10.0.0.1:80'), config('10.0.0.2:80')])
  t.not(again.endpoints[0], endpoints[0])
  t.equal(again.endpoints[1], endpoints[1])
})

t.test('an address named twice is one endpoint, as first named', async (t) => {
  const { endpoints } = reconcile([], [config('10.0.0.1:80', { weight: 2 }), config('[::ffff:10.0.0.1]:80', { weight: 9 })])
  t.equal(endpoints.length, 1)
  t.equal(endpoints[0]?.weight, 2)
})

t.test('changes that balancers must see are counted once, for all endpoints of a service', async (t) => {
  const { endpoints } = reconcile([], [config('10.0.0.1:80'), config('10.0.0.2:80')])
  const [first, second] = endpoints as [Endpoint, Endpoint]
  t.equal(first.changes, second.changes)
  first.set(UNHEALTHY, false)
  second.update(config('10.0.0.2:80', { zone: 'b' }))
  t.equal(first.changes.count, 0)
  first.set(UNHEALTHY, true)
  second.update(config('10.0.0.2:80', { weight: 2 }))
  t.equal(first.changes.count, 2)
})
