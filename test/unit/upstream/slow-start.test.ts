// Endpoints that get their share little by little.
import t from 'tap'
import { serviceSchema } from '../../../src/config/schema/services.ts'
import type { Endpoint } from '../../../src/upstream/endpoint.ts'
import { SlowStart, type SlowStartConfig, warmthAt } from '../../../src/upstream/slow-start.ts'
import { endpointsOf } from '../../contract/balancer.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { outsideCases } from '../../support/outside-cases.ts'

function configOf(slowStart: Record<string, unknown>): SlowStartConfig {
  return serviceSchema.parse({ name: 'a', port: 80, slowStart }).slowStart as SlowStartConfig
}

interface SlowStartCase {
  readonly id: string
  readonly examples: readonly { readonly elapsedS: number; readonly windowS: number; readonly effective: number }[]
}

for (const { id, examples } of outsideCases(t, 'resilience.json', 'slowStart') as readonly SlowStartCase[]) {
  t.test(`outside case ${id}`, async (t) => {
    for (const { elapsedS, windowS, effective } of examples)
      t.equal(warmthAt(elapsedS * 1000, configOf({ window: `${windowS}s` })), effective, `after ${elapsedS} s`)
  })
}

t.test('more aggression grows faster at the beginning', async (t) => {
  t.equal(warmthAt(15_000, configOf({ window: '60s', aggression: 2 })), 0.5)
})

t.test('an endpoint grows to its whole weight, and then there is no timer', async (t) => {
  const clock = new FakeClock()
  const [endpoint] = endpointsOf([10]) as [Endpoint]
  const slowStart = new SlowStart(configOf({ window: '10s' }), clock)
  slowStart.begin(endpoint)
  t.equal(endpoint.weight, 1)
  clock.advance(5000)
  t.equal(endpoint.weight, 5)
  clock.advance(5000)
  t.equal(endpoint.weight, 10)
  t.equal(clock.timers, 0)
})

t.test('closing it makes all warm', async (t) => {
  const clock = new FakeClock()
  const [endpoint] = endpointsOf([10]) as [Endpoint]
  const slowStart = new SlowStart(configOf({}), clock)
  slowStart.begin(endpoint)
  slowStart.close()
  t.equal(endpoint.weight, 10)
  t.equal(clock.timers, 0)
})
