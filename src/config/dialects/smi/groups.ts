// The Service Mesh Interface's resources.
import type { Groups } from '../group.ts'
import { HTTP_ROUTE_GROUP } from './http-route-group.ts'
import { TCP_ROUTE } from './tcp-route.ts'
import { TRAFFIC_SPLIT } from './traffic-split.ts'
import { TRAFFIC_TARGET } from './traffic-target.ts'

const VERSIONS = ['v1alpha4', 'v1alpha3', 'v1alpha2', 'v1alpha1']

export const SMI: Groups = {
  'split.smi-spec.io': { versions: VERSIONS, kinds: { TrafficSplit: TRAFFIC_SPLIT } },
  'access.smi-spec.io': { versions: VERSIONS.slice(1), kinds: { TrafficTarget: TRAFFIC_TARGET } },
  'specs.smi-spec.io': {
    versions: VERSIONS,
    kinds: { HTTPRouteGroup: HTTP_ROUTE_GROUP, TCPRoute: TCP_ROUTE, UDPRoute: 'ignored' },
  },
}
