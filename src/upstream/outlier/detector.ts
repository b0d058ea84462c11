// Outlier detection, as Envoy documents it: endpoints that fail several times in a row, or much more often than others, are ejected for a
// while, which grows with each time, and never too many at once.
import type { ServiceConfig } from '../../config/schema/services.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import { EJECTED, type Endpoint } from '../endpoint.ts'
import { Monitor } from './monitor.ts'
import { isFarBelow, type Rate, rateOf } from './rates.ts'

export type OutlierConfig = NonNullable<ServiceConfig['outlierDetection']>
export type Detection = keyof OutlierConfig['enforcing']

export interface DetectorDeps {
  readonly clock: Clock
  /** Something was detected; `ejected`: and acted upon. */
  readonly onDetected: (endpoint: Endpoint, detection: Detection, ejected: boolean) => void
  readonly onReturned: (endpoint: Endpoint) => void
}

export class OutlierDetector {
  readonly #config: OutlierConfig
  readonly #deps: DetectorDeps
  readonly #monitors = new Map<Endpoint, Monitor>()
  readonly #timer: Cancel
  #ejected = 0

  constructor(config: OutlierConfig, deps: DetectorDeps) {
    this.#config = config
    this.#deps = deps
    this.#timer = deps.clock.every(config.interval, () => this.#sweep())
  }

  /** Endpoints that are ejected now. */
  get ejected(): number {
    return this.#ejected
  }

  /** The endpoints that there are. */
  use(endpoints: readonly Endpoint[]): void {
    const gone = new Set(this.#monitors.keys())
    for (const endpoint of endpoints) {
      gone.delete(endpoint)
      if (!this.#monitors.has(endpoint)) this.#monitors.set(endpoint, new Monitor())
    }
    for (const endpoint of gone) {
      this.#monitors.delete(endpoint)
      if (endpoint.has(EJECTED)) this.#release(endpoint)
    }
  }

  /** The endpoint answered with this HTTP status; failures that are not told apart count as one. */
  answered(endpoint: Endpoint, status: number): void {
    const monitor = this.#monitors.get(endpoint)
    if (monitor === undefined) return
    const { consecutive5xx, consecutiveGatewayErrors } = this.#config
    monitor.answered(status)
    if (monitor.gatewayErrors === consecutiveGatewayErrors) this.#inARow(endpoint, monitor, 'consecutiveGatewayErrors')
    if (monitor.errors === consecutive5xx) this.#inARow(endpoint, monitor, 'consecutive5xx')
  }

  /** It could not be reached, or did not answer. `status`: what that counts as, where local failures are not told apart. */
  failed(endpoint: Endpoint, status: number): void {
    if (!this.#config.splitLocal) {
      this.answered(endpoint, status)
      return
    }
    const monitor = this.#monitors.get(endpoint)
    if (monitor === undefined) return
    monitor.failedLocally()
    if (monitor.localFailures === this.#config.consecutiveLocalFailures)
      this.#inARow(endpoint, monitor, 'consecutiveLocalFailures')
  }

  /** It was reached, whatever it then answers. */
  reached(endpoint: Endpoint): void {
    if (this.#config.splitLocal) this.#monitors.get(endpoint)?.reachedLocally()
  }

  /** An active health check has found it well: it comes back at once. */
  healthy(endpoint: Endpoint): void {
    const monitor = this.#monitors.get(endpoint)
    if (monitor !== undefined && endpoint.has(EJECTED)) this.#bringBack(endpoint, monitor)
  }

  /** All come back. */
  close(): void {
    this.#timer()
    this.use([])
  }

  #inARow(endpoint: Endpoint, monitor: Monitor, detection: Detection): void {
    if (endpoint.has(EJECTED)) return
    this.#detected(endpoint, monitor, detection)
    monitor.forgetRun(detection)
  }

  #detected(endpoint: Endpoint, monitor: Monitor, detection: Detection): void {
    const { clock, onDetected } = this.#deps
    const { maxEjectionPercent, enforcing, ejectionJitter } = this.#config
    const room = this.#ejected === 0 || (this.#ejected * 100) / this.#monitors.size < maxEjectionPercent
    const ejects = room && !endpoint.has(EJECTED) && clock.random() * 100 < enforcing[detection]
    if (ejects) {
      this.#ejected++
      monitor.ejected(clock.nowMs(), clock.random() * ejectionJitter, this.#ceiling)
      endpoint.set(EJECTED, true, REASONS[detection])
    }
    onDetected(endpoint, detection, ejects)
  }

  get #ceiling(): { readonly baseMs: number; readonly maxMs: number } {
    const { baseEjection, maxEjection } = this.#config
    return { baseMs: baseEjection, maxMs: Math.max(baseEjection, maxEjection) }
  }

  #sweep(): void {
    const nowMs = this.#deps.clock.nowMs()
    for (const [endpoint, monitor] of this.#monitors) {
      if (!endpoint.has(EJECTED)) monitor.calm()
      else if (monitor.isDue(nowMs, this.#ceiling)) this.#bringBack(endpoint, monitor)
    }
    this.#compare('external', 'successRate', 'failurePercentage')
    this.#compare('local', 'localSuccessRate', 'localFailurePercentage')
    for (const monitor of this.#monitors.values()) monitor.nextInterval()
  }

  #compare(origin: 'external' | 'local', bySuccess: Detection, byFailures: Detection): void {
    const { successRate, failurePercentage } = this.#config
    const rates: Rate[] = []
    for (const [endpoint, monitor] of this.#monitors) {
      const rate = endpoint.has(EJECTED) ? undefined : rateOf(endpoint, monitor[origin])
      if (rate !== undefined) rates.push(rate)
    }
    const comparable = rates.filter(({ requests }) => requests >= successRate.minRequests)
    if (comparable.length > 0 && comparable.length >= successRate.minHosts) {
      const below = isFarBelow(comparable, successRate.deviations)
      for (const rate of comparable) if (below(rate)) this.#detectedBy(rate, bySuccess)
    }
    const counted = rates.filter(({ requests }) => requests >= failurePercentage.minRequests)
    if (counted.length === 0 || counted.length < failurePercentage.minHosts) return
    for (const rate of counted) if (100 - rate.percent >= failurePercentage.threshold) this.#detectedBy(rate, byFailures)
  }

  #detectedBy({ endpoint }: Rate, detection: Detection): void {
    this.#detected(endpoint, this.#monitors.get(endpoint) as Monitor, detection)
  }

  #bringBack(endpoint: Endpoint, monitor: Monitor): void {
    monitor.forgetRuns()
    this.#release(endpoint)
    this.#deps.onReturned(endpoint)
  }

  #release(endpoint: Endpoint): void {
    this.#ejected--
    endpoint.set(EJECTED, false)
  }
}

const REASONS: Readonly<Record<Detection, string>> = {
  consecutive5xx: 'too many responses of 500 and more in a row',
  consecutiveGatewayErrors: 'too many responses of 502, 503 and 504 in a row',
  consecutiveLocalFailures: 'could not be reached, or did not answer, too many times in a row',
  successRate: 'far fewer successes than the others',
  localSuccessRate: 'reached far less often than the others',
  failurePercentage: 'too large a share of failures',
  localFailurePercentage: 'too large a share of failures to reach it',
}
