// What one service has open and waiting, against its limits: Envoy's circuit breaker thresholds.
import type { ServiceConfig } from '../../config/schema/services.ts'

export class Load {
  limits: ServiceConfig['limits']
  connections = 0
  pending = 0
  requests = 0
  /** Connections begun, and those of them that never came up. */
  connects = 0
  connectFailures = 0
  /** Idle ones that sent what nobody had asked for. */
  strays = 0
  /** Refused for a limit. */
  overflows = 0

  constructor(limits: ServiceConfig['limits']) {
    this.limits = limits
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
}
