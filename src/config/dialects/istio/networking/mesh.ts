// Services by the names that Istio's resources use: short ones in their own namespace, full ones, and hosts of ServiceEntries.
import { didYouMean } from '../../../nearest.ts'
import type { ServiceConfig } from '../../../schema/services.ts'

const CLUSTER_SUFFIX = '.svc.cluster.local'

export class Mesh {
  readonly #byHost = new Map<string, ServiceConfig[]>()

  constructor(services: readonly ServiceConfig[]) {
    for (const service of services) {
      this.#add(`${service.name}.${service.namespace}`, service)
      for (const host of service.hosts) this.#add(host.toLowerCase(), service)
    }
  }

  /** One for each port; none: there is no such service. `namespace`: that a name without dots belongs to. */
  servicesAt(host: string, namespace: string): readonly ServiceConfig[] {
    return this.#byHost.get(nativeHost(host, namespace)) ?? []
  }

  hint(host: string, namespace: string): string {
    return didYouMean(nativeHost(host, namespace), [...this.#byHost.keys()])
  }

  #add(host: string, service: ServiceConfig): void {
    const list = this.#byHost.get(host)
    if (list === undefined) this.#byHost.set(host, [service])
    else list.push(service)
  }
}

/** As the native form calls it: name.namespace for what Kubernetes' DNS names, any other host as it is. */
export function nativeHost(host: string, namespace: string): string {
  const lower = host.toLowerCase()
  if (lower === '*' || lower.startsWith('*.')) return lower
  if (lower.endsWith(CLUSTER_SUFFIX)) return lower.slice(0, -CLUSTER_SUFFIX.length)
  return lower.includes('.') ? lower : `${lower}.${namespace}`
}

export function referenceOf({ name, namespace, port }: ServiceConfig): string {
  return `${name}.${namespace}:${port}`
}
