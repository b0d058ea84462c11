// Which workloads a policy of Istio's is for: labels, or a gateway by reference.
import { z } from 'zod'
import type { Problems } from '../../problem.ts'
import { placeIn, type Resource } from '../resource.ts'

const LABEL = z.string().max(63, { error: 'expected a label value, at most 63 characters' })

export const workloadSelector = z
  .strictObject({
    matchLabels: z
      .record(
        z.string().min(1, { error: 'a label has a name' }),
        LABEL.refine((value) => !value.includes('*'), { error: 'a label value has no "*"' }),
      )
      .nullish(),
  })
  .nullish()

export const targetRef = z.strictObject({
  group: z.string().nullish(),
  kind: z.string(),
  name: z.string().min(1, { error: 'expected a name' }),
})

/** On Pods of a Gateway, put there by whoever deploys it. */
const GATEWAY_LABEL = 'gateway.networking.k8s.io/gateway-name'
const GATEWAY_API = 'gateway.networking.k8s.io'
const TARGETS: ReadonlySet<string> = new Set([
  `${GATEWAY_API}/Gateway`,
  `${GATEWAY_API}/GatewayClass`,
  '/Service',
  'networking.istio.io/ServiceEntry',
])

interface Spec {
  readonly selector?: z.output<typeof workloadSelector> | undefined
  readonly targetRef?: z.output<typeof targetRef> | null | undefined
  readonly targetRefs?: readonly z.output<typeof targetRef>[] | null | undefined
}

/** Labels of the workloads, one set for each of the targets; none: no workload that has a sidecar. */
export function selectorsOf(
  resource: Resource<{ spec?: Spec | null | undefined }>,
  problems: Problems,
): Record<string, string>[] {
  const { selector, targetRef: single, targetRefs } = resource.value.spec ?? {}
  const refs = [...(single ? [single] : []), ...(targetRefs ?? [])]
  if (refs.length === 0) {
    if (selector && Object.keys(selector.matchLabels ?? {}).length === 0)
      problems.warning(
        placeIn(resource, ['spec', 'selector']),
        'a selector without labels selects every workload of the namespace',
      )
    return [{ ...selector?.matchLabels }]
  }
  if (selector) problems.error(placeIn(resource, ['spec', 'selector']), 'a policy has a selector or targetRefs, not both')
  return refs.flatMap((ref) => {
    const { group, kind, name } = ref
    const place = placeIn(resource, ['spec', single === ref ? 'targetRef' : 'targetRefs'])
    if (!TARGETS.has(`${group ?? ''}/${kind}`)) {
      problems.error(
        place,
        `${kind} of ${group ? group : 'core'} is nothing that a policy can be attached to`,
        `known: ${[...TARGETS].join(', ')}`,
      )
      return []
    }
    if (kind === 'Gateway') return [{ [GATEWAY_LABEL]: name }]
    problems.warning(
      place,
      `policies attached to a ${kind} are for waypoints; sidecars go by selectors, so this one does nothing here`,
    )
    return []
  })
}
