// Any endpoint, with a chance in proportion to its weight.
// hot path: bench/micro/upstream/balance.ts
import type { Clock } from '../../core/clock.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Balancer } from './balancer.ts'
import { ReadyList } from './ready.ts'

export function random(endpoints: readonly Endpoint[], clock: Clock, panicPercent = 0): Balancer {
  return new Random(endpoints, clock, panicPercent)
}

class Random implements Balancer {
  readonly #ready: ReadyList
  readonly #clock: Clock
  /** Sums of the weights up to and including each endpoint; empty where all weigh the same. */
  #sums = new Float64Array(0)

  constructor(endpoints: readonly Endpoint[], clock: Clock, panicPercent: number) {
    this.#ready = new ReadyList(endpoints, panicPercent)
    this.#clock = clock
  }

  pick(exclude?: Endpoint): Endpoint | undefined {
    const ready = this.#ready
    if (ready.refresh()) this.#sums = ready.even ? new Float64Array(0) : sumUp(ready.endpoints)
    const endpoints = ready.endpoints
    const size = endpoints.length
    if (size <= 1) return endpoints[0]
    const drawn = ready.even ? Math.floor(this.#clock.random() * size) : this.#drawByWeight()
    if (endpoints[drawn] !== exclude) return endpoints[drawn]
    return endpoints[ready.even ? (drawn + 1 + Math.floor(this.#clock.random() * (size - 1))) % size : this.#drawBeside(drawn)]
  }

  #drawByWeight(): number {
    const sums = this.#sums
    return indexAt(sums, this.#clock.random() * (sums[sums.length - 1] as number))
  }

  /** Any but `excluded`, the others still by their weight: its stretch of the sums is left out. */
  #drawBeside(excluded: number): number {
    const sums = this.#sums
    const from = excluded === 0 ? 0 : (sums[excluded - 1] as number)
    const weight = (sums[excluded] as number) - from
    const point = this.#clock.random() * ((sums[sums.length - 1] as number) - weight)
    return indexAt(sums, point < from ? point : point + weight)
  }
}

function sumUp(endpoints: readonly Endpoint[]): Float64Array<ArrayBuffer> {
  const sums = new Float64Array(endpoints.length)
  let sum = 0
  for (let index = 0; index < endpoints.length; index++) {
    sum += (endpoints[index] as Endpoint).weight
    sums[index] = sum
  }
  return sums
}

/** The first index whose sum lies above `point`. */
function indexAt(sums: Float64Array, point: number): number {
  let low = 0
  let high = sums.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sums[middle] as number) > point) high = middle
    else low = middle + 1
  }
  return low
}
