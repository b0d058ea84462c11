// Istio's WorkloadEntry: who is at an address outside Kubernetes, such as a virtual machine's.
import { z } from 'zod'
import { canonicalIp, isIp } from '../../../../core/address.ts'
import type { Problems } from '../../../problem.ts'
import type { WorkloadConfig } from '../../../schema/config.ts'
import { port } from '../../../types.ts'
import type { Kind, Resource, Resources } from '../../resource.ts'
import { placeIn } from '../../resource.ts'
import { datedMetadata, namedLabels } from './fields.ts'

export const workloadEntry = z.strictObject({
  address: z.string().nullish(),
  ports: z.record(z.string(), port()).nullish(),
  labels: namedLabels,
  network: z.string().nullish(),
  locality: z.string().nullish(),
  weight: z.number().int().min(0).max(1_000_000).nullish(),
  serviceAccount: z.string().nullish(),
})

export type WorkloadEntry = z.output<typeof workloadEntry>

export const WORKLOAD_ENTRY = {
  name: 'WorkloadEntry',
  namespaced: true,
  schema: z.strictObject({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: datedMetadata,
    spec: workloadEntry.refine(({ address }) => Boolean(address), { error: 'expected an address', path: ['address'] }),
    status: z.unknown().optional(),
  }),
} as const satisfies Kind

type EntryResource = Resource<z.output<typeof WORKLOAD_ENTRY.schema>>

/** Whoever speaks from the address of an entry is that workload, as with Pods. `pods`: addresses that are theirs already. */
export function compileWorkloadEntries(
  resources: Resources,
  pods: readonly WorkloadConfig[],
  problems: Problems,
): WorkloadConfig[] {
  const owners = new Map(
    pods.flatMap(({ addresses, namespace, name }) => addresses.map((one) => [canonicalIp(one), `${namespace}/${name}`] as const)),
  )
  const entries = resources.of(WORKLOAD_ENTRY)
  const counts = new Map<string, number>()
  for (const { value } of entries) {
    const ip = canonicalIp(value.spec.address ?? '')
    counts.set(ip, (counts.get(ip) ?? 0) + 1)
  }
  return entries.map((entry) => {
    const { address, ports, labels, serviceAccount, network } = entry.value.spec
    const ip = address && isIp(address) ? canonicalIp(address) : undefined
    const other = ip === undefined ? undefined : owners.get(ip)
    const shared = ip !== undefined && (other !== undefined || (counts.get(ip) ?? 0) > 1)
    if (shared) warn(entry, `the address ${ip} is also that of ${other ?? 'another WorkloadEntry'}`, problems)
    if (network) problems.warning(placeIn(entry, ['spec', 'network']), 'network is ignored: addresses are taken for reachable')
    return {
      name: entry.name,
      namespace: entry.namespace,
      serviceAccount: serviceAccount || 'default',
      labels: { ...entry.value.metadata.labels, ...labels },
      addresses: ip === undefined || shared ? [] : [ip],
      ports: Object.entries(ports ?? {}).map(([name, number]) => ({ name, port: number })),
      node: undefined,
      ready: true,
    }
  })
}

function warn(entry: EntryResource, message: string, problems: Problems): void {
  problems.warning(placeIn(entry, ['spec', 'address']), message, 'it proves nobody')
}

/** The zone of region/zone/subzone; a region alone stands for itself. */
export function zoneOf(locality: string | null | undefined): string | undefined {
  if (!locality) return undefined
  const [region, zone] = locality.split('/')
  return zone || region
}
