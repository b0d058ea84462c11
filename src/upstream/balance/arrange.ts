// The balancer of a service as its configuration wants it: by what, over which levels.
import type { ServiceConfig } from '../../config/schema/services.ts'
import type { Clock } from '../../core/clock.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Balancer } from './balancer.ts'
import { Levels } from './levels.ts'
import { BALANCERS } from './makers.ts'

type BalanceConfig = Pick<ServiceConfig, 'balance' | 'locality' | 'panicThreshold'>

export interface Arrangement {
  readonly clock: Clock
  /** Where the workload runs; '': unknown. */
  readonly zone: string
}

export function arrange(endpoints: readonly Endpoint[], config: BalanceConfig, { clock, zone }: Arrangement): Balancer {
  const make = BALANCERS[config.balance]
  const groups = byLevel(endpoints, config, zone)
  if (groups.length <= 1) return make(endpoints, clock, config.panicThreshold)
  return new Levels(groups, make, clock, config.panicThreshold)
}

/** The endpoints of each level that has any: by priority, and within a priority by zone, where that matters. */
export function byLevel(
  endpoints: readonly Endpoint[],
  { locality }: Pick<BalanceConfig, 'locality'>,
  zone: string,
): readonly (readonly Endpoint[])[] {
  const order = locality.preferZone && zone !== '' ? [zone, ...locality.failover] : locality.failover
  const levels = new Map<number, Endpoint[]>()
  for (const endpoint of endpoints) {
    const at = order.length === 0 ? 0 : order.indexOf(endpoint.zone ?? '')
    const level = endpoint.priority * (order.length + 1) + (at < 0 ? order.length : at)
    const group = levels.get(level)
    if (group === undefined) levels.set(level, [endpoint])
    else group.push(endpoint)
  }
  return [...levels].sort(([a], [b]) => a - b).map(([, group]) => group)
}
