// Which traffic a VirtualService is for: hosts, and the callers that see it.
import type { Problems } from '../../../problem.ts'
import type { ServiceConfig } from '../../../schema/services.ts'
import { placeIn } from '../../resource.ts'
import type { Mesh } from './mesh.ts'
import { isClusterHost, nativeHost } from './mesh.ts'
import type { VirtualService } from './virtual-service.ts'

export interface Host {
  /** As native routes call it. */
  readonly pattern: string
  /** Its services, one for each port; none for what nobody tells of. */
  readonly services: readonly ServiceConfig[]
}

/** Hosts with the same callers. */
export interface Audience {
  readonly hosts: readonly Host[]
  /** Namespaces of the callers; undefined: all. */
  readonly namespaces: readonly string[] | undefined
  /** A namespace's own view comes before what others export to it. */
  readonly own: boolean
}

export const MESH = 'mesh'

/** Hosts of other namespaces are only for callers of the VirtualService's own: nobody takes over what is somebody else's. */
export function audiencesOf(resource: VirtualService, mesh: Mesh, problems: Problems): Audience[] {
  const { namespace, value } = resource
  const exported = namespacesOf(value.spec.exportTo ?? ['*'], namespace)
  const free: Host[] = []
  const foreign: Host[] = []
  for (const [index, text] of value.spec.hosts.entries()) {
    const host = { pattern: nativeHost(text, namespace), services: mesh.servicesAt(text, namespace) }
    const owner = ownerOf(host, text, { mesh, own: namespace })
    if (owner === undefined || owner === namespace || exported?.join() === namespace) free.push(host)
    else {
      foreign.push(host)
      const message = `${text} belongs to ${owner}: this VirtualService is only for callers in ${namespace}`
      problems.warning(placeIn(resource, ['spec', 'hosts', index]), message, 'exportTo: ["."] says so')
    }
  }
  return [
    { hosts: free, namespaces: exported, own: exported?.join() === namespace },
    { hosts: foreign, namespaces: [namespace], own: true },
  ].filter(({ hosts }) => hosts.length > 0)
}

/** undefined: every namespace. */
export function namespacesOf(list: readonly string[], own: string): string[] | undefined {
  if (list.length === 0 || list.includes('*')) return undefined
  return list.flatMap((one) => (one === '.' ? [own] : one === '~' ? [] : [one]))
}

/** Whose a host is, its service being there or not; undefined: nobody's. */
function ownerOf({ pattern, services }: Host, text: string, { mesh, own }: { mesh: Mesh; own: string }): string | undefined {
  if (pattern.startsWith('*')) {
    const others = [...mesh.namespacesBehind(pattern)].filter((namespace) => namespace !== own)
    const wide = pattern === '*' || (isClusterHost(pattern) && !pattern.includes(`.${own}.svc`))
    return others.length > 0 || wide ? 'other namespaces as well' : undefined
  }
  const [service] = services
  if (service !== undefined) return service.namespace
  return isClusterHost(text) ? pattern.slice(pattern.lastIndexOf('.') + 1) : undefined
}

export interface SourceMatch {
  readonly sourceNamespace?: string | null | undefined
  readonly sourceLabels?: Readonly<Record<string, string>> | null | undefined
}

export interface Source {
  readonly namespace?: string
  readonly labels: Readonly<Record<string, string>>
}

/** Callers of an audience that a match is for, as routes name them; none where it is for nobody. Empty: all. */
export function sourcesOf({ sourceNamespace, sourceLabels }: SourceMatch, { namespaces }: Audience): Source[] | undefined {
  const labels = sourceLabels ?? {}
  if (namespaces === undefined) {
    if (sourceNamespace) return [{ namespace: sourceNamespace, labels }]
    return Object.keys(labels).length === 0 ? [] : [{ labels }]
  }
  const left = sourceNamespace ? namespaces.filter((one) => one === sourceNamespace) : namespaces
  return left.length === 0 ? undefined : left.map((namespace) => ({ namespace, labels }))
}

/** Istio's own gateways are not carried here: only what is for the mesh counts. */
export function isForMesh(gateways: readonly string[] | null | undefined): boolean {
  return !gateways || gateways.length === 0 || gateways.includes(MESH)
}
