// Records what has ended, once: the only writer of exchange metrics and of the access log.
// hot path: bench/micro/telemetry/record.ts
import type { AccessLog } from './access-log.ts'
import type { Tally } from './exchanges.ts'
import type { Metrics } from './metrics.ts'
import type { LiveConnection, Outcome } from './outcome.ts'

export class Recorder {
  readonly #metrics: Metrics
  #accessLog: AccessLog | undefined

  constructor(metrics: Metrics, accessLog?: AccessLog) {
    this.#metrics = metrics
    this.#accessLog = accessLog
  }

  /** What ends from now on goes there; undefined: nowhere. The former log is given back for closing. */
  useAccessLog(accessLog: AccessLog | undefined): AccessLog | undefined {
    const former = this.#accessLog
    this.#accessLog = accessLog
    return former
  }

  /**
   * A TCP connection whose destination is known. While it lasts, its bytes are read from `connection` at each scrape; give the
   * tally to `end`.
   */
  opened(connection: LiveConnection): Tally {
    return this.#metrics.opened(connection)
  }

  /** Ends an exchange or, with its tally, a TCP connection. A second call for the same outcome does nothing. */
  end(outcome: Outcome, tally?: Tally): void {
    if (outcome.recorded === true) return
    outcome.recorded = true
    if (outcome.kind === 'tcp') this.#metrics.closed(tally ?? this.#metrics.opened(outcome), outcome)
    else this.#metrics.ended(outcome)
    this.#accessLog?.write(outcome)
  }
}
