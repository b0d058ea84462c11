// One address of a service and what is going on there. The same object lives on through updates of the service, so that its
// connections, counts and health survive them.
import type { EndpointConfig } from '../config/schema/services.ts'
import { type Address, canonicalIp, formatAddress, mustParseAddress } from '../core/address.ts'

/** Shared by the endpoints of one service: counts what makes balancers look at them again. */
export interface Changes {
  count: number
}

/** What keeps traffic from an endpoint; several may at once. */
export const UNHEALTHY = 1
export const EJECTED = 2
export const BREAKER_OPEN = 4
export type Trouble = typeof UNHEALTHY | typeof EJECTED | typeof BREAKER_OPEN

export const ENDPOINT_STATES = ['ready', 'unreachable', 'unhealthy', 'ejected', 'breaker_open'] as const
export type EndpointState = (typeof ENDPOINT_STATES)[number]

const STATES: readonly (readonly [Trouble, EndpointState])[] = [
  [UNHEALTHY, 'unhealthy'],
  [EJECTED, 'ejected'],
  [BREAKER_OPEN, 'breaker_open'],
]
const READY = { state: 'ready', reason: '' } as const
const UNREACHABLE = { state: 'unreachable', reason: 'the last connection did not come up' } as const

export class Endpoint {
  /** Canonical text of `target`: what makes an endpoint the same through updates, and its name in logs and admin. */
  readonly address: string
  readonly target: Address
  readonly changes: Changes
  /** Exchanges under way. Written by whoever begins and ends them, read by balancers at each pick. */
  active = 0
  /** Averaged latency, as peak_ewma keeps it, and when it was last seen. */
  latencyMs = 0
  latencyAtMs = 0
  /** Connections to it; whoever opens them keeps them here. */
  pool: unknown = undefined
  /** Those that speak HTTP/2. */
  http2Pool: unknown = undefined
  #config: EndpointConfig
  #warmth = 1
  #troubles = 0
  #reasons: Map<Trouble, string> | undefined = undefined
  #reachable = true

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
    return this.#config.weight * this.#warmth
  }

  /** What is not up to its work yet gets this share of its weight: 0 < warmth ≤ 1. */
  set warmth(value: number) {
    if (value === this.#warmth) return
    this.#warmth = value
    this.changes.count++
  }

  get priority(): number {
    return this.#config.priority ?? 0
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#config.labels
  }

  get serviceAccount(): string | undefined {
    return this.#config.serviceAccount
  }

  /** Whether balancers may choose it: health, outlier detection and breakers say so. */
  get available(): boolean {
    return this.#troubles === 0
  }

  /** Something keeps traffic from it, or no longer does. */
  set(trouble: Trouble, there: boolean, reason = ''): void {
    const before = this.#troubles
    this.#troubles = there ? before | trouble : before & ~trouble
    if ((before === 0) !== (this.#troubles === 0)) this.changes.count++
    if (there) {
      this.#reasons ??= new Map()
      this.#reasons.set(trouble, reason)
    } else this.#reasons?.delete(trouble)
  }

  /** The worst that keeps traffic from it, in a word, and why. */
  get state(): { readonly state: EndpointState; readonly reason: string } {
    for (const [trouble, state] of STATES) if (this.has(trouble)) return { state, reason: this.#reasons?.get(trouble) ?? '' }
    return this.#reachable ? READY : UNREACHABLE
  }

  has(trouble: Trouble): boolean {
    return (this.#troubles & trouble) !== 0
  }

  /** The last connection to it came up, or it is time to try again. Others are preferred to one that can't be reached. */
  get reachable(): boolean {
    return this.#reachable
  }

  set reachable(value: boolean) {
    if (value === this.#reachable) return
    this.#reachable = value
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
