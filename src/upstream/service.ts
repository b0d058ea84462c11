// A logical destination: endpoints, the balancer over them, and a pool for each. Lives on through reloads, so that its connections do.

import { isGrpc } from '../codec/grpc.ts'
import type { Http2Limits } from '../codec/http2/limits.ts'
import { ASSUMED_STREAMS } from '../codec/http2/peer-settings.ts'
import type { RequestHead } from '../codec/message.ts'
import type { UpstreamConnection, UpstreamConnectionOwner } from '../codec/stream.ts'
import type { EndpointConfig, ServiceConfig } from '../config/schema/services.ts'
import { serviceKey } from '../config/service-key.ts'
import type { Address } from '../core/address.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Identity } from '../identity/identity.ts'
import type { Hash } from './balance/xxhash.ts'
import { Choice } from './choice.ts'
import type { Endpoint } from './endpoint.ts'
import type { EndpointEvent } from './guard.ts'
import type { HealthConfig } from './health/checker.ts'
import { probe } from './health/probe.ts'
import { dial, type Protocol } from './pool/dial.ts'
import { Load } from './pool/load.ts'
import { Pool } from './pool/pool.ts'
import { type Secure, Security } from './secure/security.ts'

export interface ServiceDeps {
  readonly clock: Clock
  /** For connections from now on. */
  limits(): Http2Limits
  /** undefined: there is none. */
  readonly identity: () => Identity | undefined
  /** Where the workload runs; left out: unknown. */
  readonly zone?: string
  readonly onEndpointEvent?: (service: string, event: EndpointEvent) => void
  /** Address of this machine that connections to a host come from; left out: the kernel chooses. */
  readonly source?: (host: string) => string
}

export class Service {
  readonly key: string
  readonly load: Load
  readonly #deps: ServiceDeps
  readonly #kind: 'http' | 'tcp'
  #config: ServiceConfig
  readonly #choice: Choice
  #security: Security

