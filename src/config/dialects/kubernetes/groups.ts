// Kubernetes' own resources.
import type { Groups } from '../group.ts'
import { all } from '../group.ts'
import { NAMESPACE, SERVICE_ACCOUNT } from './namespace.ts'
import { NETWORK_POLICY } from './network-policy.ts'
import { POD } from './pod.ts'
import { SECRET } from './secret.ts'
import { ENDPOINT_SLICE, SERVICE } from './service.ts'

export const KUBERNETES: Groups = {
  '': {
    versions: ['v1'],
    kinds: {
      ...all('ignored', 'Binding', 'Endpoints', 'Event', 'LimitRange', 'Node', 'PersistentVolume', 'PersistentVolumeClaim'),
      ...all('ignored', 'PodTemplate', 'ReplicationController', 'ResourceQuota'),
      Secret: SECRET,
      Service: SERVICE,
      Pod: POD,
      Namespace: NAMESPACE,
      ServiceAccount: SERVICE_ACCOUNT,
    },
  },
  'discovery.k8s.io': { versions: ['v1'], kinds: { EndpointSlice: ENDPOINT_SLICE } },
  'networking.k8s.io': {
    versions: ['v1'],
    kinds: { NetworkPolicy: NETWORK_POLICY, ...all('ignored', 'Ingress', 'IngressClass', 'IPAddress', 'ServiceCIDR') },
  },
}
