// Who is who on the network: the Pod behind an address, and the labels of its namespace.
import type { NamespaceConfig, WorkloadConfig } from '../../config/schema/config.ts'
import { canonicalIp } from '../../core/address.ts'

export interface NamespaceFacts {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** A document tells of it, so that its labels are known. */
  readonly known: boolean
}

/** A Pod as policies see it. */
export interface Resident {
  readonly namespace: NamespaceFacts
  readonly serviceAccount: string
  readonly labels: Readonly<Record<string, string>>
  readonly ports: WorkloadConfig['ports']
}

/** Kubernetes puts it on every namespace, told of or not. */
const NAME_LABEL = 'kubernetes.io/metadata.name'

export class Population {
  readonly #residents = new Map<string, Resident>()

  constructor(workloads: readonly WorkloadConfig[], namespaces: readonly NamespaceConfig[]) {
    const known = new Map<string, NamespaceFacts>(namespaces.map(({ name, labels }) => [name, { name, labels, known: true }]))
    for (const { namespace: name, serviceAccount, labels, ports, addresses } of workloads) {
      let namespace = known.get(name)
      if (namespace === undefined) {
        namespace = { name, labels: { [NAME_LABEL]: name }, known: false }
        known.set(name, namespace)
      }
      for (const address of addresses) {
        this.#residents.set(canonicalIp(address), { namespace, serviceAccount, labels, ports })
      }
    }
  }

  at(ip: string): Resident | undefined {
    return this.#residents.get(ip)
  }
}
