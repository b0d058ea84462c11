// Which policies are for the own workload.
import type { Settings } from '../config/schema/settings.ts'

type Own = Pick<Settings, 'workload' | 'rootNamespace'>

interface Selecting {
  readonly namespace?: string | undefined
  readonly serviceAccount?: string | undefined
  readonly selector: Readonly<Record<string, string>>
}

/** By namespace, where the root namespace stands for every one, service account, and labels. */
export function appliesTo({ namespace, serviceAccount, selector }: Selecting, { workload, rootNamespace }: Own): boolean {
  if (namespace !== undefined && namespace !== workload.namespace && namespace !== rootNamespace) return false
  if (serviceAccount !== undefined && serviceAccount !== workload.serviceAccount) return false
  return Object.entries(selector).every(([key, value]) => workload.labels[key] === value)
}
