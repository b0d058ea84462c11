// What only compiling shows to be wrong with a configuration: for loading, which knows the places.
import type { Finding } from '../config/draft.ts'
import type { Config } from '../config/schema/config.ts'
import type { ServiceConfig } from '../config/schema/services.ts'
import { examinePolicies } from '../policy/examine.ts'
import { compileRoutes } from '../routing/compile.ts'
import { RateLimiters } from '../routing/rate-limit.ts'
import { ServiceIndex } from '../routing/service-index.ts'
import { compileTcpRoutes } from '../routing/tcp-routes.ts'

export function examineConfig({ settings, services, routes, tcpRoutes, policies }: Config): Finding[] {
  const index = new ServiceIndex(
    services.map((service) => [service, service] as const),
    settings.workload.namespace,
  )
  const parts = {
    resolve: (ref: string) => index.get(ref),
    hasSubset: (service: ServiceConfig, subset: string) => service.subsets.some(({ name }) => name === subset),
    random: () => 0,
  }
  const { problems } = compileRoutes(routes, {
    ...parts,
    limiters: new RateLimiters(),
    aliases: (host) => index.aliases(host),
    pathNormalization: settings.pathNormalization,
  })
  const tcp = compileTcpRoutes(tcpRoutes, { ...parts, every: (ref) => index.every(ref) })
  return [
    ...problems.map(({ route, path, message }): Finding => ({ list: 'routes', index: route, path, message })),
    ...tcp.problems.map(({ route, path, message }): Finding => ({ list: 'tcpRoutes', index: route, path, message })),
    ...examinePolicies(policies).map(
      ({ policy, path, message }): Finding => ({ list: 'policies', index: policy, path, message }),
    ),
  ]
}
