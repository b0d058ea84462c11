// What a command may ask of its surroundings; main.ts hands it over, tests hand over their own.
import type { Readable, Writable } from 'node:stream'

export interface Io {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** Somebody looks at stderr: pretty logs instead of JSON lines. */
  readonly isTerminal: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  /** How this program is started: for commands that start it again. */
  readonly self: readonly string[]
  /** Aborted by the first SIGTERM or SIGINT: finish what is under way, then return. The second one ends the process at once. */
  readonly stop: AbortSignal
}

/** A command's answer is the exit code: 0 done, 1 failed. (2 is main.ts's: not understood.) */
export type ExitCode = 0 | 1
