// Istio's resources.
import type { Groups } from '../group.ts'
import { all } from '../group.ts'

export const ISTIO: Groups = {
  'security.istio.io': {
    versions: ['v1', 'v1beta1'],
    kinds: all('later', 'AuthorizationPolicy', 'PeerAuthentication', 'RequestAuthentication'),
  },
  'networking.istio.io': {
    versions: ['v1', 'v1beta1', 'v1alpha3'],
    kinds: all('later', 'DestinationRule', 'VirtualService', 'ServiceEntry', 'WorkloadEntry'),
  },
}
