import t from 'tap'
import { roundRobin } from '../../../../src/upstream/balance/round-robin.ts'
import { endpointsOf, runContract, seededClock, tally } from '../../../contract/balancer.ts'
import { outsideCases } from '../../../support/outside-cases.ts'

runContract(t, roundRobin)

/** The most by which any endpoint's picks within any stretch of `length` picks differ from its share. */
function unevenness(weights: readonly number[], length: number): number {
  const endpoints = endpointsOf(weights)
  const balancer = roundRobin(endpoints, seededClock(42))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const order = new Map(endpoints.map((endpoint, index) => [endpoint, index]))
  const picks = Array.from({ length: 20 * total }, () => order.get(balancer.pick() as (typeof endpoints)[0]) as number)
  let worst = 0
  for (const [index, weight] of weights.entries()) {
    let within = 0
    for (const [at, picked] of picks.entries()) {
      if (picked === index) within++
      if (at >= length && picks[at - length] === index) within--
      if (at >= length) worst = Math.max(worst, Math.abs(within - (length * weight) / total))
    }
  }
  return worst
}

t.test('equals take turns: once each in any stretch as long as the list', async (t) => {
  t.equal(unevenness([1, 1, 1, 1, 1], 5), 0)
})

const BURSTS = [
  { name: 'one heavy among few', weights: [5, 1, 1], lengths: [2, 3, 7] },
  { name: 'one heavy among a hundred', weights: [50, ...Array<number>(100).fill(1)], lengths: [10, 50, 150] },
  { name: 'two kinds', weights: Array.from({ length: 40 }, (_, index) => (index < 20 ? 3 : 1)), lengths: [10, 80] },
]

for (const { name, weights, lengths } of BURSTS) {
  t.test(`no bursts: ${name}`, async (t) => {
    for (const length of lengths)
      t.ok(unevenness(weights, length) < 2, `within ${length} picks`, { worst: unevenness(weights, length) })
  })
}

t.test('begins at a place of its own', async (t) => {
  const endpoints = endpointsOf([1, 1, 1, 1])
  const firsts = new Set(Array.from({ length: 40 }, (_, seed) => roundRobin(endpoints, seededClock(seed)).pick()))
  t.equal(firsts.size, 4)
})

interface WeightedPick {
  readonly id: string
  readonly policy: string
  readonly weights: readonly number[]
}

for (const { id, policy, weights } of outsideCases(t, 'resilience.json', 'weightedPick') as readonly WeightedPick[]) {
  if (!policy.startsWith('round-robin')) continue
  // The order in Envoy's test is that of its own heap; what can be compared is the shares, here over whole cycles.
  t.test(`outside case ${id}: the shares of Envoy's schedule`, async (t) => {
    const endpoints = endpointsOf(weights)
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    const counts = tally(roundRobin(endpoints, seededClock(9)), endpoints, 100 * total)
    for (const [index, weight] of weights.entries()) t.ok(Math.abs((counts[index] as number) - 100 * weight) <= 1)
  })
}
