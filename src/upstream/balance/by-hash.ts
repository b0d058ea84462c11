// What ring_hash and maglev share: requests that are to be placed by a hash are, others by chance; who was placed with an endpoint that is
// not ready goes elsewhere, and nobody else moves.
// hot path: bench/micro/upstream/balance.ts
import type { Clock } from '../../core/clock.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Balancer } from './balancer.ts'
import { random } from './random.ts'
import { ReadyList } from './ready.ts'
import type { Hash } from './xxhash.ts'

/** Places by hash, over all endpoints, whatever their state. */
export interface Places {
  /** The endpoint of the nth choice, from 0; undefined: there are no more. */
  nth(hash: Hash, n: number): Endpoint | undefined
}

export class ByHash implements Balancer {
  readonly #endpoints: readonly Endpoint[]
  readonly #places: (endpoints: readonly Endpoint[]) => Places
  readonly #ready: ReadyList
  readonly #chance: Balancer
  readonly #isReady = new Set<Endpoint>()
  #made: Places | undefined
  #weights = ''

  constructor(
    endpoints: readonly Endpoint[],
    clock: Clock,
    panicPercent: number,
    places: (endpoints: readonly Endpoint[]) => Places,
  ) {
    this.#endpoints = endpoints
    this.#places = places
    this.#ready = new ReadyList(endpoints, panicPercent)
    this.#chance = random(endpoints, clock, panicPercent)
  }

  pick(exclude?: Endpoint, hash?: Hash): Endpoint | undefined {
    if (hash === undefined) return this.#chance.pick(exclude)
    if (this.#ready.refresh()) this.#renew()
    const ready = this.#isReady
    const places = this.#made as Places
    if (ready.size === 0) return undefined
    const avoid = ready.size > 1 ? exclude : undefined
    for (let n = 0; ; n++) {
      const endpoint = places.nth(hash, n)
      if (endpoint === undefined) return this.#chance.pick(exclude)
      if (endpoint !== avoid && ready.has(endpoint)) return endpoint
    }
  }

  #renew(): void {
    this.#isReady.clear()
    for (const endpoint of this.#ready.endpoints) this.#isReady.add(endpoint)
    const weights = this.#endpoints.map(({ weight }) => weight).join()
    if (this.#made !== undefined && weights === this.#weights) return
    this.#weights = weights
    this.#made = this.#places(this.#endpoints)
  }
}
