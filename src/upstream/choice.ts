// The endpoints of a service, and which of them the next attempt goes to: balancer, levels, slow start, and what keeps traffic away.
// hot path: bench/micro/upstream/balance.ts
import { isDeepStrictEqual } from 'node:util'
import type { EndpointConfig, ServiceConfig } from '../config/schema/services.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { FailureCode } from '../core/failures.ts'
import { arrange } from './balance/arrange.ts'
import type { Balancer } from './balance/balancer.ts'
import { observeLatency } from './balance/peak-ewma.ts'
import { compileHash, type RequestHash } from './balance/request-hash.ts'
import type { Hash } from './balance/xxhash.ts'
import type { Call } from './breaker/breaker.ts'
import { type Endpoint, reconcile } from './endpoint.ts'
import { type EndpointEvent, Guard } from './guard.ts'
import { type Finding, HealthChecker, type HealthConfig } from './health/checker.ts'
import { Reach } from './reach.ts'
import { SlowStart } from './slow-start.ts'

export interface ChoiceDeps {
  readonly clock: Clock
  /** Where the workload runs; '': unknown. */
  readonly zone: string
  readonly onEvent: (event: EndpointEvent) => void
  /** One health check. */
  readonly probe: (endpoint: Endpoint, config: HealthConfig, done: (finding: Finding) => void) => Cancel
}

export class Choice {
  /** What requests are placed by; null: by chance. */
  hash: RequestHash | null = null
  endpoints: readonly Endpoint[] = []
  readonly #deps: ChoiceDeps
  readonly #reach: Reach
  #config: ServiceConfig
  #balancer: Balancer
  #slowStart: SlowStart | null = null
  #guard: Guard | null = null
  #health: HealthChecker | null = null

  constructor(config: ServiceConfig, deps: ChoiceDeps) {
    this.#deps = deps
    this.#config = config
    this.#reach = new Reach(deps.clock)
    this.#balancer = arrange([], config, deps)
    this.#configure(config)
  }

  /** Takes a new list; returns the endpoints that are gone. */
  setEndpoints(list: readonly EndpointConfig[]): Endpoint[] {
    const former = new Set(this.endpoints)
    const { endpoints, removed } = reconcile(this.endpoints, list)
    this.endpoints = endpoints
    this.#balancer = arrange(endpoints, this.#config, this.#deps)
    this.#guard?.use(endpoints)
    this.#health?.use(endpoints)
    for (const endpoint of removed) this.#reach.forget(endpoint)
    // those that are new all together have nobody to be spared by
    if (former.size > 0) for (const endpoint of endpoints) if (!former.has(endpoint)) this.#slowStart?.begin(endpoint)
    return removed
  }

  update(config: ServiceConfig): void {
    const former = this.#config
    this.#config = config
    if (!isDeepStrictEqual(balancing(former), balancing(config))) this.#balancer = arrange(this.endpoints, config, this.#deps)
    if (!isDeepStrictEqual(guarding(former), guarding(config))) this.#configure(config)
  }

  /** undefined: none is available, or each has as much as it may. */
  pick(exclude: Endpoint | undefined, hash: Hash | undefined): Endpoint | undefined {
    const picked = this.#balancer.pick(exclude, hash)
    const most = this.#config.limits.endpoint.requests
    if (picked === undefined || picked.active < most) return picked
    const other = this.#balancer.pick(picked, hash)
    return other === undefined || other.active >= most
      ? this.endpoints.find(({ active, available }) => available && active < most)
      : other
  }

  /** Some could be picked, were it not for their limit. */
  get isFull(): boolean {
    return this.endpoints.some(({ available }) => available)
  }

  /** null: nothing counts its calls; undefined: its breaker refuses. */
  begin(endpoint: Endpoint): Call | null | undefined {
    return this.#guard === null ? null : this.#guard.begin(endpoint)
  }

  /** A response head came, after so long. `status`: as HTTP has it. */
  answered(endpoint: Endpoint, status: number, ms: number, call: Call | null): void {
    this.#reach.reached(endpoint)
    // to fail fast is no merit
    if (this.#config.balance === 'peak_ewma')
      observeLatency(endpoint, status < 500 ? ms : Math.max(ms, endpoint.latencyMs), this.#deps.clock.nowMs())
    if (this.#guard !== null) this.#guard.answered(endpoint, status, call)
  }

  failed(endpoint: Endpoint, code: FailureCode, call: Call | null): void {
    if (code === 'connect_failed' || code === 'connect_timeout') this.#reach.failed(endpoint)
    if (this.#guard !== null) this.#guard.failed(endpoint, code, call)
  }

  close(): void {
    this.#health?.close()
    this.#guard?.close()
    this.#slowStart?.close()
    this.#reach.close()
  }

  #configure(config: ServiceConfig): void {
    const { clock, onEvent } = this.#deps
    this.hash = config.hash === undefined ? null : compileHash(config.hash)
    this.#slowStart?.close()
    this.#slowStart = config.slowStart === undefined ? null : new SlowStart(config.slowStart, clock)
    this.#guard?.close()
    const guarded = config.outlierDetection !== undefined || config.breaker !== undefined
    this.#guard = guarded
      ? new Guard(config, { clock, onEvent, onReturned: (endpoint) => this.#slowStart?.begin(endpoint) })
      : null
    this.#guard?.use(this.endpoints)
    this.#health?.close()
    this.#health = config.health === undefined ? null : this.#checker(config.health)
    this.#health?.use(this.endpoints)
  }

  #checker(config: HealthConfig): HealthChecker {
    const { clock, onEvent, probe } = this.#deps
    return new HealthChecker(config, {
      clock,
      probe: (endpoint, done) => probe(endpoint, config, done),
      onChange: (endpoint, healthy, finding) => {
        onEvent({ event: healthy ? 'healthy' : 'unhealthy', endpoint: endpoint.address, reason: finding })
        if (!healthy) return
        this.#guard?.healthy(endpoint)
        this.#slowStart?.begin(endpoint)
      },
    })
  }
}

function balancing({ balance, locality, panicThreshold }: ServiceConfig): unknown {
  return { balance, locality, panicThreshold }
}

function guarding({ hash, slowStart, outlierDetection, breaker, health }: ServiceConfig): unknown {
  return { hash, slowStart, outlierDetection, breaker, health }
}
