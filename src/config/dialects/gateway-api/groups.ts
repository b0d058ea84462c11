// The Gateway API's resources.
import type { Groups } from '../group.ts'
import { all } from '../group.ts'

export const GATEWAY_API: Groups = {
  'gateway.networking.k8s.io': {
    versions: ['v1', 'v1beta1', 'v1alpha3', 'v1alpha2'],
    kinds: {
      ...all('later', 'Gateway', 'HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute', 'ReferenceGrant', 'ListenerSet'),
      GatewayClass: 'ignored',
    },
  },
}
