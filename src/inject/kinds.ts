// Which kinds of resources make Pods, and where in them the Pod stands.
import { isMapping } from './pod-template.ts'

type Path = readonly (string | number)[]

const TEMPLATE: Path = ['spec', 'template']

const KINDS: Readonly<Record<string, Readonly<Record<string, Path>>>> = {
  v1: { Pod: [], ReplicationController: TEMPLATE },
  'apps/v1': { Deployment: TEMPLATE, StatefulSet: TEMPLATE, DaemonSet: TEMPLATE, ReplicaSet: TEMPLATE },
  'batch/v1': { Job: TEMPLATE, CronJob: ['spec', 'jobTemplate', ...TEMPLATE] },
}

export interface PodPlace {
  /** Where the Pod stands in the document. */
  readonly path: Path
  /** 'Deployment shop/cart' */
  readonly owner: string
}

/** Every Pod of a resource; those of a List's items too. `undefined`: this is no Kubernetes resource. */
export function podsOf(value: unknown): PodPlace[] | undefined {
  if (!isMapping(value)) return undefined
  const { apiVersion, kind } = value
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return undefined
  if (apiVersion === 'v1' && kind === 'List') return podsOfList(value['items'])
  const path = KINDS[apiVersion]?.[kind]
  return path === undefined ? [] : [{ path, owner: `${kind} ${fullName(value['metadata'])}` }]
}

function podsOfList(items: unknown): PodPlace[] | undefined {
  if (items === undefined || items === null) return []
  if (!Array.isArray(items)) return undefined
  const found: PodPlace[] = []
  for (const [index, item] of items.entries()) {
    const pods = podsOf(item)
    if (pods === undefined) return undefined
    for (const { path, owner } of pods) found.push({ path: ['items', index, ...path], owner })
  }
  return found
}

function fullName(metadata: unknown): string {
  const { namespace, name, generateName } = isMapping(metadata) ? metadata : {}
  const own = [name, generateName].find((text) => typeof text === 'string') ?? '(without a name)'
  return typeof namespace === 'string' ? `${namespace}/${own}` : own
}
