// Endpoints by priority: those of a lower level get what the levels above it can't bear. A level bears its share of available endpoints
// times 1.4, as Envoy documents priority levels and their panic.
// hot path: bench/micro/upstream/balance.ts
import type { Clock } from '../../core/clock.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Balancer, MakeBalancer } from './balancer.ts'
import type { Hash } from './xxhash.ts'

/** A level with 72 % of its endpoints available still bears everything. */
const OVERPROVISIONING = 1.4
/** Panic whatever is available. */
const ALWAYS = 101

export interface LevelLoads {
  /** Percent; 100 together, or 0 where nothing may be used. */
  readonly loads: readonly number[]
  readonly panic: readonly boolean[]
}

/** `levels`: endpoints and, of these, available ones. */
export function levelLoads(
  levels: readonly { readonly size: number; readonly healthy: number }[],
  panicPercent: number,
): LevelLoads {
  const health = levels.map(({ size, healthy }) =>
    healthy === 0 ? 0 : Math.min(100, Math.max(1, Math.floor((healthy * 100 * OVERPROVISIONING) / size + 1e-9))),
  )
  const total = Math.min(
    100,
    health.reduce((sum, each) => sum + each, 0),
  )
  const isLow = ({ size, healthy }: { size: number; healthy: number }): boolean => size > 0 && healthy * 100 < panicPercent * size
  const panic = levels.map((level) => total < 100 && isLow(level))
  // nothing is available: the first level that may panic bears all of it
  if (total === 0) {
    const first = panic.indexOf(true)
    return { loads: levels.map((_, index) => (index === first ? 100 : 0)), panic }
  }
  let left = 100
  const loads = health.map((each) => {
    const load = Math.min(left, Math.floor((each * 100) / total))
    left -= load
    return load
  })
  const first = health.findIndex((each) => each > 0)
  loads[first] = (loads[first] as number) + left
  return { loads, panic }
}

interface Level {
  readonly endpoints: readonly Endpoint[]
  readonly usual: Balancer
  readonly inPanic: Balancer
}

export class Levels implements Balancer {
  readonly #levels: readonly Level[]
  readonly #clock: Clock
  readonly #panicPercent: number
  #state: LevelLoads = { loads: [], panic: [] }
  #seen = -1

  /** `groups`: the endpoints of each level, the first one first; none is empty. */
  constructor(groups: readonly (readonly Endpoint[])[], make: MakeBalancer, clock: Clock, panicPercent: number) {
    this.#levels = groups.map((endpoints) => ({
      endpoints,
      usual: make(endpoints, clock),
      inPanic: make(endpoints, clock, ALWAYS),
    }))
    this.#clock = clock
    this.#panicPercent = panicPercent
  }

  pick(exclude?: Endpoint, hash?: Hash): Endpoint | undefined {
    this.#refresh()
    const { loads } = this.#state
    let point = hash === undefined ? this.#clock.random() * 100 : hash.lo % 100
    let level = 0
    while (level < loads.length && point >= (loads[level] as number)) point -= loads[level++] as number
    const picked = this.#pickFrom(level, exclude, hash)
    if (picked === undefined || picked !== exclude) return picked
    return this.#elsewhere(level, picked, hash) ?? picked
  }

  #pickFrom(index: number, exclude: Endpoint | undefined, hash: Hash | undefined): Endpoint | undefined {
    const level = this.#levels[index]
    if (level === undefined) return undefined
    return (this.#state.panic[index] === true ? level.inPanic : level.usual).pick(exclude, hash)
  }

  /** The level has none but the excluded one. */
  #elsewhere(level: number, exclude: Endpoint, hash: Hash | undefined): Endpoint | undefined {
    for (let index = 0; index < this.#levels.length; index++) {
      const picked = index === level ? undefined : this.#pickFrom(index, exclude, hash)
      if (picked !== undefined && picked !== exclude) return picked
    }
    return undefined
  }

  #refresh(): void {
    const count = this.#levels[0]?.endpoints[0]?.changes.count ?? 0
    if (count === this.#seen) return
    this.#seen = count
    const counts = this.#levels.map(({ endpoints }) => ({ size: endpoints.length, healthy: endpoints.filter(isUsable).length }))
    this.#state = levelLoads(counts, this.#panicPercent)
  }
}

function isUsable(endpoint: Endpoint): boolean {
  return endpoint.available && endpoint.reachable
}
