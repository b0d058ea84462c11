// Kubernetes' label selectors, compiled: whether labels are among those that are meant.
import type { SelectorConfig, SelectorExpression } from '../../config/schema/network-policies.ts'

type Labels = Readonly<Record<string, string>>

/** `complete`: these are all the labels there are, so that one that is missing is known to be missing. */
export type Selector = (labels: Labels, complete: boolean) => boolean

export function compileSelector({ labels: required, expressions }: SelectorConfig): Selector {
  const pairs = Object.entries(required)
  const tests = expressions.map(compileExpression)
  return (labels, complete) => {
    for (const [key, value] of pairs) if (!Object.hasOwn(labels, key) || labels[key] !== value) return false
    for (const test of tests) if (!test(labels, complete)) return false
    return true
  }
}

function compileExpression({ key, operator, values }: SelectorExpression): Selector {
  const wanted = new Set(values)
  const has = (labels: Labels): boolean => Object.hasOwn(labels, key)
  switch (operator) {
    case 'In':
      return (labels) => has(labels) && wanted.has(labels[key] as string)
    case 'NotIn':
      return (labels, complete) => (has(labels) ? !wanted.has(labels[key] as string) : complete)
    case 'Exists':
      return (labels) => has(labels)
    case 'DoesNotExist':
      return (labels, complete) => complete && !has(labels)
  }
}
