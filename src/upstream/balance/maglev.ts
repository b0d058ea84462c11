// Maglev (Eisenbud et al., NSDI 2016, §3.4): a table of a prime size in which each endpoint has its share of the entries, by an order of its
// own; a request goes to the entry of its hash. Looked up faster than a ring; a few more requests move when endpoints come or go.
// hot path: bench/micro/upstream/balance.ts
import type { Clock } from '../../core/clock.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Balancer } from './balancer.ts'
import { ByHash, type Places } from './by-hash.ts'
import { type Hash, modulo, xxHash64 } from './xxhash.ts'

/** Envoy's, a prime. */
const TABLE_SIZE = 65_537
/** Entries that are looked at before chance decides: so many misses in a row mean that hardly any endpoint is ready. */
const MOST_CHOICES = 64

export function maglev(endpoints: readonly Endpoint[], clock: Clock, panicPercent = 0): Balancer {
  return new ByHash(endpoints, clock, panicPercent, (all) => new MaglevTable(all, TABLE_SIZE))
}

export class MaglevTable implements Places {
  /** Indexes of endpoints. */
  readonly table: Int32Array
  readonly #endpoints: readonly Endpoint[]

  constructor(endpoints: readonly Endpoint[], size: number) {
    // the same table whatever the order of the list
    this.#endpoints = [...endpoints].sort((a, b) => (a.address < b.address ? -1 : 1))
    this.table = endpoints.length === 0 ? new Int32Array(0) : fill(this.#endpoints, size)
  }

  /** Further choices flip the hash with their number, as Envoy does. */
  nth({ hi, lo }: Hash, n: number): Endpoint | undefined {
    if (this.table.length === 0 || n >= MOST_CHOICES) return undefined
    const flipped = n === 0 ? { hi, lo } : { hi: ~hi >>> 0, lo: (lo ^ -n) >>> 0 }
    return this.#endpoints[this.table[modulo(flipped, this.table.length)] as number]
  }
}

/** Endpoints take turns, by weight; each takes the next free entry of its order. */
function fill(endpoints: readonly Endpoint[], size: number): Int32Array {
  const table = new Int32Array(size).fill(-1)
  const total = endpoints.reduce((sum, { weight }) => sum + weight, 0)
  const shares = Float64Array.from(endpoints, ({ weight }) => weight / total)
  const most = shares.reduce((high, share) => Math.max(high, share), 0)
  const due = new Float64Array(endpoints.length)
  const offsets = Uint32Array.from(endpoints, ({ address }) => modulo(xxHash64(Buffer.from(address), 0), size))
  const skips = Uint32Array.from(endpoints, ({ address }) => modulo(xxHash64(Buffer.from(address), 1), size - 1) + 1)
  let free = size
  for (let turn = 1; free > 0; turn++) {
    for (let index = 0; index < endpoints.length && free > 0; index++) {
      if (turn * (shares[index] as number) < (due[index] as number)) continue
      due[index] = (due[index] as number) + most
      take(table, offsets, skips[index] as number, index)
      free--
    }
  }
  return table
}

/** The next free entry of its order; `next` holds where each of them stands in it. */
function take(table: Int32Array, next: Uint32Array, skip: number, index: number): void {
  let at = next[index] as number
  while (table[at] !== -1) at = (at + skip) % table.length
  table[at] = index
  next[index] = (at + skip) % table.length
}
