// What outlier detection keeps of one endpoint: failures in a row, successes within the interval, and how it was ejected.

export interface Tally {
  requests: number
  successes: number
}

interface Ceiling {
  readonly baseMs: number
  readonly maxMs: number
}

export class Monitor {
  /** In a row. */
  errors = 0
  gatewayErrors = 0
  localFailures = 0
  /** Within this interval. */
  external: Tally = { requests: 0, successes: 0 }
  local: Tally = { requests: 0, successes: 0 }
  /** Ejections, less the intervals in which all was well. */
  #times = 0
  #sinceMs = 0
  #jitterMs = 0

  answered(status: number): void {
    this.external.requests++
    if (status < 500) {
      this.external.successes++
      this.errors = 0
      this.gatewayErrors = 0
      return
    }
    this.errors++
    this.gatewayErrors = status >= 502 && status <= 504 ? this.gatewayErrors + 1 : 0
  }

  failedLocally(): void {
    this.local.requests++
    this.localFailures++
  }

  reachedLocally(): void {
    this.local.requests++
    this.local.successes++
    this.localFailures = 0
  }

  ejected(nowMs: number, jitterMs: number, { baseMs, maxMs }: Ceiling): void {
    this.#sinceMs = nowMs
    this.#jitterMs = jitterMs
    if (this.#times * baseMs < maxMs + baseMs) this.#times++
  }

  /** It has been out for long enough. */
  isDue(nowMs: number, { baseMs, maxMs }: Ceiling): boolean {
    return nowMs - this.#sinceMs >= Math.min(baseMs * this.#times, maxMs) + this.#jitterMs
  }

  /** An interval without an ejection. */
  calm(): void {
    if (this.#times > 0) this.#times--
  }

  forgetRun(detection: string): void {
    if (detection === 'consecutive5xx') this.errors = 0
    else if (detection === 'consecutiveGatewayErrors') this.gatewayErrors = 0
    else this.localFailures = 0
  }

  forgetRuns(): void {
    this.errors = 0
    this.gatewayErrors = 0
    this.localFailures = 0
  }

  nextInterval(): void {
    this.external = { requests: 0, successes: 0 }
    this.local = { requests: 0, successes: 0 }
  }
}
