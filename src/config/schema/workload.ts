// The application instance that a sidecar speaks for.
import { z } from 'zod'
import { label, labels, name } from '../types.ts'

export const workload = z.strictObject({
  name: name().default('unknown').describe('Name of this application instance, the Pod name on Kubernetes.'),
  namespace: label().default('default').describe('Namespace it lives in.'),
  serviceAccount: name().default('default').describe('Service account it runs as; with the namespace, its identity.'),
  zone: z
    .string()
    .optional()
    .describe('Where it runs, for zone-aware balancing; the label topology.kubernetes.io/zone when left out.'),
  labels: labels().default({}).describe('Labels; `app` and `version` appear in metrics.'),
})
