// Istio's resources.
import type { Groups } from '../group.ts'
import { all } from '../group.ts'
import { AUTHORIZATION_POLICY } from './authorization-policy.ts'
import { DESTINATION_RULE } from './networking/destination-rule.ts'
import { SERVICE_ENTRY } from './networking/service-entry.ts'
import { VIRTUAL_SERVICE } from './networking/virtual-service.ts'
import { WORKLOAD_ENTRY } from './networking/workload-entry.ts'
import { PEER_AUTHENTICATION } from './peer-authentication.ts'
import { REQUEST_AUTHENTICATION } from './request-authentication.ts'

export const ISTIO: Groups = {
  'security.istio.io': {
    versions: ['v1', 'v1beta1'],
    kinds: {
      AuthorizationPolicy: AUTHORIZATION_POLICY,
      PeerAuthentication: PEER_AUTHENTICATION,
      RequestAuthentication: REQUEST_AUTHENTICATION,
    },
  },
  'networking.istio.io': {
    versions: ['v1', 'v1beta1', 'v1alpha3'],
    kinds: {
      DestinationRule: DESTINATION_RULE,
      VirtualService: VIRTUAL_SERVICE,
      ServiceEntry: SERVICE_ENTRY,
      WorkloadEntry: WORKLOAD_ENTRY,
      ...all('later', 'Gateway', 'Sidecar', 'EnvoyFilter', 'WorkloadGroup', 'ProxyConfig'),
    },
  },
}
