import t from 'tap'
import { type ServiceConfig, serviceSchema } from '../../../src/config/schema/services.ts'
import { startDiscovery } from '../../../src/discovery/directory.ts'
import { dnsService, dnsWorld } from '../../support/dns-world.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { RecordingLog } from '../../support/recording-log.ts'

function fixed(name: string, addresses: readonly string[], more: Record<string, unknown> = {}): ServiceConfig {
  return serviceSchema.parse({ name, namespace: 'shop', port: 80, endpoints: addresses.map((address) => ({ address, ...more })) })
}

function discoverFixed(services: readonly ServiceConfig[]) {
  const told: [string, string[]][] = []
  const discovery = startDiscovery(services, {
    clock: new FakeClock(),
    log: new RecordingLog(),
    onEndpoints: (service, endpoints) => void told.push([service, endpoints.map(({ address }) => address)]),
  })
  return { discovery, told }
}

t.test('fixed endpoints are told at once, an empty list included', async (t) => {
  const { discovery, told } = discoverFixed([fixed('cart', ['127.0.0.1:1']), fixed('none', [])])
  t.same(told, [
    ['cart.shop:80', ['127.0.0.1:1']],
    ['none.shop:80', []],
  ])
  t.match(discovery.states().get('cart.shop:80'), { kind: 'static', status: 'ready', error: '' })
  t.match(discovery.states().get('none.shop:80'), { kind: 'static', status: 'empty' })
})

t.test('a reload tells only what has changed', async (t) => {
  const { discovery, told } = discoverFixed([fixed('cart', ['127.0.0.1:1']), fixed('user', ['127.0.0.1:2'])])
  told.length = 0
  discovery.update([fixed('cart', ['127.0.0.1:1']), fixed('user', ['127.0.0.1:3']), fixed('new', ['127.0.0.1:4'])])
  t.same(told, [
    ['user.shop:80', ['127.0.0.1:3']],
    ['new.shop:80', ['127.0.0.1:4']],
  ])
  t.same(discovery.endpointsOf('cart.shop:80')?.length, 1)
})

for (const change of [{ weight: 2 }, { zone: 'b' }, { labels: { version: 'v2' } }]) {
  t.test(`a reload notices a change of ${Object.keys(change).join()}`, async (t) => {
    const { discovery, told } = discoverFixed([fixed('cart', ['127.0.0.1:1'], { labels: { version: 'v1' } })])
    discovery.update([fixed('cart', ['127.0.0.1:1'], { labels: { version: 'v1' }, ...change })])
    t.equal(told.length, 2)
  })
}

t.test('a service that is gone is forgotten, and told anew when it comes back', async (t) => {
  const { discovery, told } = discoverFixed([fixed('cart', ['127.0.0.1:1'])])
  discovery.update([])
  t.equal(discovery.endpointsOf('cart.shop:80'), undefined)
  t.equal(discovery.states().size, 0)
  discovery.update([fixed('cart', ['127.0.0.1:1'])])
  t.equal(told.length, 2)
})

const zone = { 'db.test': { A: [['10.0.0.1', 60]] }, 'other.test': { A: [['10.0.0.2', 60]] } } as const

t.test('an unchanged service by DNS goes on undisturbed', async (t) => {
  const world = await dnsWorld(t, { zone })
  await world.refreshed(1)
  world.discovery.update([{ ...dnsService({}), balance: 'random' }])
  t.equal(world.state.refreshInMs, 60_000)
  t.equal(world.server.asked('A db.test'), 1)
  t.equal(world.lists.length, 1)
})

t.test('another name takes over without an empty gap', async (t) => {
  const world = await dnsWorld(t, { zone })
  await world.refreshed(1)
  world.discovery.update([dnsService({ name: 'other.test' })])
  t.match(world.endpoints, [{ address: '10.0.0.1:5432' }])
  await world.refreshed(2)
  t.same(world.lists, [['10.0.0.1:5432'], ['10.0.0.2:5432']])
})

t.test('another port takes effect even while DNS fails: the answers are known', async (t) => {
  const world = await dnsWorld(t, { zone })
  await world.refreshed(1)
  world.server.down = 'refused'
  world.discovery.update([dnsService({ port: 7000 })])
  await world.refreshed(2)
  t.same(world.lists, [['10.0.0.1:5432'], ['10.0.0.1:7000']])
  t.equal(world.state.status, 'stale')
})

t.test('fixed endpoints beside DNS change without a gap as well', async (t) => {
  const world = await dnsWorld(t, { zone })
  await world.refreshed(1)
  world.discovery.update([dnsService({}, { endpoints: [{ address: '127.0.0.1:9' }] })])
  await world.refreshed(2)
  t.same(world.lists, [['10.0.0.1:5432'], ['127.0.0.1:9', '10.0.0.1:5432']])
})

t.test('from DNS to fixed endpoints: the old source tells nothing any more', async (t) => {
  const world = await dnsWorld(t, { zone: { 'db.test': { A: [['10.0.0.1', 60]], fail: { AAAA: 'silence' } } } })
  await eventually(() => world.server.asked('AAAA db.test') > 0)
  world.discovery.update([{ ...fixed('db', ['127.0.0.1:1']), port: 5432 }])
  await eventually(() => world.clock.timers === 0)
  t.same(world.lists, [['127.0.0.1:1']])
  t.same(world.refreshes, [])
})
