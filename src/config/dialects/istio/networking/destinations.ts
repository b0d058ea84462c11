// Where a VirtualService sends traffic: services by host, port and subset, as native references.
import type { Path, Problems } from '../../../problem.ts'
import type { Resource } from '../../resource.ts'
import { placeIn } from '../../resource.ts'
import type { Destination } from './fields.ts'
import type { Mesh } from './mesh.ts'
import { nativeHost, referenceOf } from './mesh.ts'

export interface Reference {
  readonly service: string
  readonly subset?: string
}

const USUAL_PORT = 80

export class Destinations {
  readonly #resource: Resource
  readonly #mesh: Mesh
  readonly #problems: Problems

  constructor(resource: Resource, mesh: Mesh, problems: Problems) {
    this.#resource = resource
    this.#mesh = mesh
    this.#problems = problems
  }

  /** It goes to the port that the caller named. */
  followsPort({ host, port }: Destination): boolean {
    return !port && this.#mesh.servicesAt(host, this.#resource.namespace).length > 1
  }

  /** `called`: port that the caller named, where that matters. What is not there becomes a reference to nothing, whose traffic fails. */
  reference({ host, port, subset }: Destination, path: Path, called: number | undefined): Reference {
    const services = this.#mesh.servicesAt(host, this.#resource.namespace)
    const wanted = port?.number ?? (services.length === 1 ? services[0]?.port : (called ?? USUAL_PORT))
    const service = services.find((one) => one.port === wanted)
    if (service === undefined) {
      this.#warnOfMissing(
        host,
        services.map((one) => one.port),
        { wanted, path },
      )
      return { service: `${nativeHost(host, this.#resource.namespace)}:${wanted ?? USUAL_PORT}` }
    }
    if (!subset) return { service: referenceOf(service) }
    if (service.subsets.some(({ name }) => name === subset)) return { service: referenceOf(service), subset }
    this.#warn(
      [...path, 'subset'],
      `no DestinationRule gives ${host} a subset ${JSON.stringify(subset)}; its share of the traffic fails`,
    )
    return { service: `${subset}.${referenceOf(service)}` }
  }

  #warnOfMissing(host: string, ports: readonly number[], { wanted, path }: { wanted: number | undefined; path: Path }): void {
    if (ports.length > 0) this.#warn([...path, 'port'], `${host} has no port ${wanted}`, `it has ${ports.join(', ')}`)
    else this.#warn([...path, 'host'], `there is no service ${host}`, this.#mesh.hint(host, this.#resource.namespace))
  }

  #warn(path: Path, message: string, hint = ''): void {
    this.#problems.warning(placeIn(this.#resource, path), message, hint)
  }
}
