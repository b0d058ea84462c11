// Kubernetes' v1 Pod: who speaks from an address.
import { z } from 'zod'
import type { Problems } from '../../problem.ts'
import { formatPlace } from '../../problem.ts'
import type { WorkloadConfig } from '../../schema/config.ts'
import type { Kind, Resource, Resources } from '../resource.ts'
import { metadata, placeIn } from '../resource.ts'

export const POD = {
  name: 'Pod',
  namespaced: true,
  schema: z.object({
    metadata: metadata.extend({ deletionTimestamp: z.string().nullish() }),
    spec: z
      .object({
        serviceAccountName: z.string().nullish(),
        nodeName: z.string().nullish(),
        hostNetwork: z.boolean().nullish(),
        containers: z
          .array(
            z.object({
              ports: z
                .array(z.object({ name: z.string().nullish(), containerPort: z.number().int(), protocol: z.string().nullish() }))
                .nullish(),
            }),
          )
          .nullish(),
      })
      .nullish(),
    status: z
      .object({
        phase: z.string().nullish(),
        hostIP: z.string().nullish(),
        hostIPs: z.array(z.object({ ip: z.string() })).nullish(),
        podIP: z.string().nullish(),
        podIPs: z.array(z.object({ ip: z.string() })).nullish(),
        conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish(),
      })
      .nullish(),
  }),
} as const satisfies Kind

export type Pod = Resource<z.output<typeof POD.schema>>

export function compileWorkloads(resources: Resources, problems: Problems): WorkloadConfig[] {
  const pods = resources.of(POD)
  const shared = sharedAddresses(pods, problems)
  return pods.map((pod) => ({
    name: pod.name,
    namespace: pod.namespace,
    serviceAccount: pod.value.spec?.serviceAccountName || 'default',
    labels: pod.value.metadata.labels ?? {},
    addresses: addressesOf(pod).filter((address) => !shared.has(address)),
    hostAddresses: hostAddressesOf(pod),
    ports: namedPorts(pod),
    node: pod.value.spec?.nodeName ?? undefined,
    ready: isReady(pod),
  }))
}

/** A name counts for its transport only. */
function namedPorts(pod: Pod): { name: string; port: number }[] {
  const ports = (pod.value.spec?.containers ?? []).flatMap((container) => container.ports ?? [])
  return ports.flatMap(({ name, containerPort, protocol }) =>
    name && (protocol ?? 'TCP') === 'TCP' ? [{ name, port: containerPort }] : [],
  )
}

/** Pods that may be called. */
export function readyPods(pods: readonly Pod[], orNot: boolean): Pod[] {
  return pods.filter((pod) => !hasEnded(pod) && (orNot || isReady(pod)))
}

/** None of a Pod that has ended, whose address may be another's by now, nor of one that shares its machine's. */
function addressesOf(pod: Pod): string[] {
  if (hasEnded(pod) || pod.value.spec?.hostNetwork === true) return []
  const { podIP, podIPs } = pod.value.status ?? {}
  return [...new Set([...(podIP ? [podIP] : []), ...(podIPs ?? []).map(({ ip }) => ip)])]
}

function hostAddressesOf(pod: Pod): string[] {
  const { hostIP, hostIPs } = pod.value.status ?? {}
  return [...new Set([...(hostIP ? [hostIP] : []), ...(hostIPs ?? []).map(({ ip }) => ip)])]
}

/** An address that two Pods claim proves neither: better nobody's than the wrong one's. */
function sharedAddresses(pods: readonly Pod[], problems: Problems): Set<string> {
  const owners = new Map<string, Pod>()
  const shared = new Set<string>()
  for (const pod of pods) {
    for (const address of addressesOf(pod)) {
      const other = owners.get(address)
      owners.set(address, pod)
      if (other === undefined) continue
      shared.add(address)
      const message = `the address ${address} is also that of ${other.namespace}/${other.name}, at ${formatPlace(placeIn(other))}`
      problems.warning(placeIn(pod, ['status', 'podIP']), message, 'it is taken for neither')
    }
  }
  return shared
}

function hasEnded(pod: Pod): boolean {
  const phase = pod.value.status?.phase
  return phase === 'Succeeded' || phase === 'Failed'
}

function isReady(pod: Pod): boolean {
  if (pod.value.metadata.deletionTimestamp) return false
  const condition = pod.value.status?.conditions?.find(({ type }) => type === 'Ready')
  return condition === undefined || condition.status === 'True'
}
