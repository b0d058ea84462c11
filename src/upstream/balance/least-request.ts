// Fewest active exchanges, as Envoy documents its least request balancer. Equal weights: the better of two drawn at random.
// Otherwise: turns by weight, each counting for more the more is under way.
// hot path: bench/micro/upstream/balance.ts
import type { Clock } from '../../core/clock.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Balancer } from './balancer.ts'
import { ReadyList } from './ready.ts'
import { Schedule } from './schedule.ts'

export function leastRequest(endpoints: readonly Endpoint[], clock: Clock, panicPercent = 0): Balancer {
  return new LeastRequest(endpoints, clock, panicPercent)
}

class LeastRequest implements Balancer {
  readonly #ready: ReadyList
  readonly #schedule = new Schedule(true)
  readonly #clock: Clock

  constructor(endpoints: readonly Endpoint[], clock: Clock, panicPercent: number) {
    this.#ready = new ReadyList(endpoints, panicPercent)
    this.#clock = clock
  }

  pick(exclude?: Endpoint): Endpoint | undefined {
    const ready = this.#ready
    if (ready.refresh() && !ready.even) this.#schedule.reset(ready.endpoints, this.#clock.random())
    if (!ready.even) return this.#schedule.pick(exclude)
    return this.#betterOfTwo(ready.endpoints, exclude)
  }

  /**
   * Two different ones, where Envoy may draw the same twice: of two endpoints, the idle one then always wins over the busy
   * one, not in three of four cases.
   */
  #betterOfTwo(endpoints: readonly Endpoint[], exclude: Endpoint | undefined): Endpoint | undefined {
    const size = endpoints.length
    if (size <= 1) return endpoints[0]
    const i = this.#draw(size)
    let j = this.#draw(size - 1)
    if (j >= i) j++
    let first = endpoints[i] as Endpoint
    let second = endpoints[j] as Endpoint
    if (first === exclude) {
      if (size === 2) return second
      first = endpoints[this.#drawThird(size, i, j)] as Endpoint
    } else if (second === exclude) {
      if (size === 2) return first
      second = endpoints[this.#drawThird(size, i, j)] as Endpoint
    }
    return second.active < first.active ? second : first
  }

  #draw(size: number): number {
    return Math.floor(this.#clock.random() * size)
  }

  /** Any but `i` and `j`. */
  #drawThird(size: number, i: number, j: number): number {
    let k = this.#draw(size - 2)
    if (k >= Math.min(i, j)) k++
    if (k >= Math.max(i, j)) k++
    return k
  }
}
