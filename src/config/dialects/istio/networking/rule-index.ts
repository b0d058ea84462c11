// Which DestinationRules are for a service.
import type { ServiceConfig } from '../../../schema/services.ts'
import type { Settings } from '../../../schema/settings.ts'
import type { DestinationRule } from './destination-rule.ts'
import { nativeHost } from './mesh.ts'

interface Wildcard {
  readonly suffix: string
  readonly rules: DestinationRule[]
}

export class RuleIndex {
  /** By namespace and host. */
  readonly #exact = new Map<string, DestinationRule[]>()
  /** By namespace, the longest first. */
  readonly #wildcards = new Map<string, Wildcard[]>()

  /** `rules`: the oldest first. */
  constructor(rules: readonly DestinationRule[]) {
    for (const rule of rules) {
      const host = nativeHost(rule.value.spec.host, rule.namespace)
      if (host.startsWith('*')) this.#addWildcard(rule, host.slice(1))
      else {
        const key = `${rule.namespace} ${host}`
        const list = this.#exact.get(key)
        if (list === undefined) this.#exact.set(key, [rule])
        else list.push(rule)
      }
    }
    for (const list of this.#wildcards.values()) list.sort((a, b) => b.suffix.length - a.suffix.length)
  }

  /**
   * In the order in which Istio looks: the caller's namespace, the service's, the root namespace; nobody else's. In one of them the host
   * that says most counts, and of equal ones the oldest, with subsets of the others.
   */
  rulesFor(
    service: ServiceConfig,
    { workload, rootNamespace }: Pick<Settings, 'workload' | 'rootNamespace'>,
  ): readonly DestinationRule[] {
    const names = [`${service.name}.${service.namespace}`, ...service.hosts.map((host) => host.toLowerCase())]
    for (const namespace of [workload.namespace, service.namespace, rootNamespace]) {
      for (const name of names) {
        const exact = this.#exact.get(`${namespace} ${name}`)
        if (exact !== undefined) return exact
      }
      const full = [...names, `${service.name}.${service.namespace}.svc.cluster.local`]
      const wide = this.#wildcards.get(namespace)?.find(({ suffix }) => full.some((name) => name.endsWith(suffix)))
      if (wide !== undefined) return wide.rules
    }
    return []
  }

  #addWildcard(rule: DestinationRule, suffix: string): void {
    const list = this.#wildcards.get(rule.namespace) ?? []
    this.#wildcards.set(rule.namespace, list)
    const known = list.find((one) => one.suffix === suffix)
    if (known === undefined) list.push({ suffix, rules: [rule] })
    else known.rules.push(rule)
  }
}
