// Listeners of gateways as the data path finds them: by the gateway's port, then by the host or server name that a caller asks for. Each
// has routes of its own, so that those of one listener are never asked for what is another's.
// hot path: bench/micro/routing/table.ts
import type { GatewayConfig } from '../config/schema/gateways.ts'
import type { RouteConfig } from '../config/schema/routes.ts'
import type { TcpRouteConfig } from '../config/schema/tcp-routes.ts'
import { compileRoutes, type RouteContext } from './compile.ts'
import { AuthorityCache, HostTable } from './hosts.ts'
import type { RouteTable } from './table.ts'
import { compileTcpRoutes, type TcpTable } from './tcp-routes.ts'

type ListenerConfig = GatewayConfig['listeners'][number]

export interface GatewayListener<S> {
  /** namespace/name/listener */
  readonly id: string
  readonly config: ListenerConfig
  readonly routes: RouteTable<S>
  /** Of connections that are not HTTP; null: there are none. */
  readonly connections: TcpTable<S> | null
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

interface Documents {
  readonly gateways: readonly GatewayConfig[]
  readonly routes: readonly RouteConfig[]
  readonly tcpRoutes: readonly TcpRouteConfig[]
}

type Parts<S> = Omit<RouteContext<S>, 'aliases' | 'scope'>

/** `wanted`: keys of those to compile; undefined: all. Mistakes of routes have been reported by whoever compiled them before. */
export function compileGateways<S>(documents: Documents, wanted: ReadonlySet<string> | undefined, parts: Parts<S>): Gateways<S> {
  const found = new Map<string, GatewayPort<S>>()
  for (const { name, namespace, listeners } of documents.gateways) {
    const gateway = `${namespace}/${name}`
    for (const port of new Set(listeners.map((listener) => listener.port))) {
      const key = gatewayKey(gateway, port)
      if (wanted !== undefined && !wanted.has(key)) continue
      const own = listeners.filter((listener) => listener.port === port)
      found.set(key, new GatewayPort(own.map((config) => compileListener(`${gateway}/${config.name}`, config, documents, parts))))
    }
  }
  return found
}

function compileListener<S>(id: string, config: ListenerConfig, documents: Documents, parts: Parts<S>): GatewayListener<S> {
  const scope = { kind: 'gateway', name: id } as const
  // who calls from outside knows no service by its other names, and addresses none
  const { table } = compileRoutes(documents.routes, { ...parts, aliases: (host) => [host], scope })
  return {
    id,
    config,
    routes: table,
    connections: compileTcpRoutes(documents.tcpRoutes, { ...parts, every: () => [], scope }).table,
  }
}
