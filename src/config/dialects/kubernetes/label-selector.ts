// Kubernetes' LabelSelector, as every resource that selects something writes it.
import { z } from 'zod'
import type { SelectorConfig } from '../../schema/network-policies.ts'

const NAME = '[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?'
const KEY = new RegExp(`^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?${NAME}$`)
const VALUE = new RegExp(`^(?:${NAME})?$`)

const EXPECTED_KEY = 'expected a label key such as "app" or "example.com/team"'
const EXPECTED_VALUE = 'expected a label value: at most 63 letters, digits, "-", "_" and "."'

const key = z.string({ error: EXPECTED_KEY }).regex(KEY, { error: EXPECTED_KEY })
const value = z.string({ error: EXPECTED_VALUE }).regex(VALUE, { error: EXPECTED_VALUE })

const requirement = z
  .strictObject({
    key,
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: z.array(value).nullish(),
  })
  .superRefine(({ operator, values }, context) => {
    const count = values?.length ?? 0
    const takesValues = operator === 'In' || operator === 'NotIn'
    if (takesValues && count === 0) context.addIssue({ code: 'custom', path: ['values'], message: `${operator} needs values` })
    if (!takesValues && count > 0) context.addIssue({ code: 'custom', path: ['values'], message: `${operator} takes no values` })
  })

export const labelSelector = z.strictObject({
  matchLabels: z.record(key, value).nullish(),
  matchExpressions: z.array(requirement).nullish(),
})

export type LabelSelector = z.output<typeof labelSelector>

/** Left out, it selects everything. */
export function selectorOf(selector: LabelSelector | null | undefined): SelectorConfig {
  return {
    labels: selector?.matchLabels ?? {},
    expressions: (selector?.matchExpressions ?? []).map(({ key: label, operator, values }) => ({
      key: label,
      operator,
      values: values ?? [],
    })),
  }
}
