// Everything that documents say, in the one form that a snapshot is compiled from.
import type { GatewayConfig } from './gateways.ts'
import type { MtlsMode } from './identity.ts'
import type { NetworkPolicyConfig } from './network-policies.ts'
import type { PolicyConfig } from './policies.ts'
import type { RouteConfig } from './routes.ts'
import type { ServiceConfig } from './services.ts'
import type { Settings } from './settings.ts'
import type { TcpRouteConfig } from './tcp-routes.ts'
import type { TokenConfig } from './tokens.ts'

/** An application instance that documents tell of: who speaks from its addresses. */
export interface WorkloadConfig {
  readonly name: string
  readonly namespace: string
  readonly serviceAccount: string
  readonly labels: Readonly<Record<string, string>>
  /** Addresses that are its own alone; none when it shares those of its machine. */
  readonly addresses: readonly string[]
  /** Addresses of the machine it runs on; as far as they are known. */
  readonly hostAddresses?: readonly string[]
  /** TCP ports with a name, for documents that say the name. */
  readonly ports: readonly { readonly name: string; readonly port: number }[]
  readonly node: string | undefined
  readonly ready: boolean
}

export interface NamespaceConfig {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** What a PeerAuthentication document says, and of which workloads. */
export interface PeerAuthenticationConfig {
  readonly name: string
  readonly namespace: string
  /** Labels; none: all workloads of the namespace, or of the mesh where it is the root namespace. */
  readonly selector: Readonly<Record<string, string>>
  /** undefined: what the wider one says. */
  readonly mode: MtlsMode | undefined
  /** By port of the application. */
  readonly ports: Readonly<Record<string, MtlsMode>>
}

/** Everything that all documents together say, whatever their dialects: what a snapshot is compiled from. Plain values throughout. */
export interface Config {
  readonly settings: Settings
  readonly services: readonly ServiceConfig[]
  /** A service with nothing but defaults: what applications and destinations that nobody configured are carried as. */
  readonly plain: ServiceConfig
  /** Oldest first where documents tell their age: among routes that match equally well the first one wins. */
  readonly routes: readonly RouteConfig[]
  readonly tcpRoutes: readonly TcpRouteConfig[]
  readonly tokens: readonly TokenConfig[]
  /** In full, whatever they were written as. */
  readonly policies: readonly PolicyConfig[]
  readonly gateways: readonly GatewayConfig[]
  readonly workloads: readonly WorkloadConfig[]
  readonly namespaces: readonly NamespaceConfig[]
  readonly networkPolicies: readonly NetworkPolicyConfig[]
  /** The oldest first: it counts where two would. */
  readonly peerAuthentications: readonly PeerAuthenticationConfig[]
}
