// Which resources of the API are read, and what of each is kept: of a large cluster only what this workload may need.
import { groupNames, groupOf } from '../../config/dialects/registry.ts'
import type { ApiObject, Query } from './api.ts'

export interface ApiResource {
  readonly group: string
  readonly kind: string
  /** As paths name it: 'endpointslices'. */
  readonly plural: string
  /** Versions that are understood, the best one first. */
  readonly versions: readonly string[]
  /** Says something only of the namespace that it is in: those of the workload's own and of the root namespace are read. */
  readonly isLocal: boolean
  readonly query: Query
}

/** Kinds of documents that a sidecar does not take from the API: secrets are mounted, the others say nothing that it needs. */
const LEFT_OUT = new Set(['/Secret', '/ServiceAccount', 'gateway.networking.k8s.io/GatewayClass'])
const LOCAL = new Set([
  'networking.k8s.io/NetworkPolicy',
  'security.istio.io/AuthorizationPolicy',
  'security.istio.io/PeerAuthentication',
  'security.istio.io/RequestAuthentication',
  'access.smi-spec.io/TrafficTarget',
  'specs.smi-spec.io/TCPRoute',
])
/** Pods that have ended speak to nobody. */
const QUERIES: Readonly<Record<string, Query>> = {
  '/Pod': { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' },
}
const KEPT_METADATA = ['name', 'namespace', 'labels', 'annotations', 'creationTimestamp', 'deletionTimestamp'] as const
/** Written by tools, large, and read by nobody here. */
const DROPPED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration'

/** Everything that a dialect understands. */
export function apiResources(): ApiResource[] {
  return groupNames().flatMap((group) => {
    const { kinds = {}, versions = [] } = groupOf(group) ?? {}
    return Object.entries(kinds)
      .filter(([kind, state]) => typeof state === 'object' && !LEFT_OUT.has(`${group}/${kind}`))
      .map(([kind]) => {
        const id = `${group}/${kind}`
        return { group, kind, plural: pluralOf(kind), versions, isLocal: LOCAL.has(id), query: QUERIES[id] ?? {} }
      })
  })
}

/** What a document needs of an object; what the cluster keeps for itself stays there. */
export function documentOf(object: ApiObject, { group, kind }: ApiResource, version: string): object {
  const { metadata, status, apiVersion: _version, kind: _kind, ...rest } = object
  const kept = Object.fromEntries(KEPT_METADATA.flatMap((key) => (metadata[key] === undefined ? [] : [[key, metadata[key]]])))
  const { annotations } = kept as { annotations?: Record<string, string> }
  if (annotations?.[DROPPED_ANNOTATION] !== undefined) {
    const { [DROPPED_ANNOTATION]: _dropped, ...others } = annotations
    kept['annotations'] = others
  }
  return {
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind,
    metadata: kept,
    ...(kind === 'Pod' ? podOf(rest, status) : rest),
  }
}

/** Most of a Pod is about its containers' insides. */
function podOf({ spec }: Readonly<Record<string, unknown>>, status: unknown): object {
  const { serviceAccountName, nodeName, hostNetwork, containers } = (spec ?? {}) as Record<string, unknown>
  const { phase, podIP, podIPs, hostIP, hostIPs, conditions } = (status ?? {}) as Record<string, unknown>
  const ports = (Array.isArray(containers) ? (containers as { ports?: unknown }[]) : []).map((container) => ({
    ports: container.ports,
  }))
  const ready = (Array.isArray(conditions) ? (conditions as { type?: unknown; status?: unknown }[]) : [])
    .filter(({ type }) => type === 'Ready')
    .map((condition) => ({ type: condition.type, status: condition.status }))
  return {
    spec: { serviceAccountName, nodeName, hostNetwork, containers: ports },
    status: { phase, podIP, podIPs, hostIP, hostIPs, conditions: ready },
  }
}

function pluralOf(kind: string): string {
  const lower = kind.toLowerCase()
  return /[^aeiou]y$/.test(lower) ? `${lower.slice(0, -1)}ies` : `${lower}s`
}
