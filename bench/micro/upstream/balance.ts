// What a pick costs. node bench/micro/upstream/balance.ts; prints ns per pick, median of the runs.
import { systemClock } from '../../../src/core/clock.ts'
import type { MakeBalancer } from '../../../src/upstream/balance/balancer.ts'
import { BALANCERS } from '../../../src/upstream/balance/makers.ts'
import type { Endpoint } from '../../../src/upstream/endpoint.ts'
import { endpointsOf } from '../../../test/contract/balancer.ts'

const RUNS = 9
const PICKS = 200_000
const SIZES = [1, 10, 10_000]

for (const [name, make] of Object.entries(BALANCERS)) {
  for (const weighted of [false, true]) {
    const cells = SIZES.map((size) => `${size}: ${measure(make, size, weighted)}`.padEnd(16))
    console.log(`${name.padEnd(14)}${(weighted ? 'weights 1-5' : 'even').padEnd(14)}${cells.join('')}`)
  }
}

function measure(make: MakeBalancer, size: number, weighted: boolean): string {
  const endpoints = endpointsOf(Array.from({ length: size }, (_, index) => (weighted ? (index % 5) + 1 : 1)))
  const balancer = make(endpoints, systemClock)
  // As in service: 64 exchanges under way.
  const underWay: Endpoint[] = Array.from({ length: 64 }, () => endpoints[0] as Endpoint)
  for (const endpoint of underWay) endpoint.active++
  let turn = 0
  const run = (): void => {
    for (let pick = 0; pick < PICKS; pick++) {
      const picked = balancer.pick() as Endpoint
      picked.active++
      turn = (turn + 1) & 63
      ;(underWay[turn] as Endpoint).active--
      underWay[turn] = picked
    }
  }
  run()
  const times = Array.from({ length: RUNS }, () => timed(run))
  return `${(times.sort((a, b) => a - b)[RUNS >> 1] as number).toFixed(0)} ns`
}

function timed(run: () => void): number {
  const start = performance.now()
  run()
  return ((performance.now() - start) / PICKS) * 1e6
}
