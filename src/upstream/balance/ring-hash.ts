// A ring of hashes (ketama): each endpoint stands on it at many points, and a request goes to the first point at or after its own hash. An
// endpoint that comes or goes moves only the requests between its points and those before them. As Envoy builds it, with xxHash64.
// hot path: bench/micro/upstream/balance.ts
import type { Clock } from '../../core/clock.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Balancer } from './balancer.ts'
import { ByHash, type Places } from './by-hash.ts'
import { type Hash, xxHash64 } from './xxhash.ts'

/** Envoy's minimum_ring_size and maximum_ring_size. */
const MIN_SIZE = 1024
const MAX_SIZE = 8_388_608

export function ringHash(endpoints: readonly Endpoint[], clock: Clock, panicPercent = 0): Balancer {
  return new ByHash(endpoints, clock, panicPercent, (all) => new Ring(all, MIN_SIZE, MAX_SIZE))
}

export class Ring implements Places {
  /** Positions in order, and whose they are. */
  readonly #high: Uint32Array
  readonly #low: Uint32Array
  readonly #owners: readonly Endpoint[]

  constructor(endpoints: readonly Endpoint[], minSize: number, maxSize: number) {
    const points = pointsOf(endpoints, minSize, maxSize)
    points.sort((a, b) => a.hash.hi - b.hash.hi || a.hash.lo - b.hash.lo)
    this.#high = Uint32Array.from(points, ({ hash }) => hash.hi)
    this.#low = Uint32Array.from(points, ({ hash }) => hash.lo)
    this.#owners = points.map(({ endpoint }) => endpoint)
  }

  get size(): number {
    return this.#owners.length
  }

  nth(hash: Hash, n: number): Endpoint | undefined {
    const { size } = this
    return n < size ? this.#owners[(this.#first(hash) + n) % size] : undefined
  }

  /** Index of the first point at or after it; the size when there is none. */
  #first({ hi, lo }: Hash): number {
    let from = 0
    let to = this.size
    while (from < to) {
      const middle = (from + to) >>> 1
      const high = this.#high[middle] as number
      if (high < hi || (high === hi && (this.#low[middle] as number) < lo)) from = middle + 1
      else to = middle
    }
    return from
  }
}

interface Point {
  readonly hash: Hash
  readonly endpoint: Endpoint
}

/** The lightest endpoint gets a whole number of points, and all together at least `minSize`, where `maxSize` leaves room for it. */
function pointsOf(endpoints: readonly Endpoint[], minSize: number, maxSize: number): Point[] {
  const total = endpoints.reduce((sum, { weight }) => sum + weight, 0)
  if (total === 0) return []
  const least = endpoints.reduce((low, { weight }) => Math.min(low, weight / total), 1)
  const scale = Math.min(Math.ceil(least * minSize) / least, maxSize)
  const points: Point[] = []
  let wanted = 0
  let made = 0
  for (const endpoint of endpoints) {
    wanted += (scale * endpoint.weight) / total
    for (let i = 0; made < wanted - 1e-9; i++, made++) {
      points.push({ hash: xxHash64(Buffer.from(`${endpoint.address}_${i}`)), endpoint })
    }
  }
  return points
}
