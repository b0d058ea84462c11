// Whose traffic a route is for: callers in the mesh by namespace and labels, or those of a gateway.
import type { RouteConfig } from '../config/schema/routes.ts'

export type Scope =
  | { readonly kind: 'mesh'; readonly namespace: string; readonly labels: Readonly<Record<string, string>> }
  /** Calls to the workload. */
  | { readonly kind: 'inbound' }
  /** `name`: namespace/name/listener. */
  | { readonly kind: 'gateway'; readonly name: string }

const MESH = 'mesh'

type Scoped = Pick<RouteConfig, 'sources' | 'gateways'> & Partial<Pick<RouteConfig, 'at'>>

/** `at`: left out where it can only be outbound. */
export function isFor({ at = 'outbound', sources, gateways }: Scoped, scope: Scope): boolean {
  if (at === 'inbound' || scope.kind === 'inbound') return at === scope.kind
  // who calls a gateway is no workload of the mesh
  if (scope.kind === 'gateway') return sources.length === 0 && gateways.some((name) => isOf(scope.name, name))
  if (gateways.length > 0 && !gateways.includes(MESH)) return false
  return sources.length === 0 || sources.some((source) => isSource(source, scope))
}

/** A listener is of its gateway, and of itself. */
function isOf(listener: string, gateway: string): boolean {
  return listener === gateway || listener.startsWith(`${gateway}/`)
}

function isSource(
  { namespace, labels }: RouteConfig['sources'][number],
  caller: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
): boolean {
  if (namespace !== undefined && namespace !== caller.namespace) return false
  return Object.entries(labels).every(([key, value]) => caller.labels[key] === value)
}
