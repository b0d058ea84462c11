// A logical destination: endpoints, the balancer over them, and a pool for each. Lives on through reloads, so that its connections do.

import type { HttpLimits } from '../codec/limits.ts'
import type { UpstreamConnectionOwner } from '../codec/stream.ts'
import type { EndpointConfig, ServiceConfig } from '../config/schema/services.ts'
import { serviceKey } from '../config/service-key.ts'
import type { Clock } from '../core/clock.ts'
import type { Balancer } from './balance/balancer.ts'
import { BALANCERS } from './balance/makers.ts'
import { type Endpoint, reconcile } from './endpoint.ts'
import { dial, type Protocol } from './pool/dial.ts'
import { Load } from './pool/load.ts'
import { Pool } from './pool/pool.ts'

export interface ServiceDeps {
  readonly clock: Clock
  readonly limits: HttpLimits
}

export class Service {
  readonly key: string
  readonly load: Load
  readonly #deps: ServiceDeps
  readonly #protocol: Protocol
  #config: ServiceConfig
  #endpoints: readonly Endpoint[] = []
  #balancer: Balancer

  /** `protocol`: as its callers need it; a service that is asked for CONNECT tunnels has a second one for TCP. */
  constructor(config: ServiceConfig, protocol: Protocol, deps: ServiceDeps) {
    this.key = serviceKey(config)
    this.#config = config
    this.#protocol = protocol
    this.#deps = deps
    this.load = new Load(config.limits)
    this.#balancer = BALANCERS[config.balance]([], deps.clock)
  }

  get config(): ServiceConfig {
    return this.#config
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints
  }

  /** Connections of all pools together. */
  get pools(): { open: number; idle: number } {
    const sum = { open: 0, idle: 0 }
    for (const { pool } of this.#endpoints) {
      if (!(pool instanceof Pool)) continue
      sum.open += pool.open
      sum.idle += pool.idle
    }
    return sum
  }

  /** Endpoints that stay keep their connections; those that leave finish what is under way. */
  setEndpoints(list: readonly EndpointConfig[]): void {
    const { endpoints, removed } = reconcile(this.#endpoints, list)
    this.#endpoints = endpoints
    this.#balancer = BALANCERS[this.#config.balance](endpoints, this.#deps.clock)
    // who waits there tries elsewhere
    for (const endpoint of removed) (endpoint.pool as Pool | undefined)?.close()
  }

  /** A changed configuration of the same service. */
  update(config: ServiceConfig): void {
    this.#config = config
    this.load.limits = config.limits
    this.#balancer = BALANCERS[config.balance](this.#endpoints, this.#deps.clock)
  }

  pick(exclude?: Endpoint): Endpoint | undefined {
    return this.#balancer.pick(exclude)
  }

  poolOf(endpoint: Endpoint): Pool {
    return (endpoint.pool as Pool | undefined) ?? this.#openPool(endpoint)
  }

  /** Lets go of all endpoints; exchanges under way end. */
  close(): void {
    this.setEndpoints([])
  }

  #openPool(endpoint: Endpoint): Pool {
    const { clock, limits } = this.#deps
    const pool = new Pool({
      clock,
      load: this.load,
      connectTimeoutMs: this.#config.connectTimeout,
      idleTimeoutMs: this.#config.idleTimeout,
      expectedCapacity: 1,
      dial: (owner: UpstreamConnectionOwner, preface) =>
        dial(endpoint.target, owner, { protocol: this.#protocol, limits, preface }),
    })
    endpoint.pool = pool
    return pool
  }
}
