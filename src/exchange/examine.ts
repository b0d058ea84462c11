// What only compiling shows to be wrong with a configuration: for loading, which knows the places.
import type { Finding } from '../config/draft.ts'
import type { Config } from '../config/schema/config.ts'
import { examinePolicies } from '../policy/examine.ts'
import { compileRoutes } from '../routing/compile.ts'
import { RateLimiters } from '../routing/rate-limit.ts'
import { ServiceIndex } from '../routing/service-index.ts'

export function examineConfig({ settings, services, routes, policies }: Config): Finding[] {
  const index = new ServiceIndex(
    services.map((service) => [service, service] as const),
    settings.workload.namespace,
  )
  const { problems } = compileRoutes(routes, {
    resolve: (ref) => index.get(ref),
    limiters: new RateLimiters(),
    hasSubset: (service, subset) => service.subsets.some(({ name }) => name === subset),
    aliases: (host) => index.aliases(host),
    pathNormalization: settings.pathNormalization,
    random: () => 0,
  })
  return [
    ...problems.map(({ route, path, message }): Finding => ({ list: 'routes', index: route, path, message })),
    ...examinePolicies(policies).map(
      ({ policy, path, message }): Finding => ({ list: 'policies', index: policy, path, message }),
    ),
  ]
}
