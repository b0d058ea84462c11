// Kubernetes' v1 Namespace and ServiceAccount: what labels a namespace bears; that an account exists says nothing more yet.
import { z } from 'zod'
import type { NamespaceConfig } from '../../schema/config.ts'
import type { Kind, Resources } from '../resource.ts'
import { metadata } from '../resource.ts'

/** Kubernetes puts it on every namespace. */
const NAME_LABEL = 'kubernetes.io/metadata.name'

export const NAMESPACE = { name: 'Namespace', namespaced: false, schema: z.object({ metadata }) } as const satisfies Kind

export const SERVICE_ACCOUNT = {
  name: 'ServiceAccount',
  namespaced: true,
  schema: z.object({ metadata }),
} as const satisfies Kind

export function compileNamespaces(resources: Resources): NamespaceConfig[] {
  return resources.of(NAMESPACE).map(({ name, value }) => ({ name, labels: { ...value.metadata.labels, [NAME_LABEL]: name } }))
}
