// Discovery of endpoints, told to the services that have them.
import type { Config } from '../config/schema/config.ts'
import { type Discovery, startDiscovery } from '../discovery/directory.ts'
import type { SidecarParts } from './parts.ts'

export function discover(
  { services }: Config,
  { clock, log, metrics, registry }: Pick<SidecarParts, 'clock' | 'log' | 'metrics' | 'registry'>,
): Discovery {
  return startDiscovery(services, {
    clock,
    log,
    onEndpoints: (key, endpoints) => registry.setEndpoints(key, endpoints),
    onRefresh: ({ name, ok }) => metrics.counter('dnsQueries', { name, result: ok ? 'success' : 'failure' }).add(),
  })
}
