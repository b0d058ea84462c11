// The Service Mesh Interface's resources.
import type { Groups } from '../group.ts'
import { all } from '../group.ts'

export const SMI: Groups = {
  'split.smi-spec.io': { versions: ['v1alpha4', 'v1alpha3', 'v1alpha2', 'v1alpha1'], kinds: all('later', 'TrafficSplit') },
  'access.smi-spec.io': { versions: ['v1alpha3', 'v1alpha2', 'v1alpha1'], kinds: all('later', 'TrafficTarget') },
  'specs.smi-spec.io': {
    versions: ['v1alpha4', 'v1alpha3', 'v1alpha2', 'v1alpha1'],
    kinds: { ...all('later', 'HTTPRouteGroup', 'TCPRoute'), UDPRoute: 'ignored' },
  },
}
