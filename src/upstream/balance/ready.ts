// The endpoints that may be chosen now, looked through again only after one of them has changed.
// hot path: bench/micro/upstream/balance.ts
import type { Endpoint } from '../endpoint.ts'

export class ReadyList {
  /** Those available, or in panic all; of these, those that can be reached, if any; in the order given. */
  readonly endpoints: Endpoint[] = []
  /** They all weigh the same. */
  even = true
  readonly #all: readonly Endpoint[]
  readonly #panicPercent: number
  #seen = -1

  constructor(all: readonly Endpoint[], panicPercent = 0) {
    this.#all = all
    this.#panicPercent = panicPercent
  }

  /** Brings it up to date; true when anything may have changed. */
  refresh(): boolean {
    const count = this.#all.length === 0 ? 0 : (this.#all[0] as Endpoint).changes.count
    if (count === this.#seen) return false
    this.#seen = count
    this.endpoints.length = 0
    const panic = isPanic(this.#all, this.#panicPercent)
    for (const endpoint of this.#all) if ((panic || endpoint.available) && endpoint.reachable) this.endpoints.push(endpoint)
    // where none can be reached, somebody has to try
    if (this.endpoints.length === 0)
      for (const endpoint of this.#all) if (panic || endpoint.available) this.endpoints.push(endpoint)
    const first = this.endpoints[0]
    this.even = this.endpoints.every((endpoint) => endpoint.weight === first?.weight)
    return true
  }
}

/** So few are available that they could not bear what is meant for all: then all are used (Envoy's panic threshold). */
function isPanic(all: readonly Endpoint[], percent: number): boolean {
  if (percent === 0) return false
  let available = 0
  for (const endpoint of all) if (endpoint.available) available++
  return available * 100 < percent * all.length
}
