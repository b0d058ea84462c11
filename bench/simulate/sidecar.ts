// One simulated sidecar: production's choice of endpoints, with outlier detection and breaker, its retry policy, repeats and budget. Only
// what is around them is made up: connections, and how an exchange strings its attempts together (src/exchange/attempts.ts).
import type { RequestHead } from '../../src/codec/message.ts'
import { retry } from '../../src/config/schema/retries.ts'
import { type ServiceConfig, serviceSchema } from '../../src/config/schema/services.ts'
import { AlarmPool } from '../../src/core/alarm.ts'
import { FAILURES, type FailureCode } from '../../src/core/failures.ts'
import { Fields } from '../../src/core/fields.ts'
import { Deadlines } from '../../src/exchange/deadlines.ts'
import { Repeats } from '../../src/exchange/repeats.ts'
import { RequestBody } from '../../src/exchange/request-body.ts'
import { RetryPolicy } from '../../src/routing/retry-policy.ts'
import { hashOf } from '../../src/upstream/balance/request-hash.ts'
import { Choice } from '../../src/upstream/choice.ts'
import type { Endpoint } from '../../src/upstream/endpoint.ts'
import { Load } from '../../src/upstream/pool/load.ts'
import type { SimulatedClock } from './clock.ts'

/** What an endpoint makes of an attempt; `code`: it failed before it was answered. */
export interface Answer {
  readonly ms: number
  readonly status: number
  readonly code?: FailureCode
}

export interface SidecarDeps {
  readonly clock: SimulatedClock
  readonly service: Record<string, unknown>
  readonly zone: string
  /** Sends an attempt to the endpoint of this address. */
  readonly send: (address: string) => Answer
}

const POLICY = new RetryPolicy(retry.parse({ on: ['5xx', 'reset', 'connect-failure'] }))
const ATTEMPT_MS = 1000
const REQUEST_MS = 5000
const NO_OWNER = { fail: () => {}, streaming: false, onAttemptTimeout: () => {}, onHedge: () => {}, onHeldLong: () => {} }
const TIMES = { requestMs: REQUEST_MS, attemptMs: 0, idleMs: 0, streamIdleMs: 0, maxStreamMs: 0 }

export class SimulatedSidecar {
  readonly #deps: SidecarDeps
  readonly #choice: Choice
  readonly #load: Load
  readonly #alarms: AlarmPool
  readonly #hashes: boolean

  constructor(deps: SidecarDeps) {
    this.#deps = deps
    const config: ServiceConfig = serviceSchema.parse({ name: 'simulated', port: 80, ...deps.service })
    this.#hashes = config.balance === 'ring_hash' || config.balance === 'maglev'
    this.#choice = new Choice(config, { clock: deps.clock, zone: deps.zone, onEvent: () => {}, probe: () => () => {} })
    this.#choice.setEndpoints(config.endpoints)
    this.#load = new Load(config)
    this.#alarms = new AlarmPool(deps.clock)
  }

  /** One request; `done`: whether it was answered well. `user`: whom it is for. */
  request(user: number, done: (good: boolean) => void): void {
    const { clock } = this.#deps
    if (!this.#load.enter()) return done(false)
    const deadlines = new Deadlines(clock, this.#alarms, NO_OWNER)
    deadlines.begin(clock.nowMs(), TIMES, 0)
    const repeats = new Repeats(POLICY, {
      request: { method: 'GET', fields: new Fields() } as RequestHead,
      load: this.#load,
      body: new RequestBody(true),
      deadlines,
      clock,
    })
    const hash = this.#hashes ? hashOf(String(user)) : undefined
    const end = (good: boolean): void => {
      repeats.close()
      deadlines.close()
      this.#load.leave()
      done(good)
    }
    const attempt = (made: number, tried: Endpoint | undefined): void => {
      const endpoint = this.#choice.pick(tried, hash)
      const call = endpoint === undefined ? undefined : this.#choice.begin(endpoint)
      if (endpoint === undefined || call === undefined) return end(false)
      const answer = this.#deps.send(endpoint.address)
      endpoint.active++
      const late = answer.ms > ATTEMPT_MS
      clock.after(Math.min(answer.ms, ATTEMPT_MS), () => {
        endpoint.active--
        const code = late ? 'attempt_timeout' : answer.code
        if (code === undefined) this.#choice.answered(endpoint, answer.status, answer.ms, call)
        else this.#choice.failed(endpoint, code, call)
        if (code === undefined && answer.status < 500) return end(true)
        const other = this.#choice.pick(endpoint, hash)
        if (code !== undefined && repeats.replaces(code, other !== undefined && other !== endpoint && other.reachable)) {
          repeats.replaced++
          return attempt(made + 1, endpoint)
        }
        const pauseMs = code === undefined ? repeats.afterResponse(new Fields(), made) : repeats.afterFailure(code, made)
        if (pauseMs === undefined) return end(false)
        clock.after(pauseMs, () => attempt(made + 1, endpoint))
      })
    }
    attempt(1, undefined)
  }

  close(): void {
    this.#choice.close()
  }
}

/** Whether an attempt that ended so has cost its endpoint anything. */
export function reached(answer: Answer): boolean {
  return answer.code === undefined || FAILURES[answer.code].retry !== 'always'
}
