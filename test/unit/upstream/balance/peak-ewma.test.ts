// Least expected latency: the contract of all balancers, and that the slow get less.
import t from 'tap'
import { observeLatency, peakEwma } from '../../../../src/upstream/balance/peak-ewma.ts'
import type { Endpoint } from '../../../../src/upstream/endpoint.ts'
import { endpointsOf, runContract, tally } from '../../../contract/balancer.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { Seeded } from '../../../support/seeded.ts'

runContract(t, peakEwma)

function setUp() {
  const clock = new FakeClock()
  const chance = new Seeded(1)
  clock.random = () => chance.below(1_000_000) / 1_000_000
  const endpoints = endpointsOf([1, 1, 1])
  const [slow, ...quick] = endpoints as [Endpoint, Endpoint, Endpoint]
  return { clock, endpoints, slow, quick, balancer: peakEwma(endpoints, clock) }
}

t.test('a slow endpoint is only picked where it is drawn twice, and that does not count', async (t) => {
  const { clock, endpoints, slow, quick, balancer } = setUp()
  observeLatency(slow, 500, clock.nowMs())
  for (const endpoint of quick) observeLatency(endpoint, 5, clock.nowMs())
  const [slowPicks] = tally(balancer, endpoints, 3000)
  t.ok((slowPicks as number) < 3000 / 8, `${slowPicks} of 3000`)
})

t.test('what is under way counts', async (t) => {
  const { clock, endpoints, slow, quick, balancer } = setUp()
  for (const endpoint of endpoints) observeLatency(endpoint, 5, clock.nowMs())
  for (const endpoint of quick) endpoint.active = 9
  const [picks] = tally(balancer, endpoints, 3000)
  t.ok((picks as number) > 3000 / 2, `${picks} of 3000 go to the idle one`)
  t.equal(slow.active, 0)
})

t.test('a peak is believed at once, and fades', async (t) => {
  const { clock, slow } = setUp()
  observeLatency(slow, 10, clock.nowMs())
  observeLatency(slow, 1000, clock.nowMs())
  t.equal(slow.latencyMs, 1000)
  clock.advance(10_000)
  observeLatency(slow, 10, clock.nowMs())
  t.ok(slow.latencyMs > 370 && slow.latencyMs < 380, `after the decay time, 1/e of it: ${slow.latencyMs}`)
})
