// All that the data path reads of the configuration, compiled and immutable. Replaced whole: an exchange keeps to the one it began with.
import type { Config } from '../config/schema/config.ts'
import type { ServiceConfig } from '../config/schema/services.ts'
import { canonicalIp, formatHostPort } from '../core/address.ts'
import { atOnce, type Steps } from '../core/steps.ts'
import { compilePolicies, type Policies } from '../policy/families.ts'
import { type Authentication, compileAuthentication, type TokenTools } from '../policy/jwt/authentication.ts'
import { MtlsModes } from '../policy/mtls.ts'
import type { Isolation } from '../policy/network/isolation.ts'
import { compileIsolation } from '../policy/network/network.ts'
import { compileRoutes, compileRoutesInSteps, type RouteProblem } from '../routing/compile.ts'
import { compileGateways, type Gateways, gatewayKey } from '../routing/gateways.ts'
import { RateLimiters } from '../routing/rate-limit.ts'
import { ServiceIndex } from '../routing/service-index.ts'
import type { RouteTable } from '../routing/table.ts'
import { compileTcpRoutes, type TcpTable } from '../routing/tcp-routes.ts'
import type { Party } from '../telemetry/outcome.ts'
import { partyOf } from '../telemetry/party.ts'
import { Callers } from './callers.ts'
import { OwnAddresses } from './own-addresses.ts'
import { ServerFirst } from './server-first.ts'

/** A service as routing knows it. `runtime` is what carries traffic to it; for `explain` there is none. */
export interface Destination<S> {
  readonly config: ServiceConfig
  /** The name that all of its names can be told by, 'name.namespace:port'. */
  readonly authority: string
  readonly party: Party
  readonly runtime: S
}

export interface Snapshot<S> {
  readonly id: number
  readonly config: Config
  /** By every name that callers use. */
  readonly services: ServiceIndex<Destination<S>>
  /** By the virtual addresses that stand for them, '10.96.0.1:80'. */
  readonly addresses: ReadonlyMap<string, Destination<S>>
  readonly routes: RouteTable<Destination<S>>
  /** Of calls to the workload; null: there are none. */
  readonly inboundRoutes: RouteTable<Destination<S>> | null
  /** null: there are none. */
  readonly tcpRoutes: TcpTable<Destination<S>> | null
  readonly gateways: Gateways<Destination<S>>
  readonly policies: Policies
  /** Whose tokens are believed; null: nobody's are looked at. */
  readonly authentication: Authentication | null
  /** Which endpoints this workload may reach; null: all. */
  readonly egress: Isolation | null
  readonly mtls: MtlsModes
  /** This workload, as telemetry names it. */
  readonly own: Party
  /** The same for callers by mutual TLS, who have seen its certificate. */
  readonly ownVerified: Party
  readonly callers: Callers
  readonly ownAddresses: OwnAddresses
  readonly serverFirst: ServerFirst
}

export interface CompileOptions<S> {
  readonly id: number
  readonly runtime: (config: ServiceConfig) => S
  readonly random: () => number
  /** Buckets that live on from snapshot to snapshot; left out: new ones. */
  readonly limiters?: RateLimiters
  /** Every gateway there is, rather than those that the settings listen for. */
  readonly allGateways?: boolean
  /** URI of the own certificate; left out: there is none. */
  readonly principal?: string
  /** Whoever compares policies wants to see every request. */
  readonly watched?: boolean
  /** What verifies tokens; left out: nothing does, as for `explain`. */
  readonly tokens?: TokenTools | undefined
}

function destinationsOf<S>(
  services: readonly ServiceConfig[],
  runtime: CompileOptions<S>['runtime'],
): (readonly [ServiceConfig, Destination<S>])[] {
  return services.map((service) => {
    const { name, namespace } = service
    const host = `${name}.${namespace}.svc.cluster.local`
    const party = partyOf({ name, namespace, labels: { app: name } }, { host, name, namespace })
    const authority = `${name}.${namespace}:${service.port}`
    return [service, { config: service, authority, party, runtime: runtime(service) }] as const
  })
}

/** As `compileInSteps`, at once. */
export function compileSnapshot<S>(config: Config, options: CompileOptions<S>): Snapshot<S> {
  return atOnce(compileInSteps(config, options))
}

/** Throws when a route does not compile; loading has reported that before. */
export function* compileInSteps<S>(config: Config, options: CompileOptions<S>): Steps<Snapshot<S>> {
  const {
    id,
    runtime,
    random,
    principal = '',
    allGateways = false,
    watched = false,
    tokens,
    limiters = new RateLimiters(),
  } = options
  const { settings } = config
  const { workload } = settings
  const entries = destinationsOf(config.services, runtime)
  yield
  const services = new ServiceIndex<Destination<S>>(entries, workload.namespace)
  const addresses = new Map(
    entries.flatMap(([service, found]) => service.addresses.map((ip) => [formatHostPort(canonicalIp(ip), service.port), found])),
  )
  yield
  const parts = {
    resolve: (ref: string) => services.get(ref),
    hasSubset: ({ config: service }: Destination<S>, subset: string) => service.subsets.some(({ name }) => name === subset),
    pathNormalization: settings.pathNormalization,
    limiters,
    random,
  }
  const scope = { kind: 'mesh', namespace: workload.namespace, labels: workload.labels } as const
  const { table, problems } = yield* compileRoutesInSteps(config.routes, {
    ...parts,
    aliases: (host) => services.aliases(host),
    scope,
  })
  if (problems[0] !== undefined) throw new Error(wordsFor(problems[0]))
  yield
  const policies = compilePolicies(config, watched)
  yield
  const { own, ownVerified } = ownParties(workload, principal)
  return {
    id,
    config,
    services,
    addresses,
    routes: table,
    inboundRoutes: config.routes.some(({ at }) => at === 'inbound')
      ? compileRoutes(config.routes, { ...parts, aliases: (name) => services.aliases(name), scope: { kind: 'inbound' } }).table
      : null,
    tcpRoutes: compileTcpRoutes(config.tcpRoutes, { ...parts, every: (ref) => services.every(ref), scope }).table,
    gateways: compileGateways(config, allGateways ? undefined : listenedGateways(settings), parts),
    policies,
    authentication: compileAuthentication(config, tokens),
    mtls: new MtlsModes(config),
    egress: compileIsolation(config, 'egress'),
    own,
    ownVerified,
    callers: new Callers(config.workloads),
    ownAddresses: new OwnAddresses(listenedAddresses(settings), doorsOf(settings)),
    serverFirst: new ServerFirst(config.services),
  }
}

/** This workload without and with its certificate. */
function ownParties(workload: Config['settings']['workload'], principal: string): { own: Party; ownVerified: Party } {
  const app = workload.labels['app'] ?? workload.name
  const host = `${app}.${workload.namespace}.svc.cluster.local`
  const service = { host, name: app, namespace: workload.namespace }
  return { own: partyOf(workload, service), ownVerified: partyOf({ ...workload, principal }, service) }
}

function wordsFor({ route, path, message }: RouteProblem): string {
  return `routes[${route}].${path.join('.')}: ${message}`
}

function listenedAddresses({ listeners }: Config['settings']): string[] {
  return Object.values(listeners)
    .flat()
    .map(({ listen }) => listen)
}

function doorsOf({ admin, telemetry }: Config['settings']): string[] {
  return [admin?.listen, telemetry?.listen].filter((address) => address !== undefined)
}

function listenedGateways({ listeners }: Config['settings']): Set<string> {
  return new Set(listeners.gateway.map(({ gateway, port }) => gatewayKey(gateway, port)))
}
