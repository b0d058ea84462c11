// The services that carry traffic, by key, kept through reloads: configured ones, the application behind each inbound listener, and
// destinations that nobody configured.
import type { InboundListenerConfig } from '../config/schema/listeners.ts'
import type { EndpointConfig, ServiceConfig } from '../config/schema/services.ts'
import { serviceKey } from '../config/service-key.ts'
import { appSourceFor } from '../core/app-source.ts'
import { Carrier } from './carrier.ts'
import type { ServiceDeps } from './service.ts'

/** Destinations that nobody configured, kept at once: callers choose them. */
const MAX_RECENT = 256

export class ServiceRegistry {
  readonly #deps: ServiceDeps
  readonly #plain: ServiceConfig
  readonly #configured = new Map<string, Carrier>()
  readonly #apps = new Map<string, Carrier>()
  readonly #appProtocols = new Map<string, ServiceConfig['protocol']>()
  readonly #capturedApps: RecentCarriers
  readonly #passthrough: RecentCarriers

  /** `plain`: as in Config. */
  constructor(plain: ServiceConfig, deps: ServiceDeps) {
    this.#plain = plain
    this.#deps = deps
    this.#capturedApps = new RecentCarriers({ ...deps, source: appSourceFor })
    this.#passthrough = new RecentCarriers(deps)
  }

  /** The carrier of a configured service, made or brought up to date. Its endpoints come by `setEndpoints`. */
  configure(config: ServiceConfig): Carrier {
    const key = serviceKey(config)
    const known = this.#configured.get(key)
    if (known !== undefined) {
      known.update(config)
      return known
    }
    const carrier = new Carrier(config, [], this.#deps)
    this.#configured.set(key, carrier)
    return carrier
  }

  /** Of a configured service, by its key. */
  setEndpoints(key: string, list: readonly EndpointConfig[]): void {
    this.#configured.get(key)?.setEndpoints(list)
  }

  /** Lets go of configured services that are not among these. */
  keep(configs: readonly ServiceConfig[]): void {
    const keys = new Set(configs.map(serviceKey))
    for (const [key, carrier] of this.#configured) {
      if (keys.has(key)) continue
      this.#configured.delete(key)
      carrier.close()
    }
  }

  /** The application behind each inbound listener, by the listener's address. */
  setApps(apps: ReadonlyMap<string, Pick<InboundListenerConfig, 'app' | 'appProtocol'>>): void {
    for (const [listener, { app, appProtocol }] of apps) {
      this.#appProtocols.set(listener, appProtocol)
      if (app === undefined) continue
      const config = this.#service('app', app, appProtocol)
      const known = this.#apps.get(listener)
      if (known === undefined) this.#apps.set(listener, new Carrier(config, config.endpoints, this.#deps))
      else {
        known.update(config)
        known.setEndpoints(config.endpoints)
      }
    }
  }

  /** `target`: where a captured connection was going, host:port; '': the application that the listener names. */
  app(listener: string, target: string): Carrier {
    if (target === '') return this.#apps.get(listener) as Carrier
    const protocol = this.#appProtocols.get(listener) ?? 'auto'
    const key = `${protocol} ${target}`
    return this.#capturedApps.get(key) ?? this.#capturedApps.add(key, this.#service('app', target, protocol))
  }

  /** `target`: host:port. */
  passthrough(target: string): Carrier {
    return this.#passthrough.get(target) ?? this.#passthrough.add(target, this.#service('passthrough', target, 'auto'))
  }

  /** Everything that carries traffic, for metrics and admin. */
  *all(): Generator<{ kind: 'configured' | 'app' | 'passthrough'; name: string; carrier: Carrier }> {
    for (const [name, carrier] of this.#configured) yield { kind: 'configured', name, carrier }
    for (const [name, carrier] of this.#apps) yield { kind: 'app', name, carrier }
    for (const carrier of this.#capturedApps) yield { kind: 'app', name: carrier.config.endpoints[0]?.address ?? '', carrier }
    for (const carrier of this.#passthrough)
      yield { kind: 'passthrough', name: carrier.config.endpoints[0]?.address ?? '', carrier }
  }

  close(): void {
    for (const { carrier } of this.all()) carrier.close()
  }

  /** One endpoint, and the defaults of the rest. */
  #service(name: string, address: string, protocol: ServiceConfig['protocol']): ServiceConfig {
    return { ...this.#plain, name, protocol, endpoints: [{ address, weight: 1, labels: {} }] }
  }
}

/** Carriers of destinations that callers choose. The least recently used are forgotten when there are many. */
class RecentCarriers {
  readonly #deps: ServiceDeps
  readonly #carriers = new Map<string, Carrier>()

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  get(key: string): Carrier | undefined {
    const carrier = this.#carriers.get(key)
    if (carrier === undefined) return undefined
    this.#carriers.delete(key)
    this.#carriers.set(key, carrier)
    return carrier
  }

  add(key: string, config: ServiceConfig): Carrier {
    const carrier = new Carrier(config, config.endpoints, this.#deps)
    this.#carriers.set(key, carrier)
    if (this.#carriers.size > MAX_RECENT) {
      const [oldest, forgotten] = this.#carriers.entries().next().value as [string, Carrier]
      this.#carriers.delete(oldest)
      forgotten.close()
    }
    return carrier
  }

  [Symbol.iterator](): IterableIterator<Carrier> {
    return this.#carriers.values()
  }
}
