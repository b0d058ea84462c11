// The breakers of a service: one for each endpoint that has been asked, or one for all of them.
import type { Clock } from '../../core/clock.ts'
import { BREAKER_OPEN, type Endpoint } from '../endpoint.ts'
import { Breaker, type BreakerConfig, type BreakerState, type Call, Rotation } from './breaker.ts'

export interface BreakersDeps {
  readonly clock: Clock
  /** `endpoint`: undefined: of the service as a whole. */
  readonly onState: (endpoint: Endpoint | undefined, state: BreakerState) => void
}

export class Breakers {
  readonly #config: BreakerConfig
  readonly #deps: BreakersDeps
  readonly #rotation: Rotation
  readonly #ofEndpoints = new Map<Endpoint, Breaker>()
  readonly #whole: Breaker | undefined

  constructor(config: BreakerConfig, deps: BreakersDeps) {
    this.#config = config
    this.#deps = deps
    this.#rotation = new Rotation(config, deps.clock)
    if (config.scope === 'service') this.#whole = this.#make(undefined)
  }

  /** undefined: refused. */
  begin(endpoint: Endpoint): Call | undefined {
    if (this.#whole !== undefined) return this.#whole.begin()
    let breaker = this.#ofEndpoints.get(endpoint)
    if (breaker === undefined) {
      breaker = this.#make(endpoint)
      this.#ofEndpoints.set(endpoint, breaker)
    }
    const call = breaker.begin()
    // the probe is on its way: nobody else until it has ended
    if (call !== undefined && breaker.state === 'half-open') endpoint.set(BREAKER_OPEN, true, 'a probe is under way')
    return call
  }

  /** State of an endpoint's breaker, or of the one for all. */
  stateOf(endpoint: Endpoint): BreakerState {
    return (this.#whole ?? this.#ofEndpoints.get(endpoint))?.state ?? 'closed'
  }

  /** The endpoints that there are. */
  use(endpoints: readonly Endpoint[]): void {
    const gone = new Set(this.#ofEndpoints.keys())
    for (const endpoint of endpoints) gone.delete(endpoint)
    for (const endpoint of gone) {
      this.#ofEndpoints.get(endpoint)?.close()
      this.#ofEndpoints.delete(endpoint)
      endpoint.set(BREAKER_OPEN, false)
    }
  }

  close(): void {
    this.use([])
    this.#whole?.close()
    this.#rotation.close()
  }

  #make(endpoint: Endpoint | undefined): Breaker {
    return new Breaker(this.#config, {
      clock: this.#deps.clock,
      rotation: this.#rotation,
      onState: (state) => {
        endpoint?.set(BREAKER_OPEN, state === 'open', 'too large a share of failures')
        this.#deps.onState(endpoint, state)
      },
    })
  }
}
