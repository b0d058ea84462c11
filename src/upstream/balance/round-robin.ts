// Each endpoint in turn, or as often as its weight says, without bursts.
// hot path: bench/micro/upstream/balance.ts
import type { Clock } from '../../core/clock.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Balancer } from './balancer.ts'
import { ReadyList } from './ready.ts'
import { Schedule } from './schedule.ts'

export function roundRobin(endpoints: readonly Endpoint[], clock: Clock, panicPercent = 0): Balancer {
  return new RoundRobin(endpoints, clock, panicPercent)
}

class RoundRobin implements Balancer {
  readonly #ready: ReadyList
  readonly #schedule = new Schedule(false)
  readonly #clock: Clock
  #next: number

  constructor(endpoints: readonly Endpoint[], clock: Clock, panicPercent: number) {
    this.#ready = new ReadyList(endpoints, panicPercent)
    this.#clock = clock
    // Sidecars that start together must not all begin with the same endpoint.
    this.#next = Math.floor(clock.random() * endpoints.length)
  }

  pick(exclude?: Endpoint): Endpoint | undefined {
    const ready = this.#ready
    if (ready.refresh() && !ready.even) this.#schedule.reset(ready.endpoints, this.#clock.random())
    if (!ready.even) return this.#schedule.pick(exclude)
    const picked = this.#turn()
    return picked === exclude && ready.endpoints.length > 1 ? this.#turn() : picked
  }

  #turn(): Endpoint | undefined {
    const endpoints = this.#ready.endpoints
    if (this.#next >= endpoints.length) this.#next = 0
    return endpoints[this.#next++]
  }
}
