// ReferenceGrant: a namespace lets resources of another one refer to what is in it. Without a grant nothing is referred to across namespaces.
import type { Resources } from '../resource.ts'
import { REFERENCE_GRANT } from './kinds.ts'

export interface Referrer {
  readonly group: string
  readonly kind: string
  readonly namespace: string
}

export interface Referred extends Referrer {
  readonly name: string
}

type Grant = ReturnType<typeof REFERENCE_GRANT.schema.parse>['spec']

export class Grants {
  readonly #byNamespace = new Map<string, Grant[]>()

  constructor(resources: Resources) {
    for (const { namespace, value } of resources.of(REFERENCE_GRANT)) {
      const list = this.#byNamespace.get(namespace)
      if (list === undefined) this.#byNamespace.set(namespace, [value.spec])
      else list.push(value.spec)
    }
  }

  /** Within a namespace always; across, when the namespace that is referred to says so. */
  allows(from: Referrer, to: Referred): boolean {
    if (from.namespace === to.namespace) return true
    const grants = this.#byNamespace.get(to.namespace) ?? []
    return grants.some(
      (grant) =>
        grant.from.some((one) => one.group === from.group && one.kind === from.kind && one.namespace === from.namespace) &&
        grant.to.some(
          (one) => one.group === to.group && one.kind === to.kind && (one.name === undefined || one.name === to.name),
        ),
    )
  }
}
