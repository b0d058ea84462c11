import t from 'tap'
import { random } from '../../../../src/upstream/balance/random.ts'
import { endpointsOf, runContract, seededClock } from '../../../contract/balancer.ts'

runContract(t, random)

t.test('follows no order: a pick says nothing about the next', async (t) => {
  const endpoints = endpointsOf([1, 1])
  const balancer = random(endpoints, seededClock(8))
  let repeats = 0
  for (let pick = 0, last = balancer.pick(); pick < 10_000; pick++) {
    const next = balancer.pick()
    if (next === last) repeats++
    last = next
  }
  t.ok(Math.abs(repeats - 5000) < 200, `${repeats} of 10000 repeat the one before`)
})