  /** `kind`: as its callers need it; a service that is asked for CONNECT tunnels has a second one for TCP. */
  constructor(config: ServiceConfig, kind: 'http' | 'tcp', deps: ServiceDeps) {
    this.key = serviceKey(config)
    this.#config = config
    this.#kind = kind
    this.#deps = deps
    this.load = new Load(config)
    this.#security = new Security(config, deps.identity)
    this.#choice = new Choice(config, {
      clock: deps.clock,
      zone: deps.zone ?? '',
      onEvent: (event) => deps.onEndpointEvent?.(this.key, event),
      probe: (endpoint, health, done) => this.#probe(endpoint, health, done),
    })
  }

  get config(): ServiceConfig {
    return this.#config
  }

  get endpoints(): readonly Endpoint[] {
    return this.#choice.endpoints
  }

  /** Connections of all pools together. */
  get pools(): { open: number; idle: number } {
    const sum = { open: 0, idle: 0 }
    for (const endpoint of this.#choice.endpoints) {
      for (const pool of poolsOf(endpoint)) {
        sum.open += pool.open
        sum.idle += pool.idle
      }
    }
    return sum
  }

  /** Endpoints that stay keep their connections; those that leave finish what is under way. */
  setEndpoints(list: readonly EndpointConfig[]): void {
    // who waits there tries elsewhere
    for (const endpoint of this.#choice.setEndpoints(list)) for (const pool of poolsOf(endpoint)) pool.close()
  }

  /** A changed configuration of the same service. */
  update(config: ServiceConfig): void {
    if (JSON.stringify(config.tls) !== JSON.stringify(this.#config.tls)) this.#secureAnew(config)
    this.#config = config
    this.load.limits = config.limits
    this.load.budget = config.retryBudget
    this.#choice.update(config)
  }

  /** undefined: none is available. */
  pick(exclude?: Endpoint, hash?: Hash): Endpoint | undefined {
    return this.#choice.pick(exclude, hash)
  }

  /** Its endpoints, as attempts choose them and report on them. */
  get choice(): Choice {
    return this.#choice
  }

  /** What is spoken to its endpoints for this request; undefined: bytes. */
  speaks(request: RequestHead | undefined): Protocol {
    if (request === undefined || this.#kind === 'tcp') return 'tcp'
    switch (this.#config.protocol) {
      case 'http2':
      case 'grpc':
        return 'http2'
      case 'auto':
        return this.#multiplexes ? 'http2' : asCalled(request)
      default:
        return this.#multiplexes ? 'http2' : 'http1'
    }
  }

  /** HTTP/1.1 travels over HTTP/2. */
  get #multiplexes(): boolean {
    const { transport, tls } = this.#config
    return transport === 'h2' || (transport === 'auto' && tls.mode === 'mesh')
  }

  poolOf(endpoint: Endpoint, protocol: Protocol): Pool {
    const pool = protocol === 'http2' ? endpoint.http2Pool : endpoint.pool
    return (pool as Pool | undefined) ?? this.#openPool(endpoint, protocol)
  }

  /** Lets go of all endpoints; exchanges under way end. */
  close(): void {
    this.setEndpoints([])
    this.#choice.close()
  }

  /** Text: why there can be no connection. */
  #secure(endpoint: Endpoint, protocol: Protocol): Secure | string | undefined {
    try {
      return this.#security.of(endpoint, protocol)
    } catch (error) {
      return (error as Error).message
    }
  }

  /** Connections that were secured in another way finish what is under way. */
  #secureAnew(config: ServiceConfig): void {
    this.#security = new Security(config, this.#deps.identity)
    for (const endpoint of this.#choice.endpoints) {
      for (const pool of poolsOf(endpoint)) pool.close()
      endpoint.pool = undefined
      endpoint.http2Pool = undefined
    }
  }

  #dial(endpoint: Endpoint, owner: UpstreamConnectionOwner, how: Dialling): UpstreamConnection {
    const { clock, source } = this.#deps
    const secure = this.#secure(endpoint, how.protocol)
    return dial(how.target ?? endpoint.target, owner, {
      ...how,
      limits: this.#deps.limits(),
      spells: this.#multiplexes,
      clock,
      secure,
      source,
    })
  }

  /** One health check, on a connection as traffic has it. */
  #probe(endpoint: Endpoint, config: HealthConfig, done: (finding: string) => void): Cancel {
    const grpc = config.type === 'grpc' || this.#config.protocol === 'grpc' || this.#config.protocol === 'http2'
    const protocol = grpc && config.type !== 'tcp' ? 'http2' : 'http1'
    const { target } = endpoint
    const at = config.port !== undefined && target.kind === 'tcp' ? { ...target, port: config.port } : target
    const how = { protocol, target: at, preface: undefined, expectedCapacity: 1 } as const
    return probe(
      {
        clock: this.#deps.clock,
        config,
        host: target.kind === 'tcp' ? endpoint.address : 'localhost',
        http2: protocol === 'http2',
        dial: (owner) => this.#dial(endpoint, owner, how),
      },
      done,
    )
  }

  #openPool(endpoint: Endpoint, protocol: Protocol): Pool {
    const { clock } = this.#deps
    const pool = new Pool({
      clock,
      load: this.load,
      connectTimeoutMs: this.#config.connectTimeout,
      idleTimeoutMs: this.#config.idleTimeout,
      expectedCapacity: protocol === 'http2' ? ASSUMED_STREAMS : 1,
      dial: (owner, preface, expectedCapacity) => this.#dial(endpoint, owner, { protocol, preface, expectedCapacity }),
    })
    if (protocol === 'http2') endpoint.http2Pool = pool
    else endpoint.pool = pool
    return pool
  }
}

interface Dialling {
  readonly protocol: Protocol
  readonly preface: Buffer | undefined
  readonly expectedCapacity: number
  /** Where it is not the endpoint's own. */
  readonly target?: Address
}

function poolsOf({ pool, http2Pool }: Endpoint): Pool[] {
  return [pool, http2Pool].filter((each) => each instanceof Pool)
}

/**
 * HTTP/2 where the caller has chosen it for the sake of the one it calls: gRPC, or HTTP/2 without TLS, which nobody speaks who does not
 * know the other end. What ALPN agreed on is between the caller and us.
 */
function asCalled(request: RequestHead): Protocol {
  if (request.version !== '2' || request.spelled === true) return 'http1'
  return request.scheme === 'http' || isGrpc(request) ? 'http2' : 'http1'
}
