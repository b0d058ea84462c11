// Active health checks of the endpoints of a service: each is asked again and again how it is, and so many answers in a row decide.
import type { ServiceConfig } from '../../config/schema/services.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import { type Endpoint, UNHEALTHY } from '../endpoint.ts'

export type HealthConfig = NonNullable<ServiceConfig['health']>

/** '': it is well; else what is wrong. */
export type Finding = string

export interface CheckerDeps {
  readonly clock: Clock
  /** Asks once; calls back exactly once, unless cancelled. */
  readonly probe: (endpoint: Endpoint, done: (finding: Finding) => void) => Cancel
  readonly onChange: (endpoint: Endpoint, healthy: boolean, finding: Finding) => void
}

/** New endpoints are asked at once, but not all in the same instant. */
const FIRST_WITHIN_MS = 100

interface Patient {
  /** The first finding decides at once. */
  known: boolean
  healthy: boolean
  /** Findings in a row that say otherwise. */
  against: number
  /** What is set: the next check, or the one under way. */
  next: Cancel
}

export class HealthChecker {
  readonly #config: HealthConfig
  readonly #deps: CheckerDeps
  readonly #patients = new Map<Endpoint, Patient>()

  constructor(config: HealthConfig, deps: CheckerDeps) {
    this.#config = config
    this.#deps = deps
  }

  /** The endpoints that there are. One that joins others gets traffic after its first good check. */
  use(endpoints: readonly Endpoint[]): void {
    const joins = this.#patients.size > 0
    const gone = new Set(this.#patients.keys())
    for (const endpoint of endpoints) if (!gone.delete(endpoint)) this.#admit(endpoint, joins)
    for (const endpoint of gone) this.#release(endpoint)
  }

  /** Nothing is known to be wrong with any. */
  close(): void {
    this.use([])
  }

  #admit(endpoint: Endpoint, joins: boolean): void {
    const { clock } = this.#deps
    const firstMs = clock.random() * Math.min(FIRST_WITHIN_MS, this.#config.interval)
    if (joins) endpoint.set(UNHEALTHY, true, 'not checked yet')
    const next = clock.after(firstMs, () => this.#check(endpoint))
    this.#patients.set(endpoint, { known: false, healthy: !joins, against: 0, next })
  }

  #release(endpoint: Endpoint): void {
    this.#patients.get(endpoint)?.next()
    this.#patients.delete(endpoint)
    endpoint.set(UNHEALTHY, false)
  }

  #check(endpoint: Endpoint): void {
    const patient = this.#patients.get(endpoint)
    if (patient === undefined) return
    const { clock, probe } = this.#deps
    patient.next = probe(endpoint, (finding) => {
      this.#found(endpoint, patient, finding)
      const { interval, jitter } = this.#config
      if (this.#patients.get(endpoint) === patient)
        patient.next = clock.after(interval + clock.random() * jitter, () => this.#check(endpoint))
    })
  }

  #found(endpoint: Endpoint, patient: Patient, finding: Finding): void {
    const well = finding === ''
    if (well === patient.healthy && patient.known) {
      patient.against = 0
      return
    }
    const needed = well ? this.#config.healthy : this.#config.unhealthy
    if (patient.known && ++patient.against < needed) return
    const changed = well !== patient.healthy
    patient.known = true
    patient.healthy = well
    patient.against = 0
    endpoint.set(UNHEALTHY, !well, finding)
    if (changed) this.#deps.onChange(endpoint, well, finding)
  }
}
