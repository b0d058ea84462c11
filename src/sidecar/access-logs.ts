// The access log from one configuration to the next: it stays open where the settings of it stay the same.
import type { Settings } from '../config/schema/settings.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { openAccessLog } from '../telemetry/access-log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Recorder } from '../telemetry/record.ts'

interface AccessLogDeps {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

export class AccessLogs {
  readonly #recorder: Recorder
  readonly #deps: AccessLogDeps
  #key = ''

  constructor(recorder: Recorder, deps: AccessLogDeps) {
    this.#recorder = recorder
    this.#deps = deps
  }

  /** Opens the access log of these settings; what is returned puts it in the place of the former. Throws when it can't be opened. */
  open({ accessLog }: Settings): () => void {
    const key = JSON.stringify(accessLog)
    if (key === this.#key) return () => {}
    const { clock, log, metrics } = this.#deps
    const onTrouble = (message: string): void => log.warn(message)
    const opened = openAccessLog(accessLog, { clock, metrics, onTrouble })
    return () => {
      this.#key = key
      void this.#recorder.useAccessLog(opened)?.close()
    }
  }
}
