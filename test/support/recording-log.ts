// A log that keeps its lines for the test to look at.
import type { Log, LogFacts } from '../../src/core/log.ts'

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error'

export class RecordingLog implements Log {
  readonly lines: { readonly level: Level; readonly message: string; readonly facts: LogFacts }[]
  readonly #facts: LogFacts

  constructor(lines: RecordingLog['lines'] = [], facts: LogFacts = {}) {
    this.lines = lines
    this.#facts = facts
  }

  trace(message: string, facts?: LogFacts): void {
    this.#add('trace', message, facts)
  }

  debug(message: string, facts?: LogFacts): void {
    this.#add('debug', message, facts)
  }

  info(message: string, facts?: LogFacts): void {
    this.#add('info', message, facts)
  }

  warn(message: string, facts?: LogFacts): void {
    this.#add('warn', message, facts)
  }

  error(message: string, facts?: LogFacts): void {
    this.#add('error', message, facts)
  }

  with(facts: LogFacts): Log {
    return new RecordingLog(this.lines, { ...this.#facts, ...facts })
  }

  messages(level: Level): string[] {
    return this.lines.filter((line) => line.level === level).map((line) => line.message)
  }

  #add(level: Level, message: string, facts: LogFacts = {}): void {
    this.lines.push({ level, message, facts: { ...this.#facts, ...facts } })
  }
}
