// How documents name a service: `name.namespace`, `name` alone for the workload's own namespace, each with `:port` where the service
// has several.
import { splitHostPort } from '../core/address.ts'

export interface ServiceReference {
  readonly name: string
  readonly namespace: string
  readonly port: number | undefined
}

export interface Referable {
  readonly name: string
  readonly namespace: string
  readonly port: number
}

/** undefined when it is no reference at all. Names may have dots; the namespace is what follows the last one. */
export function parseReference(text: string, ownNamespace: string): ServiceReference | undefined {
  const split = splitHostPort(text)
  if (split === undefined || split.host === '') return undefined
  const dot = split.host.lastIndexOf('.')
  const name = dot < 0 ? split.host : split.host.slice(0, dot)
  const namespace = dot < 0 ? ownNamespace : split.host.slice(dot + 1)
  return name === '' || namespace === '' ? undefined : { name, namespace, port: split.port }
}

/** The services that a reference may mean: none, one, or several ports of one. */
export function findServices<S extends Referable>(services: readonly S[], reference: ServiceReference): S[] {
  return services.filter(
    (service) =>
      service.name === reference.name &&
      service.namespace === reference.namespace &&
      (reference.port === undefined || service.port === reference.port),
  )
}

/** name.namespace:port */
export function formatReference(service: Referable): string {
  return `${service.name}.${service.namespace}:${service.port}`
}
