// Which namespaces a listener or a Gateway takes routes or listeners from.
import type { z } from 'zod'
import type { NamespaceConfig } from '../../schema/config.ts'
import type { LabelSelector, labelSelector } from './fields.ts'

export interface AllowedNamespaces {
  readonly from: 'All' | 'Selector' | 'Same' | 'None' | undefined
  readonly selector: z.output<typeof labelSelector> | undefined
}

export class Namespaces {
  readonly #labels: ReadonlyMap<string, Readonly<Record<string, string>>>

  constructor(namespaces: readonly NamespaceConfig[]) {
    this.#labels = new Map(namespaces.map(({ name, labels }) => [name, labels]))
  }

  /** Whether what stands in `namespace` is taken by what stands in `own`. */
  allowed(rule: AllowedNamespaces | undefined, own: string, namespace: string, byDefault: 'Same' | 'None'): boolean {
    switch (rule?.from ?? byDefault) {
      case 'All':
        return true
      case 'None':
        return false
      case 'Same':
        return own === namespace
      case 'Selector':
        // a selector that is missing selects nothing
        return rule?.selector !== undefined && selects(rule.selector, this.#labelsOf(namespace))
    }
  }

  /** Kubernetes puts its name on every namespace, also on one that no document tells of. */
  #labelsOf(namespace: string): Readonly<Record<string, string>> {
    return this.#labels.get(namespace) ?? { 'kubernetes.io/metadata.name': namespace }
  }
}

function selects({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  if (!Object.entries(matchLabels).every(([key, value]) => labels[key] === value)) return false
  return matchExpressions.every(({ key, operator, values = [] }) => {
    const value = labels[key]
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value)
      case 'NotIn':
        return value === undefined || !values.includes(value)
      case 'Exists':
        return value !== undefined
      case 'DoesNotExist':
        return value === undefined
    }
  })
}
