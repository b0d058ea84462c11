import t from 'tap'
import { dnsWorld } from '../../support/dns-world.ts'
import { eventually } from '../../support/eventually.ts'

const S = 1000

t.test('A and AAAA become endpoints on the port of the service', async (t) => {
  const zone = { 'db.test': { A: [['10.0.0.1', 60]], AAAA: [['2001:db8::1', 30]] } } as const
  const world = await dnsWorld(t, { zone })
  t.equal(world.state.status, 'waiting')
  t.equal(world.endpoints, undefined)
  await world.refreshed(1)
  t.same(world.endpoints, [
    { address: '10.0.0.1:5432', weight: 1, labels: {} },
    { address: '[2001:db8::1]:5432', weight: 1, labels: {} },
  ])
  t.match(world.state, { kind: 'dns', status: 'ready', name: 'db.test', error: '', refreshInMs: 30 * S })
  t.same(world.refreshes, [{ name: 'db.test', ok: true, stale: false }])
})

t.test('a port of its own goes before that of the service', async (t) => {
  const world = await dnsWorld(t, { zone: { 'db.test': { A: [['10.0.0.1', 60]] } }, dns: { port: 6432 } })
  await world.refreshed(1)
  t.same(world.lists, [['10.0.0.1:6432']])
})

t.test('the least TTL on the way counts: of a CNAME before it, too', async (t) => {
  const zone = {
    'db.test': { CNAME: ['one.test', 40] },
    'one.test': { CNAME: ['two.test', 7] },
    'two.test': { A: [['10.0.0.1', 100]] },
  } as const
  const world = await dnsWorld(t, { zone })
  await world.refreshed(1)
  t.equal(world.state.refreshInMs, 7 * S)
})

for (const { name, ttl, dns, expected } of [
  { name: 'raised to minTtl', ttl: 0, dns: { minTtl: '2s' }, expected: 2 * S },
  { name: 'lowered to maxTtl', ttl: 86_400, dns: { maxTtl: '1m' }, expected: 60 * S },
  { name: 'lowered no further than to a pause', ttl: 60, dns: { minTtl: '0', maxTtl: '0' }, expected: 100 },
  { name: 'never so low that asking knows no pause', ttl: 0, dns: { minTtl: '0' }, expected: 100 },
]) {
  t.test(`a TTL is ${name}`, async (t) => {
    const world = await dnsWorld(t, { zone: { 'db.test': { A: [['10.0.0.1', ttl]] } }, dns })
    await world.refreshed(1)
    t.equal(world.state.refreshInMs, expected)
  })
}

t.test('an address that is gone leaves with the next answer, what stays is not told again', async (t) => {
  const world = await dnsWorld(t, {
    zone: {
      'db.test': {
        A: [
          ['10.0.0.1', 5],
          ['10.0.0.2', 5],
        ],
      },
    },
  })
  await world.refreshed(1)
  await world.next()
  t.equal(world.lists.length, 1)
  world.server.zone['db.test'] = {
    A: [
      ['10.0.0.2', 5],
      ['10.0.0.3', 5],
    ],
  }
  await world.next()
  t.same(world.lists.at(-1), ['10.0.0.2:5432', '10.0.0.3:5432'])
})

t.test('the same addresses in another order are no change', async (t) => {
  const world = await dnsWorld(t, {
    zone: {
      'db.test': {
        A: [
          ['10.0.0.1', 5],
          ['10.0.0.2', 5],
        ],
      },
    },
  })
  await world.refreshed(1)
  world.server.zone['db.test'] = {
    A: [
      ['10.0.0.2', 5],
      ['10.0.0.1', 5],
    ],
  }
  await world.next()
  t.equal(world.lists.length, 1)
})

t.test('a name that no longer exists loses its endpoints at once, and is asked for on', async (t) => {
  const world = await dnsWorld(t, { zone: { 'db.test': { A: [['10.0.0.1', 5]] } } })
  await world.refreshed(1)
  delete world.server.zone['db.test']
  await world.next()
  t.same(world.lists.at(-1), [])
  t.match(world.state, { status: 'empty', error: '' })
  world.server.zone['db.test'] = { A: [['10.0.0.9', 5]] }
  await world.next()
  t.same(world.lists.at(-1), ['10.0.0.9:5432'])
  t.match(world.log.messages('warn'), ['db.test has no addresses; trying again'])
})

