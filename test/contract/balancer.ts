// What every balancer must keep: one table, run over each of them.
import type { Test } from 'tap'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import type { Balancer, MakeBalancer } from '../../src/upstream/balance/balancer.ts'
import { type Endpoint, reconcile, UNHEALTHY } from '../../src/upstream/endpoint.ts'

/** Chance that is the same in every run (mulberry32). */
export function seededClock(seed: number): Clock {
  let state = seed
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return { ...systemClock, random }
}

/** Endpoints of one service with these weights; the first is 10.0.0.0:80. */
export function endpointsOf(weights: readonly number[]): Endpoint[] {
  const configs = weights.map((weight, index) => ({
    address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:80`,
    weight,
    labels: {},
  }))
  return reconcile([], configs).endpoints
}

/** How often each of `endpoints` is picked in `picks` picks. */
export function tally(balancer: Balancer, endpoints: readonly Endpoint[], picks: number, exclude?: Endpoint): number[] {
  const counts = new Map<Endpoint | undefined, number>()
  for (let pick = 0; pick < picks; pick++) {
    const picked = balancer.pick(exclude)
    counts.set(picked, (counts.get(picked) ?? 0) + 1)
  }
  return endpoints.map((endpoint) => counts.get(endpoint) ?? 0)
}

/** Asserts that the shares agree with the weights to within `tolerance` of the whole, and that nothing else was picked. */
function assertShares(t: Test, counts: readonly number[], weights: readonly number[], tolerance: number): void {
  const picks = counts.reduce((sum, count) => sum + count, 0)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  for (const [index, count] of counts.entries()) {
    const expected = (weights[index] as number) / total
    const share = count / picks
    t.ok(Math.abs(share - expected) <= tolerance, `endpoint ${index} gets ${expected.toFixed(3)} of the picks`, { share })
  }
}

const SHARES = [
  { name: 'shares evenly among equals', weights: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1] },
  { name: 'shares evenly among equals that are heavy', weights: [70, 70, 70] },
  { name: 'shares by weight', weights: [1, 2, 5] },
  { name: 'shares by weight where one is much heavier', weights: [1000, 1, 1, 1] },
  { name: 'shares by weight among many', weights: Array.from({ length: 100 }, (_, index) => (index % 3) + 1) },
]

export function runContract(t: Test, make: MakeBalancer): void {
  t.test('picks nothing where there is nothing', async (t) => {
    t.equal(make([], seededClock(1)).pick(), undefined)
  })

  t.test('picks the only endpoint, even when another would be preferred', async (t) => {
    const [only] = endpointsOf([3])
    const balancer = make([only as Endpoint], seededClock(1))
    t.equal(balancer.pick(), only)
    t.equal(balancer.pick(only), only)
  })

  for (const { name, weights } of SHARES) {
    t.test(name, async (t) => {
      const endpoints = endpointsOf(weights)
      const balancer = make(endpoints, seededClock(7))
      assertShares(t, tally(balancer, endpoints, 100_000), weights, 0.01)
    })
  }

  for (const weights of [
    [1, 1, 1, 1],
    [4, 1, 2, 3],
  ]) {
    runChanges(t, make, weights)
  }

  t.test('finds the one that is available among 10,000', async (t) => {
    const endpoints = endpointsOf(Array.from({ length: 10_000 }, (_, index) => (index % 5) + 1))
    const balancer = make(endpoints, seededClock(3))
    for (const endpoint of endpoints) endpoint.set(UNHEALTHY, endpoint !== endpoints[6789])
    t.equal(balancer.pick(), endpoints[6789])
    t.equal(balancer.pick(endpoints[6789]), endpoints[6789])
  })
}

/** Endpoints that become unavailable, are to be avoided, or go. */
function runChanges(t: Test, make: MakeBalancer, weights: readonly number[]): void {
  const setUp = () => {
    const endpoints = endpointsOf(weights)
    return { endpoints, first: endpoints[0] as Endpoint, balancer: make(endpoints, seededClock(11)) }
  }
  const withoutFirst = [0, ...weights.slice(1)]

  t.test(`weights ${weights.join(', ')}: passes over what is unavailable, and comes back to it`, async (t) => {
    const { endpoints, first, balancer } = setUp()
    tally(balancer, endpoints, 10)
    first.set(UNHEALTHY, true)
    assertShares(t, tally(balancer, endpoints, 50_000), withoutFirst, 0.01)
    first.set(UNHEALTHY, false)
    assertShares(t, tally(balancer, endpoints, 50_000), weights, 0.01)
  })

  t.test(`weights ${weights.join(', ')}: picks nothing while none is available`, async (t) => {
    const { endpoints, first, balancer } = setUp()
    for (const endpoint of endpoints) endpoint.set(UNHEALTHY, true)
    t.equal(balancer.pick(), undefined)
    t.equal(balancer.pick(first), undefined)
    first.set(UNHEALTHY, false)
    t.equal(balancer.pick(), first)
  })

  t.test(`weights ${weights.join(', ')}: prefers any other to the excluded one`, async (t) => {
    const { endpoints, first, balancer } = setUp()
    const counts = tally(balancer, endpoints, 60_000, first)
    t.equal(counts[0], 0)
    assertShares(t, counts, withoutFirst, 0.01)
  })

  t.test(`weights ${weights.join(', ')}: of two, always the other than the excluded one`, async (t) => {
    const endpoints = endpointsOf(weights.slice(0, 2))
    const balancer = make(endpoints, seededClock(5))
    for (const exclude of [0, 1, 1, 0, 0, 1]) {
      t.equal(balancer.pick(endpoints[exclude]), endpoints[1 - exclude])
      t.ok(balancer.pick())
    }
  })

  t.test(`weights ${weights.join(', ')}: follows a change of weight`, async (t) => {
    const { endpoints, first, balancer } = setUp()
    tally(balancer, endpoints, 10)
    first.update({ address: first.address, weight: 8, labels: {} })
    assertShares(t, tally(balancer, endpoints, 50_000), [8, ...weights.slice(1)], 0.01)
  })

  t.test(`weights ${weights.join(', ')}: what is removed is not picked again`, async (t) => {
    const { endpoints, first } = setUp()
    const rest = endpoints.slice(1)
    const counts = tally(make(rest, seededClock(2)), endpoints, 10_000, first)
    t.equal(counts[0], 0)
    assertShares(t, counts, withoutFirst, 0.02)
  })
}
