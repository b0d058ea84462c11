// Services by the names that Istio's resources use: short ones in their own namespace, full ones, and hosts of ServiceEntries.
import { didYouMean } from '../../../nearest.ts'
import type { ServiceConfig } from '../../../schema/services.ts'

/** What Kubernetes' DNS puts behind name.namespace. */
const CLUSTER_SUFFIX = /\.svc(?:\.cluster\.local)?$/

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

  /** Namespaces with a service that `*.suffix`, or `*`, is for. */
  namespacesBehind(pattern: string): Set<string> {
    const suffix = pattern.slice(1)
    const found = new Set<string>()
    for (const [host, services] of this.#byHost) {
      if (![host, `${host}.svc`, `${host}.svc.cluster.local`].some((name) => name.endsWith(suffix))) continue
      for (const { namespace } of services) found.add(namespace)
    }
    return found
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

/** It names a Kubernetes service by more than name.namespace. */
export function isClusterHost(host: string): boolean {
  return CLUSTER_SUFFIX.test(host.toLowerCase())
}

/** As the native form calls it: name.namespace for what Kubernetes' DNS names, any other host as it is. */
export function nativeHost(host: string, namespace: string): string {
  const lower = host.toLowerCase()
  if (lower === '*' || lower.startsWith('*.')) return lower
  if (isClusterHost(lower)) return lower.replace(CLUSTER_SUFFIX, '')
  return lower.includes('.') ? lower : `${lower}.${namespace}`
}

export function referenceOf({ name, namespace, port }: ServiceConfig): string {
  return `${name}.${namespace}:${port}`
}
