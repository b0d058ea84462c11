// From a backendRef to the service that it means, in the native form.
import type { Path } from '../../problem.ts'
import { formatReference } from '../../reference.ts'
import type { Resource } from '../resource.ts'
import { API_GROUP, type Context } from './context.ts'
import { GRPC_ROUTE } from './kinds.ts'

export interface BackendReference {
  readonly group: string | undefined
  readonly kind: string | undefined
  readonly name: string
  readonly namespace: string | undefined
  readonly port: number | undefined
}

export interface BackendPlace {
  /** Of the reference within its route. */
  readonly path: Path
  /** Services, namespace/name, that need no grant: those whose callers a consumer's route redirects could call them anyway. */
  readonly exempt: ReadonlySet<string>
  /** What happens when it means nothing, for the message. */
  readonly lost?: string
}

/**
 * The service of a reference. What means no service, or none that may be referred to from here, is warned about and becomes a name that
 * no service can bear: its share of the traffic gets 500, as the API asks, and never goes anywhere else.
 */
export function backendService(
  context: Context,
  route: Resource,
  ref: BackendReference,
  { path, exempt, lost = 'its share of the traffic gets 500' }: BackendPlace,
): string {
  const { group = '', kind = 'Service', name, namespace = route.namespace, port } = ref
  const wanted = `${name}.${namespace}${port === undefined ? '' : `:${port}`}`
  const missing = (at: string, message: string, hint = ''): string => {
    context.warn(route, [...path, at], `${message}; ${lost}`, hint)
    return nowhere(wanted)
  }
  if (group !== '' || kind !== 'Service') {
    const full = group === '' ? kind : `${kind} of ${group}`
    return missing('kind', `a backend of the kind ${full} is not understood`, 'understood: Service')
  }
  if (port === undefined) {
    context.refuse(route, [...path, 'port'], `backendRef ${name}: port is missing`, 'a Service needs it')
    return nowhere(wanted)
  }
  const to = { group: '', kind: 'Service', namespace, name }
  const from = { group: API_GROUP, kind: route.kind, namespace: route.namespace }
  if (!exempt.has(`${namespace}/${name}`) && !context.grants.allows(from, to)) {
    const hint = `a ReferenceGrant in ${namespace} has to allow ${route.kind} of ${route.namespace} to refer to Service ${name}`
    return missing('namespace', `the namespace ${namespace} does not let ${route.namespace} refer to its service ${name}`, hint)
  }
  const ports = context.service(namespace, name)
  if (ports.length === 0) return missing('name', `there is no Service ${namespace}/${name}`)
  const found = ports.find((service) => service.port === port)
  if (found === undefined) {
    return missing(
      'port',
      `the Service ${namespace}/${name} has no port ${port}`,
      `it has ${ports.map((one) => one.port).join(', ')}`,
    )
  }
  if (route.kind === GRPC_ROUTE.name && found.protocol === 'http') {
    const hint = 'name the port grpc, or give it appProtocol: kubernetes.io/h2c'
    context.warn(
      route,
      [...path, 'port'],
      `the port ${port} of the Service ${namespace}/${name} says that it speaks HTTP/1.1; gRPC needs HTTP/2`,
      hint,
    )
  }
  return formatReference({ name, namespace, port })
}

/** No name of a service begins like this. */
export function nowhere(what: string): string {
  return `!${what}`
}
