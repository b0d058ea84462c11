// Routes of connections, found by the server name of their TLS and by what the caller addresses.
import type { TcpRouteConfig } from '../config/schema/tcp-routes.ts'
import { type Cidr, isBlock, parseCidr } from '../core/address.ts'
import type { RouteProblem } from './compile.ts'
import { HostTable, isHostPattern } from './hosts.ts'
import type { WeightedService } from './route.ts'
import { isFor, type Scope } from './scope.ts'
import { Split } from './split.ts'

export interface TcpRoute<S> {
  readonly id: string
  readonly services: Split<Pick<WeightedService<S>, 'ref' | 'service' | 'subset' | 'weight'>>
  /** -1: as the settings say; 0: no limit. */
  readonly idleMs: number
}

/** What is known of a connection. */
export interface Addressed<S> {
  /** '': none was asked for. */
  readonly serverName: string
  /** The service that it is for; undefined: none that is known. */
  readonly service: S | undefined
  /** '': not known. */
  readonly ip: string
  /** 0: not known. */
  readonly port: number
}

export interface TcpContext<S> {
  resolve(ref: string): S | undefined
  /** All ports of a service, or the one that the reference names. */
  every(ref: string): readonly S[]
  hasSubset(service: S, subset: string): boolean
  random(): number
  /** Left out: whatever routes say of that. */
  readonly scope?: Scope
}

interface Candidate<S> {
  readonly route: TcpRoute<S>
  readonly priority: number
  /** How much it says of the destination: a service, a block, nothing. */
  readonly weight: number
  readonly services: ReadonlySet<S>
  readonly blocks: readonly Cidr[]
  readonly ports: ReadonlySet<number>
}

export class TcpTable<S> {
  readonly #named: HostTable<Candidate<S>[]>
  readonly #any: readonly Candidate<S>[]

  /** Lists in order of precedence. */
  constructor(named: HostTable<Candidate<S>[]>, any: readonly Candidate<S>[]) {
    this.#named = named
    this.#any = any
  }

  match(addressed: Addressed<S>): TcpRoute<S> | undefined {
    if (addressed.serverName !== '' && this.#named.size > 0) {
      for (const candidates of this.#named.all(addressed.serverName, 'https')) {
        const found = candidates.find((candidate) => takes(candidate, addressed))
        if (found !== undefined) return found.route
      }
    }
    return this.#any.find((candidate) => takes(candidate, addressed))?.route
  }
}

/**
 * Precedence: the most specific server name, the highest priority, services before blocks before any destination, then the order of
 * the list. null: there are no routes.
 */
export function compileTcpRoutes<S>(
  routes: readonly TcpRouteConfig[],
  context: TcpContext<S>,
): { table: TcpTable<S> | null; problems: RouteProblem[] } {
  const problems: RouteProblem[] = []
  const hosts = new Map<string, Candidate<S>[]>()
  const any: Candidate<S>[] = []
  routes.forEach((config, index) => {
    if (context.scope !== undefined && !isFor(config, context.scope)) return
    const candidate = compileOne(config, context, (path, message) => problems.push({ route: index, path, message }))
    if (config.hosts.length === 0) any.push(candidate)
    for (const host of new Set(config.hosts.map((name) => name.toLowerCase())))
      if (!hosts.get(host)?.push(candidate)) hosts.set(host, [candidate])
  })
  if (any.length === 0 && hosts.size === 0) return { table: null, problems }
  const named = new HostTable<Candidate<S>[]>()
  for (const [host, candidates] of hosts) named.set(host, candidates.sort(byPrecedence))
  return { table: new TcpTable(named, any.sort(byPrecedence)), problems }
}

function compileOne<S>(
  config: TcpRouteConfig,
  context: TcpContext<S>,
  report: (path: readonly (string | number)[], message: string) => void,
): Candidate<S> {
  config.hosts.forEach((host, i) => {
    if (!isHostPattern(host) || host.includes(':')) report(['hosts', i], `"${host}" is not a server name`)
  })
  const services = config.services.map(({ service: ref, subset = '', weight }, i) => {
    const service = ref === '' ? undefined : context.resolve(ref)
    if (service !== undefined && subset !== '' && !context.hasSubset(service, subset))
      report(['services', i, 'subset'], `the service "${ref}" has no subset "${subset}"`)
    return { ref, service, subset, weight }
  })
  const blocks = config.destinations.filter((text) => isBlock(text))
  const names = config.destinations.filter((text) => !isBlock(text))
  return {
    route: { id: config.name, services: new Split(services, () => context.random()), idleMs: config.idleTimeout ?? -1 },
    priority: config.priority,
    weight: names.length > 0 ? 2 : blocks.length > 0 ? 1 : 0,
    services: new Set(names.flatMap((name) => context.every(name))),
    blocks: blocks.map((text) => parseCidr(text) as Cidr),
    ports: new Set(config.ports),
  }
}

function takes<S>({ weight, services, blocks, ports }: Candidate<S>, { service, ip, port }: Addressed<S>): boolean {
  if (ports.size > 0 && !ports.has(port)) return false
  if (weight === 0) return true
  return (service !== undefined && services.has(service)) || blocks.some((block) => block.contains(ip))
}

function byPrecedence(a: Candidate<unknown>, b: Candidate<unknown>): number {
  return b.priority - a.priority || b.weight - a.weight
}
