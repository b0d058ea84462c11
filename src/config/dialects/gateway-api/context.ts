// What compiling the Gateway API's resources needs to know of everything else.
import type { Problems } from '../../problem.ts'
import type { NamespaceConfig } from '../../schema/config.ts'
import type { ServiceConfig } from '../../schema/services.ts'
import { SERVICE } from '../kubernetes/service.ts'
import type { Resource, Resources } from '../resource.ts'
import { placeIn } from '../resource.ts'
import { Grants } from './grants.ts'
import { Namespaces } from './namespaces.ts'

export const API_GROUP = 'gateway.networking.k8s.io'
/** The class of the Gateways that are ours. */
export const OWN_CLASS = 'outrigger'

export class Context {
  readonly resources: Resources
  readonly problems: Problems
  readonly grants: Grants
  readonly namespaces: Namespaces
  readonly #ports = new Map<string, ServiceConfig[]>()

  constructor(
    resources: Resources,
    known: { readonly services: readonly ServiceConfig[]; readonly namespaces: readonly NamespaceConfig[] },
    problems: Problems,
  ) {
    this.resources = resources
    this.problems = problems
    this.grants = new Grants(resources)
    this.namespaces = new Namespaces(known.namespaces)
    for (const service of known.services) {
      const key = `${service.namespace}/${service.name}`
      const list = this.#ports.get(key)
      if (list === undefined) this.#ports.set(key, [service])
      else list.push(service)
    }
  }

  /** A service, one entry for each of its ports; none when it is not there. */
  service(namespace: string, name: string): readonly ServiceConfig[] {
    return this.#ports.get(`${namespace}/${name}`) ?? []
  }

  /** The number of a port by its name; services of the settings have none. */
  portNamed(namespace: string, name: string, port: string): number | undefined {
    const service = this.resources.of(SERVICE).find((one) => one.namespace === namespace && one.name === name)
    return service?.value.spec.ports?.find((one) => one.name === port)?.port
  }

  warn(resource: Resource, path: readonly (string | number)[], message: string, hint = ''): void {
    this.problems.warning(placeIn(resource, path), `${resource.kind} ${resource.namespace}/${resource.name}: ${message}`, hint)
  }

  refuse(resource: Resource, path: readonly (string | number)[], message: string, hint = ''): void {
    this.problems.error(placeIn(resource, path), `${resource.kind} ${resource.namespace}/${resource.name}: ${message}`, hint)
  }
}
