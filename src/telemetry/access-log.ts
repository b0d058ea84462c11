// The access log: one line for each failure and for a share of the successes, in JSON or in Istio's text format.
import type { Settings } from '../config/schema/settings.ts'
import type { Clock } from '../core/clock.ts'
import { jsonLine } from './access-log-json.ts'
import { textLine } from './access-log-text.ts'
import type { Metrics } from './metrics.ts'
import type { Outcome } from './outcome.ts'
import { Sink } from './sink.ts'
import type { Counter } from './values.ts'

interface AccessLogDeps {
  readonly clock: Clock
  readonly metrics: Metrics
  /** Told when lines can't be written. */
  readonly onTrouble: (message: string) => void
}

/** undefined when it is off. Throws, naming the setting, when its file can't be opened. */
export function openAccessLog(settings: Settings['accessLog'], deps: AccessLogDeps): AccessLog | undefined {
  const { clock, metrics, onTrouble } = deps
  if (settings.format === 'off') return undefined
  const dropped = metrics.counter('logDropped', {})
  const options = { destination: settings.file, clock, onDropped: (lines: number) => dropped.add(lines), onTrouble }
  let sink: Sink
  try {
    sink = new Sink(options)
  } catch (error) {
    throw new Error(`cannot write the access log to ${settings.file}: ${(error as Error).message} (accessLog.file)`, {
      cause: error,
    })
  }
  const line = settings.format === 'json' ? jsonLine : textLine
  return new AccessLog({ sink, line, sample: settings.sample, clock, lines: metrics.counter('logLines', {}) })
}

interface AccessLogParts {
  readonly sink: Pick<Sink, 'write' | 'reopen' | 'close'>
  readonly line: (outcome: Outcome) => string
  readonly sample: number
  readonly clock: Clock
  readonly lines: Counter
}

export class AccessLog {
  readonly #parts: AccessLogParts

  constructor(parts: AccessLogParts) {
    this.#parts = parts
  }

  write(outcome: Outcome): void {
    const { sink, line, sample, clock, lines } = this.#parts
    if (sample < 1 && !failed(outcome) && clock.random() >= sample) return
    lines.add()
    sink.write(line(outcome))
  }

  /** For whoever rotates log files: after the old one was moved away. */
  reopen(): void {
    this.#parts.sink.reopen()
  }

  close(): Promise<void> {
    return this.#parts.sink.close()
  }
}

function failed(outcome: Outcome): boolean {
  return outcome.failure !== undefined || outcome.status >= 500 || outcome.grpcStatus > 0
}
