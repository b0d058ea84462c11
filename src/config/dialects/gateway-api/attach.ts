// What a route attaches to: services of the mesh, and listeners of Gateways that take it.
import type { Path } from '../../problem.ts'
import type { Resource } from '../resource.ts'
import { API_GROUP, type Context } from './context.ts'
import type { ParentRef } from './fields.ts'
import { routeMeets } from './hostnames.ts'
import { LISTENER_SET } from './kinds.ts'
import type { GatewayListener } from './listener.ts'
import type { Gateways } from './listeners.ts'

/** One port of a Service that a route is for. */
export interface ServiceParent {
  readonly namespace: string
  readonly name: string
  /** undefined: all of them. */
  readonly port: number | undefined
}

export interface Attachment {
  /** Of the route's own namespace: for callers of all namespaces. */
  readonly produced: readonly ServiceParent[]
  /** Of other namespaces: for callers of the route's namespace alone. */
  readonly consumed: readonly ServiceParent[]
  readonly listeners: readonly GatewayListener[]
}

export interface AttachingRoute {
  readonly resource: Resource
  readonly parentRefs: readonly ParentRef[]
  readonly useDefaultGateways: boolean
  /** Empty: any. */
  readonly hostnames: readonly string[]
}

/** Protocols of listeners that a kind of route is for. */
const PROTOCOLS: Readonly<Record<string, readonly string[]>> = {
  HTTPRoute: ['HTTP', 'HTTPS'],
  GRPCRoute: ['HTTP', 'HTTPS'],
  TLSRoute: ['TLS'],
  TCPRoute: ['TCP', 'TLS'],
}

export function attach(context: Context, gateways: Gateways, route: AttachingRoute): Attachment {
  const produced: ServiceParent[] = []
  const consumed: ServiceParent[] = []
  const listeners = new Set<GatewayListener>()
  for (const [index, ref] of route.parentRefs.entries()) {
    const path = ['spec', 'parentRefs', index]
    const { group = API_GROUP, kind = 'Gateway', namespace = route.resource.namespace } = ref
    if (group === '' && kind === 'Service') {
      const parents = serviceParents(context, route, ref, path)
      for (const parent of parents) (namespace === route.resource.namespace ? produced : consumed).push(parent)
    } else if (group === API_GROUP && (kind === 'Gateway' || kind === 'ListenerSet')) {
      for (const listener of takenBy(context, gateways, route, { key: `${kind}/${namespace}/${ref.name}`, ref, path }))
        listeners.add(listener)
    } else {
      const full = group === '' ? kind : `${kind} of ${group}`
      context.warn(
        route.resource,
        path,
        `a parent of the kind ${full} is not understood; it is ignored`,
        'understood: Gateway, ListenerSet, Service',
      )
    }
  }
  if (route.useDefaultGateways) {
    const all = gateways.defaults.flatMap((key) => gateways.listeners.get(key) ?? [])
    for (const listener of all) if (refusal(context, listener, route) === undefined) listeners.add(listener)
  }
  if (route.parentRefs.length === 0 && !route.useDefaultGateways)
    context.warn(route.resource, ['spec'], 'it attaches to nothing, so it is for no traffic', 'add parentRefs')
  return { produced, consumed, listeners: [...listeners] }
}

function serviceParents(context: Context, { resource, hostnames }: AttachingRoute, ref: ParentRef, path: Path): ServiceParent[] {
  const { namespace = resource.namespace, name, sectionName, port } = ref
  const ports = context.service(namespace, name)
  if (ports.length === 0) {
    context.warn(resource, [...path, 'name'], `there is no Service ${namespace}/${name}; nothing is routed by it`)
    return []
  }
  if (hostnames.length > 0)
    context.warn(
      resource,
      ['spec', 'hostnames'],
      'hostnames are ignored for traffic to a Service',
      'it is what callers address that counts',
    )
  if (sectionName === undefined && port === undefined) return [{ namespace, name, port: undefined }]
  const named = sectionName === undefined ? undefined : context.portNamed(namespace, name, sectionName)
  if (sectionName !== undefined && named === undefined) {
    context.warn(
      resource,
      [...path, 'sectionName'],
      `the Service ${namespace}/${name} has no port ${sectionName}; nothing is routed by it`,
    )
    return []
  }
  const wanted = named ?? port
  if (!ports.some((one) => one.port === wanted) || (port !== undefined && wanted !== port)) {
    const hint = `it has ${ports.map((one) => one.port).join(', ')}`
    context.warn(
      resource,
      [...path, 'port'],
      `the Service ${namespace}/${name} has no such port ${port ?? wanted}; nothing is routed by it`,
      hint,
    )
    return []
  }
  return [{ namespace, name, port: wanted }]
}

function takenBy(
  context: Context,
  gateways: Gateways,
  route: AttachingRoute,
  { key, ref, path }: { readonly key: string; readonly ref: ParentRef; readonly path: Path },
): GatewayListener[] {
  if (gateways.foreign.has(key)) return []
  const all = gateways.listeners.get(key)
  const detached = (message: string, at: Path = path): GatewayListener[] => {
    context.warn(route.resource, at, `${message}; nothing is routed by it`)
    return []
  }
  const [kind, ...named] = key.split('/')
  const parent = `${kind} ${named.join('/')}`
  if (all === undefined) {
    const isThere = context.resources.of(LISTENER_SET).some((set) => key === `ListenerSet/${set.namespace}/${set.name}`)
    return detached(isThere ? `no Gateway takes the ${parent}` : `there is no ${parent}`, [...path, 'name'])
  }
  const own = all.filter(
    ({ owner, spec }) =>
      key === `${owner.kind}/${owner.namespace}/${owner.name}` &&
      (ref.sectionName === undefined || spec.name === ref.sectionName) &&
      (ref.port === undefined || spec.port === ref.port),
  )
  if (own.length === 0)
    return detached(`the ${parent} has no such listener`, [...path, ref.sectionName === undefined ? 'port' : 'sectionName'])
  const taken = own.filter((listener) => refusal(context, listener, route) === undefined)
  return taken.length > 0
    ? taken
    : detached(`no listener of the ${parent} takes it: ${refusal(context, own[0] as GatewayListener, route)}`)
}

/** Why a listener does not take a route; undefined: it does. */
function refusal(
  context: Context,
  { spec, owner }: GatewayListener,
  { resource, hostnames }: AttachingRoute,
): string | undefined {
  const { kind, namespace } = resource
  if (!(PROTOCOLS[kind] ?? []).includes(spec.protocol)) return `${spec.name} speaks ${spec.protocol}`
  if (kind === 'TCPRoute' && spec.protocol === 'TLS' && spec.tls?.mode !== 'Terminate') return `${spec.name} passes TLS through`
  const kinds = spec.allowedRoutes?.kinds
  if (
    kinds !== undefined &&
    kinds.length > 0 &&
    !kinds.some((one) => (one.group ?? API_GROUP) === API_GROUP && one.kind === kind)
  )
    return `${spec.name} takes ${kinds.map((one) => one.kind).join(', ')} only`
  if (!context.namespaces.allowed(spec.allowedRoutes?.namespaces, owner.namespace, namespace, 'Same'))
    return `${spec.name} takes no routes from the namespace ${namespace}`
  return routeMeets(spec.hostname, hostnames)
    ? undefined
    : `no hostname of it is one of ${spec.name}, which is for ${spec.hostname}`
}
