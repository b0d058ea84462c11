// What one service has open and waiting, against its limits: Envoy's circuit breaker thresholds.
import type { ServiceConfig } from '../../config/schema/services.ts'

export class Load {
  limits: ServiceConfig['limits']
  budget: ServiceConfig['retryBudget']
  connections = 0
  pending = 0
  requests = 0
  /** Exchanges that are past their first attempt. */
  retries = 0
  /** Connections begun, and those of them that never came up. */
  connects = 0
  connectFailures = 0
  /** Idle ones that sent what nobody had asked for. */
  strays = 0
  /** Refused for a limit. */
  overflows = 0
  /** Retries refused for the budget. */
  retryOverflows = 0

  constructor({ limits, retryBudget }: Pick<ServiceConfig, 'limits' | 'retryBudget'>) {
    this.limits = limits
    this.budget = retryBudget
  }

  /** One more request, unless there are too many. */
  enter(): boolean {
    if (this.requests >= this.limits.requests) {
      this.overflows++
      return false
    }
    this.requests++
    return true
  }

  leave(): void {
    this.requests--
  }

  /** One more retry, unless there are too many: beyond the least number a share of what is under way, as Envoy's retry budget has it. */
  mayRetry(): boolean {
    const { percent, min } = this.budget
    const allowed = Math.max(min, Math.floor((this.requests * percent) / 100))
    if (this.retries >= allowed || this.retries >= this.limits.retries) {
      this.retryOverflows++
      return false
    }
    this.retries++
    return true
  }
}
