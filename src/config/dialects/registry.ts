// Every group and kind of resource that this program has heard of, a line for each dialect. What says something about security or
// routing and is not understood is an error: traffic that a rule was meant for must not pass as if there were none.
import { GATEWAY_API } from './gateway-api/groups.ts'
import type { Group, Groups, KindState } from './group.ts'
import { ISTIO } from './istio/groups.ts'
import { KUBERNETES } from './kubernetes/groups.ts'
import { SMI } from './smi/groups.ts'

const TABLE: Groups = { ...KUBERNETES, ...GATEWAY_API, ...ISTIO, ...SMI }

/** A group by the name that a document gives. */
export function groupOf(name: string): Group | undefined {
  return Object.hasOwn(TABLE, name) ? TABLE[name] : undefined
}

export function kindOf(group: Group, name: string): KindState | undefined {
  return Object.hasOwn(group.kinds, name) ? group.kinds[name] : undefined
}

export function groupNames(): string[] {
  return Object.keys(TABLE)
}
