// One source of endpoints for each service, kept through reloads: what stays as it was goes on undisturbed, what changed keeps its
// last endpoints until the new source has an outcome.
import type { EndpointConfig, ServiceConfig } from '../config/schema/services.ts'
import { serviceKey } from '../config/service-key.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { type DnsDeps, type DnsService, DnsSource, type Refresh } from './dns.ts'
import { Gate } from './gate.ts'
import { NodeQueries, type QueryOptions } from './queries.ts'
import { machineFamilies } from './resolve.ts'
import { type EndpointSource, type SourceState, sameEndpoints } from './source.ts'
import { StaticSource } from './static.ts'
import { SystemNames } from './system-names.ts'

export interface DiscoveryOptions {
  readonly clock: Clock
  readonly log: Log
  /** `service`: its serviceKey. Called at once for fixed endpoints, during `startDiscovery` and `update`. */
  readonly onEndpoints: (service: string, endpoints: readonly EndpointConfig[]) => void
  /** After each refresh by DNS. */
  readonly onRefresh?: (refresh: Refresh) => void
  /** Takes the place of what this machine says about names and families, and of its DNS servers. */
  readonly dns?: Partial<Pick<DnsDeps, 'names' | 'families'> & Pick<QueryOptions, 'servers' | 'lookup'>>
}

/** Queries under way at once, over all services. */
const QUERIES_AT_ONCE = 100
const SYSTEM_QUERIES_AT_ONCE = 2

interface Entry {
  readonly service: ServiceConfig
  readonly source: EndpointSource
}

export class Discovery {
  readonly #options: DiscoveryOptions
  readonly #dnsDeps: DnsDeps
  readonly #entries = new Map<string, Entry>()
  /** What was told last, for each service. */
  readonly #endpoints = new Map<string, readonly EndpointConfig[]>()

  constructor(options: DiscoveryOptions) {
    const { clock, log, dns = {}, onRefresh = () => {} } = options
    this.#options = options
    const queryOptions = { clock, ...dns, gate: new Gate(QUERIES_AT_ONCE), systemGate: new Gate(SYSTEM_QUERIES_AT_ONCE) }
    this.#dnsDeps = {
      clock,
      log,
      onRefresh,
      names: dns.names ?? new SystemNames(),
      families: dns.families ?? machineFamilies,
      makeQueries: () => new NodeQueries(queryOptions),
    }
  }

  /** Takes over the services of a new configuration. */
  update(services: readonly ServiceConfig[]): void {
    const gone = new Set(this.#entries.keys())
    for (const service of services) {
      const key = serviceKey(service)
      const present = this.#entries.get(key)
      gone.delete(key)
      if (present === undefined || !isSame(present.service, service)) this.#replace(key, service, present)
    }
    for (const key of gone) {
      this.#entries.get(key)?.source.close()
      this.#entries.delete(key)
      this.#endpoints.delete(key)
    }
  }

  /** Those of a service as told last; undefined before the first outcome. */
  endpointsOf(key: string): readonly EndpointConfig[] | undefined {
    return this.#endpoints.get(key)
  }

  states(): ReadonlyMap<string, SourceState> {
    return new Map([...this.#entries].map(([key, { source }]) => [key, source.state()]))
  }

  close(): void {
    this.update([])
  }

  #replace(key: string, service: ServiceConfig, present: Entry | undefined): void {
    present?.source.close()
    const source = this.#makeSource(service, present?.source)
    this.#entries.set(key, { service, source })
    source.start((endpoints) => {
      const last = this.#endpoints.get(key)
      this.#endpoints.set(key, endpoints)
      if (last === undefined || !sameEndpoints(last, endpoints)) this.#options.onEndpoints(key, endpoints)
    })
  }

  #makeSource(service: ServiceConfig, before: EndpointSource | undefined): EndpointSource {
    if (!hasDns(service)) return new StaticSource(service.endpoints)
    return new DnsSource(service, this.#dnsDeps, before)
  }
}

export function startDiscovery(services: readonly ServiceConfig[], options: DiscoveryOptions): Discovery {
  const discovery = new Discovery(options)
  discovery.update(services)
  return discovery
}

function hasDns(service: ServiceConfig): service is DnsService {
  return service.dns !== undefined
}

/** As far as its endpoints go. */
function isSame(a: ServiceConfig, b: ServiceConfig): boolean {
  return a.port === b.port && JSON.stringify(a.dns) === JSON.stringify(b.dns) && sameEndpoints(a.endpoints, b.endpoints)
}
