// A Config of settings alone, as if no resource stood beside them.
import { plainService } from '../../src/config/plain-service.ts'
import { policyOf } from '../../src/config/policy-entries.ts'
import type { Config } from '../../src/config/schema/config.ts'
import { settingsSchema } from '../../src/config/schema/settings.ts'

/** `settings` as a user writes them. */
export function configOf(settings: Record<string, unknown>, more: Partial<Config> = {}): Config {
  const parsed = settingsSchema.parse(settings)
  const { services, routes, tcpRoutes, gateways } = parsed
  return {
    settings: parsed,
    services,
    plain: plainService(),
    routes,
    tcpRoutes,
    gateways,
    tokens: parsed.tokens,
    policies: parsed.policies.map(policyOf),
    networkPolicies: [],
    peerAuthentications: [],
    workloads: [],
    namespaces: [],
    ...more,
  }
}
