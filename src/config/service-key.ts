// What tells services apart, in every map of them and in metrics, logs and admin.
import type { ServiceConfig } from './schema/services.ts'

export function serviceKey({ name, namespace, port }: Pick<ServiceConfig, 'name' | 'namespace' | 'port'>): string {
  return `${name}.${namespace}:${port}`
}
