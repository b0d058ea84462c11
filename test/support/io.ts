// A command's surroundings in memory.
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Io } from '../../src/commands/io.ts'

export interface MemoryIo {
  readonly io: Io
  /** What was written, once the command has ended. */
  written(): Promise<{ stdout: string; stderr: string }>
}

export function memoryIo(stdin = ''): MemoryIo {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const io = {
    stdin: Readable.from([stdin]),
    stdout,
    stderr,
    isTerminal: false,
    env: {},
    self: [],
    stop: new AbortController().signal,
  }
  // read from the start: nothing waits for the other end
  const both = Promise.all([text(stdout), text(stderr)])
  return {
    io,
    async written() {
      stdout.end()
      stderr.end()
      const [out, err] = await both
      return { stdout: out, stderr: err }
    },
  }
}
