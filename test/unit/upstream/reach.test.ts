// Endpoints that can't be reached, avoided for a while.
import t from 'tap'
import { roundRobin } from '../../../src/upstream/balance/round-robin.ts'
import type { Endpoint } from '../../../src/upstream/endpoint.ts'
import { Reach } from '../../../src/upstream/reach.ts'
import { endpointsOf, tally } from '../../contract/balancer.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function setUp() {
  const clock = new FakeClock([1])
  const endpoints = endpointsOf([1, 1]) as [Endpoint, Endpoint]
  return { clock, endpoints, reach: new Reach(clock), balancer: roundRobin(endpoints, new FakeClock([0])) }
}

t.test('others are preferred until it is time to try again; each failure doubles that time', async (t) => {
  const { clock, endpoints, reach, balancer } = setUp()
  const [gone] = endpoints
  for (const waitMs of [100, 200, 400, 800, 1600, 3200, 5000, 5000]) {
    reach.failed(gone)
    t.same(tally(balancer, endpoints, 10), [0, 10], `for ${waitMs} ms`)
    clock.advance(waitMs - 1)
    t.notOk(gone.reachable)
    clock.advance(1)
    t.ok(gone.reachable)
  }
})

t.test('failures that began together count once', async (t) => {
  const { clock, endpoints, reach } = setUp()
  for (let i = 0; i < 10; i++) reach.failed(endpoints[0])
  clock.advance(100)
  t.ok(endpoints[0].reachable)
})

t.test('an answer makes it as good as any other', async (t) => {
  const { clock, endpoints, reach } = setUp()
  const [gone] = endpoints
  reach.failed(gone)
  reach.reached(gone)
  t.ok(gone.reachable)
  t.equal(clock.timers, 0)
  reach.failed(gone)
  clock.advance(100)
  t.ok(gone.reachable, 'it begins with the shortest time again')
})

t.test('where none can be reached, all are tried', async (t) => {
  const { endpoints, reach, balancer } = setUp()
  for (const endpoint of endpoints) reach.failed(endpoint)
  t.same(tally(balancer, endpoints, 10), [5, 5])
})