for (const down of ['servfail', 'refused', 'silence'] as const) {
  t.test(`while DNS fails (${down}), the last good answer is used for maxStale and no longer`, async (t) => {
    const zone = { 'db.test': { A: [['10.0.0.1', 5]] } } as const
    const world = await dnsWorld(t, { zone, dns: { maxStale: '1m' }, families: { ipv4: true, ipv6: false } })
    await world.refreshed(1)
    const expiredAtMs = world.clock.nowMs() + 5 * S
    world.server.down = down
    do {
      const asked = world.server.asked('A db.test')
      const refreshed = world.next()
      if (down === 'silence') {
        // The clock of the queries is ours as well: silence ends when it says so.
        await eventually(() => world.server.asked('A db.test') > asked)
        world.clock.advance(5 * S)
      }
      await refreshed
    } while (world.state.status === 'stale' && world.refreshes.length < 50)
    const staleForMs = world.clock.nowMs() - expiredAtMs
    t.ok(staleForMs >= 60 * S && staleForMs <= (down === 'silence' ? 65 : 60) * S, { staleForMs })
    t.ok(world.refreshes.length > 3)
    t.same(world.lists, [['10.0.0.1:5432'], []])
    t.match(world.state, { status: 'failing', endpoints: [] })
    t.match(world.state.error, /^A db\.test: /)
    world.server.down = undefined
    await world.next()
    t.same(world.lists.at(-1), ['10.0.0.1:5432'])
    t.match(world.state, { status: 'ready', error: '', refreshInMs: 5 * S })
    t.equal(world.log.messages('warn').length, 2)
  })
}

t.test('tries again with back-off, and by chance not in step with others', async (t) => {
  const world = await dnsWorld(t)
  world.server.down = 'refused'
  const delays: number[] = []
  for (let count = 1; count <= 8; count++) {
    await world.refreshed(count)
    delays.push(world.state.refreshInMs as number)
    world.clock.advance(delays.at(-1) as number)
  }
  t.same(delays, [750, 1500, 3000, 6000, 11_250, 11_250, 11_250, 11_250])
})

t.test('tells after the first failure that there is nothing yet', async (t) => {
  const world = await dnsWorld(t, { system: { 'db.test': 'EAI_AGAIN' }, zone: { 'db.test': { fail: { A: 'servfail' } } } })
  await world.refreshed(1)
  t.same(world.lists, [[]])
  t.match(world.state, { status: 'failing', error: 'A db.test: ESERVFAIL' })
  t.same(world.refreshes, [{ name: 'db.test', ok: false, stale: false }])
  t.match(world.log.lines, [
    { level: 'warn', facts: { service: 'db.shop:5432', name: 'db.test', error: 'A db.test: ESERVFAIL' } },
  ])
})

t.test('one family that fails does not take the addresses of the other along', async (t) => {
  const both = { A: [['10.0.0.1', 5]], AAAA: [['2001:db8::1', 5]] } as const
  const world = await dnsWorld(t, { zone: { 'db.test': both } })
  await world.refreshed(1)
  world.server.zone['db.test'] = { A: [['10.0.0.2', 5]], fail: { AAAA: 'servfail' } }
  await world.next()
  t.same(world.lists.at(-1), ['10.0.0.2:5432', '[2001:db8::1]:5432'])
  t.equal(world.state.status, 'stale')
})

t.test('a family that this machine does not reach is not asked for, unless it is all there is', async (t) => {
  const zone = { 'db.test': { A: [['10.0.0.1', 5]], AAAA: [['2001:db8::1', 5]] } } as const
  const world = await dnsWorld(t, { zone, families: { ipv4: true, ipv6: false } })
  await world.refreshed(1)
  t.same(world.lists, [['10.0.0.1:5432']])
  t.same(world.server.questions, ['A db.test'])
  world.server.zone['db.test'] = { AAAA: [['2001:db8::1', 5]] }
  await world.next()
  t.same(world.lists.at(-1), ['[2001:db8::1]:5432'])
})

t.test('never asks twice at once', async (t) => {
  const world = await dnsWorld(t, { zone: { 'db.test': { A: [['10.0.0.1', 5]], fail: { AAAA: 'silence' } } } })
  await eventually(() => world.server.asked('AAAA db.test') > 0)
  world.clock.advance(4 * S)
  t.equal(world.server.asked('A db.test'), 1)
  world.clock.advance(1 * S)
  await world.refreshed(1)
  t.same(world.lists, [['10.0.0.1:5432']])
})

t.test('tells nothing and sets no timer after it was closed', async (t) => {
  const world = await dnsWorld(t, { zone: { 'db.test': { A: [['10.0.0.1', 5]], fail: { AAAA: 'silence' } } } })
  await eventually(() => world.server.asked('AAAA db.test') > 0)
  world.discovery.close()
  await eventually(() => world.clock.timers === 0)
  t.same(world.lists, [])
  t.same(world.refreshes, [])
})
