// What watches over the endpoints of a service and keeps traffic from those that fail: outlier detection and breakers, as configured.
import type { ServiceConfig } from '../config/schema/services.ts'
import type { Clock } from '../core/clock.ts'
import type { FailureCode } from '../core/failures.ts'
import type { Call } from './breaker/breaker.ts'
import { Breakers } from './breaker/breakers.ts'
import type { Endpoint } from './endpoint.ts'
import { OutlierDetector } from './outlier/detector.ts'

export const ENDPOINT_EVENTS = [
  'ejected',
  'not_ejected',
  'returned',
  'breaker_open',
  'breaker_half_open',
  'breaker_closed',
  'unhealthy',
  'healthy',
] as const

/** Something happened to an endpoint that decides whether it gets traffic. */
export interface EndpointEvent {
  readonly event: (typeof ENDPOINT_EVENTS)[number]
  /** '': the service as a whole. */
  readonly endpoint: string
  readonly reason: string
}

export interface GuardDeps {
  readonly clock: Clock
  readonly onEvent: (event: EndpointEvent) => void
  /** It is back after it was kept from traffic. */
  readonly onReturned: (endpoint: Endpoint) => void
}

type GuardConfig = Pick<ServiceConfig, 'outlierDetection' | 'breaker'>

/** What a failure counts as where outlier detection does not tell local failures apart, as Envoy maps them. Others say nothing of an endpoint. */
const STATUS_OF: Partial<Record<FailureCode, number>> = {
  connect_failed: 503,
  connect_timeout: 503,
  refused_stream: 503,
  upstream_reset: 503,
  upstream_protocol: 502,
  attempt_timeout: 504,
  request_timeout: 504,
  upstream_idle: 504,
}

const BREAKER_EVENTS = { open: 'breaker_open', 'half-open': 'breaker_half_open', closed: 'breaker_closed' } as const

export class Guard {
  readonly #outliers: OutlierDetector | null
  readonly #breakers: Breakers | null

  constructor({ outlierDetection, breaker }: GuardConfig, { clock, onEvent, onReturned }: GuardDeps) {
    this.#outliers =
      outlierDetection === undefined
        ? null
        : new OutlierDetector(outlierDetection, {
            clock,
            onDetected: ({ address }, detection, ejected) =>
              onEvent({ event: ejected ? 'ejected' : 'not_ejected', endpoint: address, reason: detection }),
            onReturned: (endpoint) => {
              onEvent({ event: 'returned', endpoint: endpoint.address, reason: 'the ejection is over' })
              onReturned(endpoint)
            },
          })
    this.#breakers =
      breaker === undefined
        ? null
        : new Breakers(breaker, {
            clock,
            onState: (endpoint, state) =>
              onEvent({ event: BREAKER_EVENTS[state], endpoint: endpoint?.address ?? '', reason: 'share of failures' }),
          })
  }

  use(endpoints: readonly Endpoint[]): void {
    this.#outliers?.use(endpoints)
    this.#breakers?.use(endpoints)
  }

  /** null: there are no breakers; undefined: one refuses. */
  begin(endpoint: Endpoint): Call | null | undefined {
    return this.#breakers === null ? null : this.#breakers.begin(endpoint)
  }

  /** `status`: as HTTP has it. */
  answered(endpoint: Endpoint, status: number, call: Call | null): void {
    this.#outliers?.reached(endpoint)
    this.#outliers?.answered(endpoint, status)
    if (status >= 500) call?.failed()
    else call?.succeeded()
  }

  failed(endpoint: Endpoint, code: FailureCode, call: Call | null): void {
    const status = STATUS_OF[code]
    if (status === undefined) {
      call?.givenUp()
      return
    }
    this.#outliers?.failed(endpoint, status)
    call?.failed()
  }

  /** An active health check has found it well. */
  healthy(endpoint: Endpoint): void {
    this.#outliers?.healthy(endpoint)
  }

  close(): void {
    this.#outliers?.close()
    this.#breakers?.close()
  }
}
