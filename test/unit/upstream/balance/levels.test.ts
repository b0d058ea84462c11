// Priorities: how load is split over them, panic, and zones as levels.
import t from 'tap'
import { arrange, byLevel } from '../../../../src/upstream/balance/arrange.ts'
import { Levels, levelLoads } from '../../../../src/upstream/balance/levels.ts'
import { random } from '../../../../src/upstream/balance/random.ts'
import { roundRobin } from '../../../../src/upstream/balance/round-robin.ts'
import { type Endpoint, reconcile, UNHEALTHY } from '../../../../src/upstream/endpoint.ts'
import { endpointsOf, runContract, seededClock, tally } from '../../../contract/balancer.ts'
import { outsideCases } from '../../../support/outside-cases.ts'

runContract(t, (endpoints, clock) => new Levels(endpoints.length === 0 ? [] : [endpoints], random, clock, 0))

interface PriorityCase {
  readonly id: string
  readonly levels: readonly { readonly hosts: number; readonly healthy: number; readonly degraded?: number }[]
  readonly expectLoadPercent: readonly number[]
  readonly expectPanic?: readonly boolean[]
  readonly tolerance?: number
  readonly conflict?: string
}

for (const c of outsideCases(t, 'resilience.json', 'priorityLoad') as readonly PriorityCase[]) {
  // there is no degraded health here
  if (c.conflict !== undefined || c.levels.some(({ degraded }) => degraded !== undefined)) continue
  t.test(`outside case ${c.id}: loads of the levels`, async (t) => {
    const levels = c.levels.map(({ hosts, healthy }) => ({ size: hosts, healthy }))
    const { loads, panic } = levelLoads(levels, 50)
    loads.forEach((load, i) =>
      t.ok(Math.abs(load - (c.expectLoadPercent[i] as number)) <= (c.tolerance ?? 0), `level ${i}: ${load}`),
    )
    if (c.expectPanic !== undefined) t.same(panic, c.expectPanic)
  })
}

function zoned(zones: readonly string[], priorities: readonly number[] = []): Endpoint[] {
  const list = zones.map((zone, i) => ({
    address: `10.0.0.${i + 1}:80`,
    zone,
    weight: 1,
    labels: {},
    priority: priorities[i] ?? 0,
  }))
  return reconcile([], list).endpoints
}

const NEAR = { balance: 'random' as const, locality: { preferZone: true, failover: [] }, panicThreshold: 50 }

t.test('the own zone first, the others in the measure in which it fails', async (t) => {
  const endpoints = zoned(['a', 'a', 'b', 'c'])
  const balancer = arrange(endpoints, NEAR, { clock: seededClock(3), zone: 'a' })
  t.same(tally(balancer, endpoints, 1000).slice(2), [0, 0])
  const [first] = endpoints as [Endpoint]
  first.set(UNHEALTHY, true)
  const counts = tally(balancer, endpoints, 10_000)
  t.equal(counts[0], 0)
  t.ok(Math.abs((counts[1] as number) / 10_000 - 0.7) < 0.02, `70 % stay: ${counts}`)
  endpoints[1]?.set(UNHEALTHY, true)
  const away = tally(balancer, endpoints, 1000)
  t.same(away.slice(0, 2), [0, 0], 'all of it goes elsewhere')
})

t.test('an endpoint that cannot be reached counts as lost for its level', async (t) => {
  const endpoints = zoned(['a', 'b'])
  const balancer = arrange(endpoints, NEAR, { clock: seededClock(3), zone: 'a' })
  ;(endpoints[0] as Endpoint).reachable = false
  t.same(tally(balancer, endpoints, 100), [0, 100])
})

t.test('zones take over in the order of failover, within a priority', async (t) => {
  const endpoints = zoned(['c', 'b', 'a', 'd', 'a'], [0, 0, 0, 0, 1])
  const levels = byLevel(endpoints, { locality: { preferZone: true, failover: ['b'] } }, 'a')
  t.same(
    levels.map((level) => level.map(({ zone, priority }) => `${zone}${priority}`)),
    [['a0'], ['b0'], ['c0', 'd0'], ['a1']],
  )
})

t.test('of a level with one endpoint, the excluded one is replaced from another level', async (t) => {
  const endpoints = zoned(['a', 'b'])
  const balancer = arrange(endpoints, NEAR, { clock: seededClock(3), zone: 'a' })
  t.equal(balancer.pick(endpoints[0]), endpoints[1])
})

t.test('panic: where too few are available, all are used', async (t) => {
  const endpoints = endpointsOf([1, 1, 1, 1, 1, 1])
  const balancer = roundRobin(endpoints, seededClock(1), 50)
  for (const endpoint of endpoints.slice(2)) endpoint.set(UNHEALTHY, true)
  t.ok(
    tally(balancer, endpoints, 600).every((count) => count === 100),
    '2 of 6: all in turn',
  )
  for (const endpoint of endpoints.slice(2, 4)) endpoint.set(UNHEALTHY, false)
  t.same(tally(balancer, endpoints, 400), [100, 100, 100, 100, 0, 0], '4 of 6: only those')
})

t.test('a panic threshold of 0 never panics', async (t) => {
  const endpoints = endpointsOf([1, 1])
  for (const endpoint of endpoints) endpoint.set(UNHEALTHY, true)
  t.equal(roundRobin(endpoints, seededClock(1), 0).pick(), undefined)
})
