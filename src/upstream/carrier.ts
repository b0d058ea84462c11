// One configured service as HTTP and as plain bytes, whole and in subsets; each side comes up when it is first needed.
import type { RequestHead } from '../codec/message.ts'
import type { EndpointConfig, ServiceConfig } from '../config/schema/services.ts'
import { Service, type ServiceDeps } from './service.ts'

type SubsetConfig = ServiceConfig['subsets'][number]

export class Carrier {
  readonly #deps: ServiceDeps
  #config: ServiceConfig
  #endpoints: readonly EndpointConfig[]
  #http: Service | undefined
  #tcp: Service | undefined
  readonly #subsets = new Map<string, Carrier>()

  constructor(config: ServiceConfig, endpoints: readonly EndpointConfig[], deps: ServiceDeps) {
    this.#config = config
    this.#endpoints = endpoints
    this.#deps = deps
    this.#watch()
  }

  get config(): ServiceConfig {
    return this.#config
  }

  get http(): Service {
    this.#http ??= this.#make('http')
    return this.#http
  }

  get tcp(): Service {
    this.#tcp ??= this.#make('tcp')
    return this.#tcp
  }

  /** The sides that are up. */
  get services(): Service[] {
    return [this.#http, this.#tcp].filter((service) => service !== undefined)
  }

  /** The subsets that are up, by name. */
  get subsets(): ReadonlyMap<string, Carrier> {
    return this.#subsets
  }

  /** A CONNECT asks for bytes, anything else for HTTP. `subset`: '' for the whole. */
  of(head: RequestHead, subset = ''): Service {
    const carrier = this.subset(subset)
    return head.method === 'CONNECT' ? carrier.tcp : carrier.http
  }

  /** The whole, where there is no subset of that name: routes are only compiled when there is one. */
  subset(name: string): Carrier {
    if (name === '') return this
    const known = this.#subsets.get(name)
    if (known !== undefined) return known
    const subset = this.#config.subsets.find((each) => each.name === name)
    if (subset === undefined) return this
    const carrier = new Carrier(overridden(this.#config, subset), endpointsOf(subset, this.#endpoints), this.#deps)
    this.#subsets.set(name, carrier)
    return carrier
  }

  update(config: ServiceConfig): void {
    this.#config = config
    this.#watch()
    for (const service of this.services) service.update(config)
    for (const [name, carrier] of this.#subsets) {
      const subset = config.subsets.find((each) => each.name === name)
      if (subset === undefined) {
        this.#subsets.delete(name)
        carrier.close()
      } else {
        carrier.update(overridden(config, subset))
        carrier.setEndpoints(endpointsOf(subset, this.#endpoints))
      }
    }
  }

  setEndpoints(list: readonly EndpointConfig[]): void {
    this.#endpoints = list
    for (const service of this.services) service.setEndpoints(list)
    for (const [name, carrier] of this.#subsets) {
      const subset = this.#config.subsets.find((each) => each.name === name)
      if (subset !== undefined) carrier.setEndpoints(endpointsOf(subset, list))
    }
  }

  close(): void {
    for (const service of this.services) service.close()
    for (const carrier of this.#subsets.values()) carrier.close()
  }

  /** Health checks do not wait for traffic. */
  #watch(): void {
    if (this.#config.health === undefined || this.services.length > 0) return
    if (this.#config.protocol === 'tcp' || this.#config.protocol === 'tls') void this.tcp
    else void this.http
  }

  #make(kind: 'http' | 'tcp'): Service {
    const service = new Service(this.#config, kind, this.#deps)
    service.setEndpoints(this.#endpoints)
    return service
  }
}

/** The service as the subset has it. */
export function overridden(config: ServiceConfig, { overrides }: SubsetConfig): ServiceConfig {
  const own = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))
  return { ...config, ...own, subsets: [] }
}

/** Those with all of its labels; where there are none, perhaps all. */
export function endpointsOf({ labels, fallback }: SubsetConfig, list: readonly EndpointConfig[]): readonly EndpointConfig[] {
  const wanted = Object.entries(labels)
  const own = list.filter((endpoint) => wanted.every(([key, value]) => endpoint.labels[key] === value))
  return own.length === 0 && fallback === 'any' ? list : own
}
