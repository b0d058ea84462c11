// Listeners of gateways as the data path finds them: by the gateway's port, then by the host or server name that a caller asks for. Each
// has routes of its own, so that those of one listener are never asked for what is another's.
// hot path: bench/micro/routing/table.ts
import type { GatewayConfig } from '../config/schema/gateways.ts'
import type { RouteConfig } from '../config/schema/routes.ts'
import { compileRoutes, type RouteContext } from './compile.ts'
import { AuthorityCache, HostTable } from './hosts.ts'
import type { RouteTable } from './table.ts'

type ListenerConfig = GatewayConfig['listeners'][number]

export interface GatewayListener<S> {
  /** namespace/name/listener */
  readonly id: string
  readonly config: ListenerConfig
  readonly routes: RouteTable<S>
}

export class GatewayPort<S> {
  /** `tls`: connections begin with a ClientHello, whose server name chooses the listener. */
  readonly kind: 'http' | 'tls' | 'tcp'
  readonly #listeners: AuthorityCache<GatewayListener<S> | null>

  constructor(listeners: readonly GatewayListener<S>[]) {
    const protocol = listeners[0]?.config.protocol ?? 'http'
    this.kind = protocol === 'https' ? 'tls' : protocol
    const hosts = new HostTable<GatewayListener<S>>()
    for (const listener of listeners) hosts.set(listener.config.host ?? '*', listener)
    this.#listeners = new AuthorityCache(hosts.size, (authority, scheme) => hosts.all(authority, scheme)[0] ?? null)
  }

  /** The most specific listener for a host or server name; '' asks for the one that takes any. */
  listener(authority: string): GatewayListener<S> | undefined {
    return this.#listeners.get(authority, 'http') ?? undefined
  }
}

/** By 'namespace/name:port'. */
export type Gateways<S> = ReadonlyMap<string, GatewayPort<S>>

export function gatewayKey(gateway: string, port: number): string {
  return `${gateway}:${port}`
}

/** `wanted`: keys of those to compile; undefined: all. Mistakes of routes have been reported by whoever compiled them before. */
export function compileGateways<S>(
  { gateways, routes }: { readonly gateways: readonly GatewayConfig[]; readonly routes: readonly RouteConfig[] },
  wanted: ReadonlySet<string> | undefined,
  context: Omit<RouteContext<S>, 'aliases' | 'scope'>,
): Gateways<S> {
  const found = new Map<string, GatewayPort<S>>()
  for (const { name, namespace, listeners } of gateways) {
    const gateway = `${namespace}/${name}`
    for (const port of new Set(listeners.map((listener) => listener.port))) {
      const key = gatewayKey(gateway, port)
      if (wanted !== undefined && !wanted.has(key)) continue
      const own = listeners.filter((listener) => listener.port === port)
      found.set(key, new GatewayPort(own.map((config) => compileListener(`${gateway}/${config.name}`, config, routes, context))))
    }
  }
  return found
}

function compileListener<S>(
  id: string,
  config: ListenerConfig,
  routes: readonly RouteConfig[],
  context: Omit<RouteContext<S>, 'aliases' | 'scope'>,
): GatewayListener<S> {
  // who calls from outside knows no service by its other names
  const own = { ...context, aliases: (host: string) => [host], scope: { kind: 'gateway', name: id } as const }
  return { id, config, routes: compileRoutes(routes, own).table }
}
