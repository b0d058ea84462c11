// How one endpoint of a service is chosen for an attempt: the contract. The table of those who keep it is makers.ts.
import type { Clock } from '../../core/clock.ts'
import type { Endpoint } from '../endpoint.ts'

export interface Balancer {
  /**
   * An available endpoint; another than `exclude` when there is one. undefined: none is available. Changes of `available`
   * and `weight` are noticed; a balancer is made anew only when endpoints come or go.
   */
  pick(exclude?: Endpoint): Endpoint | undefined
}

/** `endpoints` must come from one service: they share their `changes`. */
export type MakeBalancer = (endpoints: readonly Endpoint[], clock: Clock) => Balancer
