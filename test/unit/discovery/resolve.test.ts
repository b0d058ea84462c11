import t from 'tap'
import { dnsService, dnsWorld } from '../../support/dns-world.ts'

const POD = 'search shop.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n'
const a = (ip: string, ttl = 60) => ({ A: [[ip, ttl]] }) as const

const NAMES = [
  {
    name: 'inside a Pod, a short name is first one of the namespace',
    dns: { name: 'db' },
    files: { 'resolv.conf': POD },
    zone: { 'db.shop.svc.cluster.local': a('10.0.0.1'), db: a('10.0.0.2') },
    expected: ['10.0.0.1:5432'],
  },
  {
    name: "inside a Pod, name.namespace is a service, not somebody's domain",
    dns: { name: 'catalog.shop' },
    files: { 'resolv.conf': POD },
    zone: { 'catalog.shop': a('203.0.113.1'), 'catalog.shop.svc.cluster.local': a('10.0.0.1') },
    expected: ['10.0.0.1:5432'],
  },
  {
    name: 'inside a Pod, a domain outside is found after the search domains',
    dns: { name: 'db.example.com' },
    files: { 'resolv.conf': POD },
    zone: { 'db.example.com': a('203.0.113.1') },
    expected: ['203.0.113.1:5432'],
  },
  {
    name: 'a dot at the end leaves the search domains out',
    dns: { name: 'catalog.shop.' },
    files: { 'resolv.conf': POD },
    zone: { 'catalog.shop': a('203.0.113.1'), 'catalog.shop.svc.cluster.local': a('10.0.0.1') },
    expected: ['203.0.113.1:5432'],
  },
  {
    name: 'elsewhere, a name with dots is tried as it is first',
    dns: { name: 'db.test' },
    files: { 'resolv.conf': 'search corp.test' },
    zone: { 'db.test': a('10.0.0.1'), 'db.test.corp.test': a('10.0.0.2') },
    expected: ['10.0.0.1:5432'],
  },
  {
    name: 'a search domain that fails is not passed over for another name',
    dns: { name: 'db' },
    files: { 'resolv.conf': POD },
    zone: { 'db.shop.svc.cluster.local': { fail: { A: 'servfail' } }, db: a('203.0.113.1') },
    expected: [],
  },
  {
    name: 'the hosts file goes before DNS',
    dns: { name: 'DB.test' },
    files: { hosts: '10.0.0.7 other db.test # here\n10.0.0.8 db.test\n' },
    zone: { 'db.test': a('10.0.0.1') },
    expected: ['10.0.0.7:5432', '10.0.0.8:5432'],
  },
  {
    name: 'localhost is this machine, whatever DNS says',
    dns: { name: 'app.localhost' },
    zone: { 'app.localhost': a('203.0.113.1') },
    expected: ['127.0.0.1:5432', '[::1]:5432'],
  },
  { name: 'an address is itself', dns: { name: '10.0.0.1' }, expected: ['10.0.0.1:5432'] },
  { name: 'an IPv6 address is itself', dns: { name: '0::1' }, expected: ['[::1]:5432'] },
  {
    name: 'what DNS does not know, the system may: multicast DNS',
    dns: { name: 'printer.local' },
    system: { 'printer.local': ['192.168.1.5'] },
    expected: ['192.168.1.5:5432'],
  },
  {
    name: 'what DNS cannot say, the system may',
    dns: { name: 'db.test' },
    zone: { 'db.test': { fail: { A: 'servfail' } } },
    system: { 'db.test': ['10.0.0.1'] },
    expected: ['10.0.0.1:5432'],
  },
  { name: 'a name that cannot be one has no addresses', dns: { name: 'a..b' }, expected: [] },
] as const

for (const { name, expected, ...setting } of NAMES) {
  t.test(name, async (t) => {
    const world = await dnsWorld(t, setting)
    await world.refreshed(1)
    t.same(
      world.endpoints?.map(({ address }) => address),
      expected,
    )
    t.ok((world.state.refreshInMs as number) > 0, 'goes on')
  })
}

t.test('hosts file and system are asked again soon: they tell no TTL', async (t) => {
  const hosts = await dnsWorld(t, { files: { hosts: '10.0.0.7 db.test' } })
  await hosts.refreshed(1)
  t.equal(hosts.state.refreshInMs, 5000)
  const system = await dnsWorld(t, { system: { 'db.test': ['10.0.0.1'] } })
  await system.refreshed(1)
  t.equal(system.state.refreshInMs, 5000)
})

t.test('an address is looked at again as seldom as may be', async (t) => {
  const world = await dnsWorld(t, { dns: { name: '10.0.0.1', maxTtl: '10m' } })
  await world.refreshed(1)
  t.equal(world.state.refreshInMs, 600_000)
})

t.test('an unreachable family is left out of what hosts file and system say', async (t) => {
  const families = { ipv4: true, ipv6: false }
  const world = await dnsWorld(t, { files: { hosts: '10.0.0.7 db.test\n2001:db8::1 db.test\n::1 db.test' }, families })
  await world.refreshed(1)
  t.same(world.lists, [['10.0.0.7:5432', '[::1]:5432']])
})

const SRV = { name: '_pg._tcp.test', type: 'srv' }
const srv = (priority: number, weight: number, target: string, port = 5432) => ({ priority, weight, port, target, ttl: 60 })

