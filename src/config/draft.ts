// What documents say before it is checked against each other: every part with the place that it came from.
import { plainService } from './plain-service.ts'
import type { Path, Place } from './problem.ts'
import type { References } from './reference.ts'
import type { Config } from './schema/config.ts'
import type { GatewayConfig } from './schema/gateways.ts'
import type { PolicyConfig } from './schema/policies.ts'
import type { RouteConfig } from './schema/routes.ts'
import type { ServiceConfig } from './schema/services.ts'
import type { Settings } from './schema/settings.ts'
import type { TcpRouteConfig } from './schema/tcp-routes.ts'
import type { TestConfig } from './schema/tests.ts'
import type { TokenConfig } from './schema/tokens.ts'

export interface Located<T> {
  readonly value: T
  /** How the part is called in messages: 'services[2]', 'Service shop/cart'. */
  readonly label: string
  /** Place of what stands at a path within the part. */
  readonly at: (path: Path) => Place
}

export interface Draft {
  readonly settings: Located<Settings>
  /** A document says something of them. */
  readonly hasSettings: boolean
  readonly services: readonly Located<ServiceConfig>[]
  readonly references: References
  readonly routes: readonly Located<RouteConfig>[]
  readonly tcpRoutes: readonly Located<TcpRouteConfig>[]
  readonly policies: readonly Located<PolicyConfig>[]
  readonly tokens: readonly Located<TokenConfig>[]
  readonly gateways: readonly Located<GatewayConfig>[]
  readonly tests: readonly Located<TestConfig>[]
  readonly workloads: Config['workloads']
  readonly namespaces: Config['namespaces']
  readonly networkPolicies: Config['networkPolicies']
  readonly peerAuthentications: Config['peerAuthentications']
}

/** Something wrong that only shows when a Config is compiled, said of an entry of one of its lists. */
export interface Finding {
  readonly list: 'services' | 'routes' | 'tcpRoutes' | 'policies' | 'tests'
  readonly index: number
  /** Within the entry. */
  readonly path: Path
  readonly message: string
}

export function configOf(draft: Draft): Config {
  const { workloads, namespaces, networkPolicies, peerAuthentications } = draft
  const services = draft.services.map(({ value }) => value)
  const routes = draft.routes.map(({ value }) => value)
  const tcpRoutes = draft.tcpRoutes.map(({ value }) => value)
  const tokens = draft.tokens.map(({ value }) => value)
  const policies = draft.policies.map(({ value }) => value)
  const gateways = draft.gateways.map(({ value }) => value)
  return {
    settings: draft.settings.value,
    services,
    plain: plainService(),
    routes,
    tcpRoutes,
    policies,
    tokens,
    gateways,
    workloads,
    namespaces,
    networkPolicies,
    peerAuthentications,
  }
}
