// The own log as everybody but telemetry sees it.

export type LogFacts = Readonly<Record<string, unknown>>

export interface Log {
  trace(message: string, facts?: LogFacts): void
  debug(message: string, facts?: LogFacts): void
  info(message: string, facts?: LogFacts): void
  warn(message: string, facts?: LogFacts): void
  error(message: string, facts?: LogFacts): void
  /** A log that adds `facts` to every line and follows the level of this one. */
  with(facts: LogFacts): Log
}
