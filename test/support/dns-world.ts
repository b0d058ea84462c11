// Discovery of one service on a fake clock, against a DNS server of its own and with system files of its own.
import type { Test } from 'tap'
import { type DnsConfig, type EndpointConfig, type ServiceConfig, serviceSchema } from '../../src/config/schema/services.ts'
import { serviceKey } from '../../src/config/service-key.ts'
import { type Discovery, type DiscoveryOptions, startDiscovery } from '../../src/discovery/directory.ts'
import type { Refresh } from '../../src/discovery/dns.ts'
import type { SystemLookup } from '../../src/discovery/queries.ts'
import type { SourceState } from '../../src/discovery/source.ts'
import { SystemNames } from '../../src/discovery/system-names.ts'
import { DnsServer } from './dns-server.ts'
import { eventually } from './eventually.ts'
import { FakeClock } from './fake-clock.ts'
import { RecordingLog } from './recording-log.ts'

/** `db.shop:5432`, with durations as the configuration writes them. */
export function dnsService(dns: Partial<Record<keyof DnsConfig, unknown>>, more: Record<string, unknown> = {}): ServiceConfig {
  return serviceSchema.parse({ name: 'db', namespace: 'shop', port: 5432, dns: { name: 'db.test', ...dns }, ...more })
}

export interface Setting {
  readonly dns?: Partial<Record<keyof DnsConfig, unknown>>
  /** Instead of `dnsService(dns)`. */
  readonly service?: ServiceConfig
  readonly zone?: DnsServer['zone']
  readonly files?: { readonly hosts?: string; readonly 'resolv.conf'?: string }
  /** What getaddrinfo says; of other names, that they do not exist. */
  readonly system?: Readonly<Record<string, readonly string[] | 'EAI_AGAIN'>>
  readonly families?: { readonly ipv4: boolean; readonly ipv6: boolean }
}

export class DnsWorld {
  readonly clock = new FakeClock()
  readonly log = new RecordingLog()
  /** What was told, list by list. */
  readonly lists: string[][] = []
  readonly refreshes: Refresh[] = []
  readonly server: DnsServer
  readonly discovery: Discovery
  readonly #key: string

  constructor(server: DnsServer, folder: string, setting: Setting) {
    const { service = dnsService(setting.dns ?? {}), system = {}, families = { ipv4: true, ipv6: true } } = setting
    this.server = server
    this.#key = serviceKey(service)
    const lookup: SystemLookup = async (name) => {
      const answer = system[name] ?? 'ENOTFOUND'
      if (typeof answer === 'string') throw Object.assign(new Error(answer), { code: answer })
      return answer.map((address) => ({ address }))
    }
    const options: DiscoveryOptions = {
      clock: this.clock,
      log: this.log,
      onEndpoints: (_key, endpoints) => void this.lists.push(endpoints.map(({ address }) => address)),
      onRefresh: (refresh) => void this.refreshes.push(refresh),
      dns: {
        names: new SystemNames({ hosts: `${folder}/hosts`, resolvConf: `${folder}/resolv.conf` }),
        families: () => families,
        servers: [server.address],
        lookup,
      },
    }
    this.discovery = startDiscovery([service], options)
  }

  get state(): SourceState {
    return this.discovery.states().get(this.#key) as SourceState
  }

  get endpoints(): readonly EndpointConfig[] | undefined {
    return this.discovery.endpointsOf(this.#key)
  }

  /** Until so many refreshes are done. */
  async refreshed(count: number): Promise<void> {
    await eventually(() => this.refreshes.length >= count)
  }

  /** Lets the planned refresh come, and waits until it is done. */
  async next(): Promise<void> {
    const count = this.refreshes.length + 1
    this.clock.advance(this.state.refreshInMs as number)
    await this.refreshed(count)
  }
}

export async function dnsWorld(t: Test, setting: Setting = {}): Promise<DnsWorld> {
  const server = await DnsServer.start()
  t.teardown(() => server.close())
  Object.assign(server.zone, setting.zone)
  const world = new DnsWorld(server, t.testdir({ hosts: '', 'resolv.conf': '', ...setting.files }), setting)
  t.teardown(() => world.discovery.close())
  return world
}
