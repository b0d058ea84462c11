// The own log: JSON lines, or pretty ones for a terminal. The one door to pino and pino-pretty.
import { pino } from 'pino'
import type { Clock } from '../core/clock.ts'
import type { Log, LogFacts } from '../core/log.ts'
import { Sink } from './sink.ts'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface OwnLog extends Log {
  /** May be changed while running; logs made by `with` follow. */
  level: LogLevel
  /** Resolves when every line has left or been dropped. */
  flushed(): Promise<void>
  close(): Promise<void>
}

export interface OwnLogOptions {
  readonly level: LogLevel
  /** For people at a terminal instead of JSON. */
  readonly pretty: boolean
  readonly clock: Clock
  /** 'stderr' unless told otherwise. */
  readonly destination?: string
}

/** Lines soon follow what they tell of, also at a terminal. */
const GATHER_MS = 5

export async function openLog(options: OwnLogOptions): Promise<OwnLog> {
  const { clock, destination = 'stderr' } = options
  const sink = new Sink({ destination, clock, gatherMs: GATHER_MS })
  const format = options.pretty ? await prettyLine() : (line: string) => line
  const root = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.wallMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: errorFacts },
    },
    { write: (line) => sink.write(format(line)) },
  )
  return new PinoLog(root, sink)
}

async function prettyLine(): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty')
  const pretty = prettyFactory({ colorize: true, translateTime: 'HH:MM:ss.l', singleLine: true, errorLikeObjectKeys: ['error'] })
  // what the line escapes must not come to life in the terminal
  return (line) => pretty(line.replace(/\\u00(?=[01])/g, '\\\\u00'))
}

function errorFacts(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { message, stack, code } = error as NodeJS.ErrnoException
  return { message, code, stack }
}

class FactsLog implements Log {
  protected readonly root: pino.Logger
  readonly #facts: LogFacts | undefined

  constructor(root: pino.Logger, facts?: LogFacts) {
    this.root = root
    this.#facts = facts
  }

  trace(message: string, facts?: LogFacts): void {
    if (this.root.isLevelEnabled('trace')) this.root.trace(this.#all(facts), message)
  }

  debug(message: string, facts?: LogFacts): void {
    if (this.root.isLevelEnabled('debug')) this.root.debug(this.#all(facts), message)
  }

  info(message: string, facts?: LogFacts): void {
    if (this.root.isLevelEnabled('info')) this.root.info(this.#all(facts), message)
  }

  warn(message: string, facts?: LogFacts): void {
    if (this.root.isLevelEnabled('warn')) this.root.warn(this.#all(facts), message)
  }

  error(message: string, facts?: LogFacts): void {
    if (this.root.isLevelEnabled('error')) this.root.error(this.#all(facts), message)
  }

  // not pino's children: those keep the level they were born with
  with(facts: LogFacts): Log {
    return new FactsLog(this.root, this.#all(facts))
  }

  #all(facts: LogFacts | undefined): LogFacts {
    return { ...this.#facts, ...facts }
  }
}

class PinoLog extends FactsLog implements OwnLog {
  readonly #sink: Sink

  constructor(root: pino.Logger, sink: Sink) {
    super(root)
    this.#sink = sink
  }

  get level(): LogLevel {
    return this.root.level as LogLevel
  }

  set level(level: LogLevel) {
    this.root.level = level
  }

  flushed(): Promise<void> {
    return this.#sink.flushed()
  }

  close(): Promise<void> {
    return this.#sink.close()
  }
}
