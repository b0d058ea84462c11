// The Gateway API's resources.
import type { Groups } from '../group.ts'
import { all } from '../group.ts'
import { GATEWAY, GATEWAY_CLASS, GRPC_ROUTE, HTTP_ROUTE, LISTENER_SET, REFERENCE_GRANT, TCP_ROUTE, TLS_ROUTE } from './kinds.ts'

export const GATEWAY_API: Groups = {
  'gateway.networking.k8s.io': {
    versions: ['v1', 'v1beta1', 'v1alpha3', 'v1alpha2'],
    kinds: {
      ...all('later', 'BackendTLSPolicy'),
      ...all('ignored', 'UDPRoute'),
      GatewayClass: GATEWAY_CLASS,
      Gateway: GATEWAY,
      ListenerSet: LISTENER_SET,
      HTTPRoute: HTTP_ROUTE,
      GRPCRoute: GRPC_ROUTE,
      TCPRoute: TCP_ROUTE,
      TLSRoute: TLS_ROUTE,
      ReferenceGrant: REFERENCE_GRANT,
    },
  },
}