t.test('SRV gives ports and weights; the group of the lowest priority is used, the others wait', async (t) => {
  const zone = {
    '_pg._tcp.test': {
      SRV: [srv(20, 1, 'c.test'), srv(10, 3, 'a.test', 6001), srv(10, 1, 'b.test', 6002), srv(30, 1, 'd.test')],
    },
    'a.test': a('10.0.0.1'),
    'b.test': a('10.0.0.2', 20),
    'c.test': a('10.0.0.3'),
    'd.test': a('10.0.0.4'),
  }
  const world = await dnsWorld(t, { dns: SRV, zone })
  await world.refreshed(1)
  t.same(world.endpoints, [
    { address: '10.0.0.1:6001', weight: 3, labels: {} },
    { address: '10.0.0.2:6002', weight: 1, labels: {} },
  ])
  t.same(
    world.state.standby.map(({ address }) => address),
    ['10.0.0.3:5432', '10.0.0.4:5432'],
  )
  t.equal(world.state.refreshInMs, 20_000)
})

const WEIGHTS = [
  { name: 'nobody has a weight', records: [srv(1, 0, 'a.test'), srv(1, 0, 'b.test')], weights: [1, 1] },
  { name: 'a weight of 0 gets very little', records: [srv(1, 0, 'a.test'), srv(1, 2, 'b.test')], weights: [1, 200] },
  {
    name: 'a target with two addresses divides its share',
    records: [srv(1, 4, 'a.test'), srv(1, 4, 'two.test')],
    weights: [400, 200, 200],
  },
] as const

for (const { name, records, weights } of WEIGHTS) {
  t.test(`SRV weights: ${name}`, async (t) => {
    const two = {
      A: [
        ['10.0.0.3', 60],
        ['10.0.0.4', 60],
      ],
    } as const
    const zone = { '_pg._tcp.test': { SRV: records }, 'a.test': a('10.0.0.1'), 'b.test': a('10.0.0.2'), 'two.test': two }
    const world = await dnsWorld(t, { dns: SRV, zone })
    await world.refreshed(1)
    t.same(
      world.endpoints?.map(({ weight }) => weight),
      weights,
    )
  })
}

t.test('an SRV group whose targets have no address makes way for the next', async (t) => {
  const zone = { '_pg._tcp.test': { SRV: [srv(1, 1, 'gone.test'), srv(2, 1, 'a.test')] }, 'a.test': a('10.0.0.1') }
  const world = await dnsWorld(t, { dns: SRV, zone })
  await world.refreshed(1)
  t.same(world.lists, [['10.0.0.1:5432']])
  t.equal(world.state.status, 'ready')
})

t.test('the SRV target "." says that there is no such service', async (t) => {
  const world = await dnsWorld(t, { dns: SRV, zone: { '_pg._tcp.test': { SRV: [srv(0, 0, '.')] } } })
  await world.refreshed(1)
  t.equal(world.state.status, 'empty')
})

t.test('SRV is asked again within half a minute: node:dns does not tell its TTL', async (t) => {
  const zone = { '_pg._tcp.test': { SRV: [srv(1, 1, 'a.test')] }, 'a.test': a('10.0.0.1', 3600) }
  const world = await dnsWorld(t, { dns: SRV, zone })
  await world.refreshed(1)
  t.equal(world.state.refreshInMs, 30_000)
})

t.test('SRV names and their targets: search domains apply to the first only', async (t) => {
  const zone = {
    '_pg._tcp.db.shop.svc.cluster.local': { SRV: [srv(1, 1, 'db-0.db')] },
    'db-0.db': a('10.0.0.1'),
    'db-0.db.shop.svc.cluster.local': a('10.0.0.2'),
  }
  const world = await dnsWorld(t, { dns: { ...SRV, name: '_pg._tcp.db' }, files: { 'resolv.conf': POD }, zone })
  await world.refreshed(1)
  t.same(world.lists, [['10.0.0.1:5432']])
})

t.test('an SRV target that cannot be resolved keeps its last address, the others move on', async (t) => {
  const records = { SRV: [srv(1, 1, 'a.test'), srv(1, 1, 'b.test')] }
  const world = await dnsWorld(t, {
    dns: SRV,
    zone: { '_pg._tcp.test': records, 'a.test': a('10.0.0.1'), 'b.test': a('10.0.0.2') },
  })
  await world.refreshed(1)
  world.server.zone['a.test'] = { fail: { A: 'servfail' } }
  world.server.zone['b.test'] = a('10.0.0.3')
  await world.next()
  t.same(world.lists.at(-1), ['10.0.0.1:5432', '10.0.0.3:5432'])
  t.equal(world.state.status, 'stale')
})

t.test('an SRV target that never could be resolved does not hide the others, and is tried again soon', async (t) => {
  const records = { SRV: [srv(1, 1, 'a.test'), srv(1, 1, 'b.test')] }
  const world = await dnsWorld(t, {
    dns: SRV,
    zone: { '_pg._tcp.test': records, 'a.test': { fail: { A: 'servfail' } }, 'b.test': a('10.0.0.2') },
  })
  await world.refreshed(1)
  t.same(world.lists, [['10.0.0.2:5432']])
  t.match(world.state, { status: 'ready', error: 'A a.test: ESERVFAIL', refreshInMs: 750 })
})

t.test('fixed endpoints stand beside those of DNS and do not wait for them', async (t) => {
  const service = dnsService({}, { endpoints: [{ address: '127.0.0.1:9' }] })
  const world = await dnsWorld(t, { service, zone: { 'db.test': a('10.0.0.1') } })
  t.same(world.lists, [['127.0.0.1:9']])
  await world.refreshed(1)
  t.same(world.lists.at(-1), ['127.0.0.1:9', '10.0.0.1:5432'])
})
