// Which policies are for the own workload.
import type { PolicyConfig } from '../config/schema/policies.ts'
import type { Settings } from '../config/schema/settings.ts'

type Own = Pick<Settings, 'workload' | 'rootNamespace'>

/** By namespace, where the root namespace stands for every one, service account, and labels. */
export function appliesTo({ namespace, serviceAccount, selector }: PolicyConfig, { workload, rootNamespace }: Own): boolean {
  if (namespace !== undefined && namespace !== workload.namespace && namespace !== rootNamespace) return false
  if (serviceAccount !== undefined && serviceAccount !== workload.serviceAccount) return false
  return Object.entries(selector).every(([key, value]) => workload.labels[key] === value)
}
