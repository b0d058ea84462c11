// Every group and kind of resource that this program has heard of. What says something about security or routing and is not
// understood is an error: traffic that a rule was meant for must not pass as if there were none.

import { NAMESPACE, SERVICE_ACCOUNT } from './namespace.ts'
import { POD } from './pod.ts'
import type { Kind } from './resource.ts'
import { ENDPOINT_SLICE, SERVICE } from './service.ts'

/** `later`: known, and not understood by this version. `ignored`: says nothing that matters here. */
export type KindState = Kind | 'later' | 'ignored'

export interface Group {
  readonly versions: readonly string[]
  readonly kinds: Readonly<Record<string, KindState>>
}

const TABLE: Readonly<Record<string, Group>> = {
  '': {
    versions: ['v1'],
    kinds: {
      ...all('ignored', 'Binding', 'Endpoints', 'Event', 'LimitRange', 'Node', 'PersistentVolume', 'PersistentVolumeClaim'),
      ...all('ignored', 'PodTemplate', 'ReplicationController', 'ResourceQuota', 'Secret'),
      Service: SERVICE,
      Pod: POD,
      Namespace: NAMESPACE,
      ServiceAccount: SERVICE_ACCOUNT,
    },
  },
  'discovery.k8s.io': { versions: ['v1'], kinds: { EndpointSlice: ENDPOINT_SLICE } },
  'networking.k8s.io': {
    versions: ['v1'],
    kinds: { NetworkPolicy: 'later', ...all('ignored', 'Ingress', 'IngressClass', 'IPAddress', 'ServiceCIDR') },
  },
  'gateway.networking.k8s.io': {
    versions: ['v1', 'v1beta1', 'v1alpha3', 'v1alpha2'],
    kinds: {
      ...all('later', 'Gateway', 'HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute', 'ReferenceGrant', 'ListenerSet'),
      GatewayClass: 'ignored',
    },
  },
  'security.istio.io': {
    versions: ['v1', 'v1beta1'],
    kinds: all('later', 'AuthorizationPolicy', 'PeerAuthentication', 'RequestAuthentication'),
  },
  'networking.istio.io': {
    versions: ['v1', 'v1beta1', 'v1alpha3'],
    kinds: all('later', 'DestinationRule', 'VirtualService', 'ServiceEntry', 'WorkloadEntry'),
  },
  'split.smi-spec.io': { versions: ['v1alpha4', 'v1alpha3', 'v1alpha2', 'v1alpha1'], kinds: all('later', 'TrafficSplit') },
  'access.smi-spec.io': { versions: ['v1alpha3', 'v1alpha2', 'v1alpha1'], kinds: all('later', 'TrafficTarget') },
  'specs.smi-spec.io': {
    versions: ['v1alpha4', 'v1alpha3', 'v1alpha2', 'v1alpha1'],
    kinds: { ...all('later', 'HTTPRouteGroup', 'TCPRoute'), UDPRoute: 'ignored' },
  },
}

/** A group by the name that a document gives. */
export function groupOf(name: string): Group | undefined {
  return Object.hasOwn(TABLE, name) ? TABLE[name] : undefined
}

export function kindOf(group: Group, name: string): KindState | undefined {
  return Object.hasOwn(group.kinds, name) ? group.kinds[name] : undefined
}

export function groupNames(): string[] {
  return Object.keys(TABLE)
}

function all(state: 'later' | 'ignored', ...kinds: readonly string[]): Record<string, KindState> {
  return Object.fromEntries(kinds.map((kind) => [kind, state]))
}
