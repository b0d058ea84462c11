// How one endpoint of a service is chosen for an attempt: the contract. The table of those who keep it is makers.ts.
import type { Clock } from '../../core/clock.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Hash } from './xxhash.ts'

export interface Balancer {
  /**
   * An available endpoint; another than `exclude` when there is one. undefined: none is available. Changes of `available`, `reachable`
   * and `weight` are noticed; a balancer is made anew only when endpoints come or go. `hash`: what the request is to be placed by,
   * where a balancer does so; without one, chance.
   */
  pick(exclude?: Endpoint, hash?: Hash): Endpoint | undefined
}

/**
 * `endpoints` must come from one service: they share their `changes`. `panicPercent`: where fewer are available, all are used; 0, or
 * left out: never.
 */
export type MakeBalancer = (endpoints: readonly Endpoint[], clock: Clock, panicPercent?: number) => Balancer
