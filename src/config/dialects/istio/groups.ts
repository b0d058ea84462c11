// Istio's resources.
import type { Groups } from '../group.ts'
import { all } from '../group.ts'
import { AUTHORIZATION_POLICY } from './authorization-policy.ts'
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
    kinds: all('later', 'DestinationRule', 'VirtualService', 'ServiceEntry', 'WorkloadEntry'),
  },
}
