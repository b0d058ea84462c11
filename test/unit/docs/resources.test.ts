// The pages of docs/resources name every field that the schemas of their kinds know.
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { z } from 'zod'
import type { Groups } from '../../../src/config/dialects/group.ts'
import { ISTIO } from '../../../src/config/dialects/istio/groups.ts'
import { KUBERNETES } from '../../../src/config/dialects/kubernetes/groups.ts'
import { SMI } from '../../../src/config/dialects/smi/groups.ts'
import { bare } from '../../../src/config/shape.ts'

const OF_EVERY_RESOURCE = new Set(['apiVersion', 'kind', 'metadata', 'spec', 'status'])
/** Told of as a whole. */
const AS_A_WHOLE = new Set([
  'matchExpressions',
  'workloadSelector',
  'percentage',
  'mirrorPercentage',
  'corsPolicy',
  'httpCookie',
  'ringHash',
  'maglev',
  'failover',
  'warmup',
  'retryBudget',
  'proxyProtocol',
  'outlierDetection',
])

function fieldsOf(schema: z.core.$ZodType, into: Set<string>): Set<string> {
  const { def } = (bare(schema) as z.core.$ZodTypes)._zod
  if (def.type === 'array') return fieldsOf(def.element, into)
  if (def.type === 'record') return fieldsOf(def.valueType, into)
  if (def.type === 'union') {
    for (const option of def.options) fieldsOf(option, into)
    return into
  }
  if (def.type !== 'object') return into
  for (const [key, inner] of Object.entries(def.shape)) {
    if (key === 'metadata') continue
    if (!OF_EVERY_RESOURCE.has(key)) into.add(key)
    if (!AS_A_WHOLE.has(key)) fieldsOf(inner, into)
  }
  return into
}

const pages: readonly (readonly [page: string, groups: Groups, group: string, kinds?: readonly string[]])[] = [
  ['networkpolicy', KUBERNETES, 'networking.k8s.io', ['NetworkPolicy']],
  ['istio-networking', ISTIO, 'networking.istio.io'],
  ['smi', SMI, 'split.smi-spec.io'],
  ['smi', SMI, 'access.smi-spec.io'],
  ['smi', SMI, 'specs.smi-spec.io'],
]

for (const [page, groups, group, kinds] of pages) {
  const text = readFileSync(new URL(`../../../docs/resources/${page}.md`, import.meta.url), 'utf8')
  for (const [kind, state] of Object.entries(groups[group]?.kinds ?? {})) {
    if (kinds !== undefined && !kinds.includes(kind)) continue
    t.test(`${kind} is told of, with all its fields`, async (t) => {
      t.ok(text.includes(kind))
      if (typeof state === 'object') for (const field of fieldsOf(state.schema, new Set())) t.ok(text.includes(field), field)
    })
  }
}
