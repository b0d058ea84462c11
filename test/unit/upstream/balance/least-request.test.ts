import t from 'tap'
import { type Clock, systemClock } from '../../../../src/core/clock.ts'
import { leastRequest } from '../../../../src/upstream/balance/least-request.ts'
import type { Endpoint } from '../../../../src/upstream/endpoint.ts'
import { endpointsOf, runContract, seededClock, tally } from '../../../contract/balancer.ts'
import { outsideCases } from '../../../support/outside-cases.ts'

runContract(t, leastRequest)

function withActive(weights: readonly number[], active: readonly number[]): Endpoint[] {
  const endpoints = endpointsOf(weights)
  for (const [index, endpoint] of endpoints.entries()) endpoint.active = active[index] as number
  return endpoints
}

t.test('of two equals, the idle one always wins', async (t) => {
  const endpoints = withActive([1, 1], [1, 0])
  t.same(tally(leastRequest(endpoints, seededClock(1)), endpoints, 1000), [0, 1000])
})

t.test('the busiest of many is never chosen', async (t) => {
  const endpoints = withActive([1, 1, 1, 1, 1], [9, 1, 1, 1, 1])
  t.equal(tally(leastRequest(endpoints, seededClock(1)), endpoints, 5000)[0], 0)
})

t.test('chooses by load among the others when one is excluded', async (t) => {
  const endpoints = withActive([1, 1, 1], [0, 4, 2])
  t.same(tally(leastRequest(endpoints, seededClock(1)), endpoints, 1000, endpoints[0]), [0, 0, 1000])
})

for (const weights of [
  [1, 1, 1],
  [1, 2, 3],
]) {
  t.test(`weights ${weights.join(', ')}: an endpoint that never answers is left alone soon`, async (t) => {
    const endpoints = endpointsOf(weights)
    const balancer = leastRequest(endpoints, seededClock(4))
    const silent = endpoints[0] as Endpoint
    for (let request = 0; request < 1000; request++) {
      const picked = balancer.pick() as Endpoint
      if (picked === silent) silent.active++
    }
    t.ok(silent.active < 30, `${silent.active} of 1000 requests wait`)
  })
}

interface LeastCase {
  readonly id: string
  readonly activeRequests: readonly number[] | number
  readonly choiceCount?: number
  readonly randomDraws?: readonly number[]
  readonly pick?: number
}

/** Makes `betterOfTwo` draw exactly these two indexes of `size`. */
function drawing([i, j]: readonly [number, number], size: number): Clock {
  const chances = [i / size, (j > i ? j - 1 : j) / (size - 1)]
  return { ...systemClock, random: () => chances.shift() as number }
}

const leastCases = outsideCases(t, 'resilience.json', 'leastRequest') as readonly LeastCase[]
for (const { id, activeRequests, choiceCount, randomDraws, pick } of leastCases) {
  // Ours draws two, and never the same one twice; the formula is that of the weighted cases below.
  if (randomDraws === undefined || typeof activeRequests === 'number' || choiceCount !== 2) continue
  const size = activeRequests.length
  const drawn = randomDraws.map((draw) => draw % size) as [number, number]
  if (drawn[0] === drawn[1]) continue
  t.test(`outside case ${id}: fewest active wins`, async (t) => {
    const endpoints = withActive(Array<number>(size).fill(1), activeRequests)
    t.equal(leastRequest(endpoints, drawing(drawn, size)).pick(), endpoints[pick as number])
  })
}

interface WeightedPick {
  readonly id: string
  readonly policy: string
  readonly weights: readonly number[]
  readonly picks: readonly number[]
  readonly note: string
}

for (const { id, policy, weights, note } of outsideCases(t, 'resilience.json', 'weightedPick') as readonly WeightedPick[]) {
  if (!policy.startsWith('least-request')) continue
  t.test(`outside case ${id}: ${policy}: ${note}`, async (t) => {
    const [, host, active] = /host (\d+) has (\d+) active/.exec(policy) ?? []
    const endpoints = endpointsOf(weights)
    if (host !== undefined) (endpoints[Number(host)] as Endpoint).active = Number(active)
    const [high, low] = tally(leastRequest(endpoints, seededClock(6)), endpoints, 3000).sort((a, b) => b - a)
    const [highDue, lowDue] = note.split(':').map(Number)
    t.ok(Math.abs((high as number) / (low as number) - (highDue as number) / (lowDue as number)) < 0.01, { high, low })
  })
}
