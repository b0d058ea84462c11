// One address of a service and what is going on there. The same object lives on through updates of the service, so that its
// connections, counts and health survive them.
import type { EndpointConfig } from '../config/schema/services.ts'
import { type Address, canonicalIp, formatAddress, mustParseAddress } from '../core/address.ts'

/** Shared by the endpoints of one service: counts what makes balancers look at them again. */
export interface Changes {
  count: number
}

export class Endpoint {
  /** Canonical text of `target`: what makes an endpoint the same through updates, and its name in logs and admin. */
  readonly address: string
  readonly target: Address
  readonly changes: Changes
  /** Exchanges under way. Written by whoever begins and ends them, read by balancers at each pick. */
  active = 0
  /** Connections to it; whoever opens them keeps them here. */
  pool: unknown = undefined
  /** Those that speak HTTP/2. */
  http2Pool: unknown = undefined
  #config: EndpointConfig
  #available = true

  constructor(config: EndpointConfig, changes: Changes = { count: 0 }) {
    this.target = canonicalTarget(config.address)
    this.address = formatAddress(this.target)
    this.changes = changes
    this.#config = config
  }

  get zone(): string | undefined {
    return this.#config.zone
  }

  get weight(): number {
    return this.#config.weight
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#config.labels
  }

  /** Whether balancers may choose it: health, outlier detection and breakers say so. */
  get available(): boolean {
    return this.#available
  }

  set available(value: boolean) {
    if (value === this.#available) return
    this.#available = value
    this.changes.count++
  }

  /** Takes over all but the address. */
  update(config: EndpointConfig): void {
    if (config.weight !== this.#config.weight) this.changes.count++
    this.#config = config
  }
}

export interface Reconciled {
  /** In the order of the new list; an address that it names twice counts once, as first named. */
  readonly endpoints: Endpoint[]
  /** No longer named: to be drained by whoever holds their connections. */
  readonly removed: Endpoint[]
}

/** Applies a new list of endpoints to the present ones: those whose address stays are the same objects afterwards. */
export function reconcile(present: readonly Endpoint[], next: readonly EndpointConfig[]): Reconciled {
  const changes = present[0]?.changes ?? { count: 0 }
  const leftOver = new Map(present.map((endpoint) => [endpoint.address, endpoint]))
  const endpoints = new Map<string, Endpoint>()
  for (const config of next) {
    const address = formatAddress(canonicalTarget(config.address))
    if (endpoints.has(address)) continue
    const kept = leftOver.get(address)
    leftOver.delete(address)
    kept?.update(config)
    endpoints.set(address, kept ?? new Endpoint(config, changes))
  }
  return { endpoints: [...endpoints.values()], removed: [...leftOver.values()] }
}

function canonicalTarget(text: string): Address {
  const address = mustParseAddress(text)
  return address.kind === 'tcp' ? { ...address, host: canonicalIp(address.host) } : address
}
