// Where the lines of a log go: gathered, written in one piece, never waited for. What can't be written in time is dropped and counted.
import { close, constants, fstatSync, openSync, write } from 'node:fs'
import { Socket } from 'node:net'
import type { Cancel, Clock } from '../core/clock.ts'

export interface SinkOptions {
  /** 'stdout', 'stderr' or a file, which is appended to. */
  readonly destination: string
  readonly clock: Clock
  /** How long a line may wait for others. */
  readonly gatherMs?: number
  readonly maxPendingChars?: number
  readonly onDropped?: (lines: number) => void
  /** Told once until writing works again. */
  readonly onTrouble?: (message: string) => void
}

const GATHER_MS = 100
const GATHER_CHARS = 16_384
const MAX_PENDING_CHARS = 4 * 1024 * 1024
const CLOSE_MS = 1000
const RETRY_MS = 20
const STANDARD = new Map([
  ['stdout', 1],
  ['/dev/stdout', 1],
  ['stderr', 2],
  ['/dev/stderr', 2],
])

type Done = (error: Error | null) => void

/** Something that takes one piece at a time. */
interface Outlet {
  write(piece: Buffer, done: Done): void
  close(): void
}

export class Sink {
  readonly #options: SinkOptions
  readonly #maxPendingChars: number
  #outlet: Outlet
  #lines: string[] = []
  #pendingChars = 0
  #writing = false
  #cancelFlush: Cancel | undefined
  #troubled = false
  #closed = false
  readonly #idle: (() => void)[] = []

  /** Throws when the file can't be opened. */
  constructor(options: SinkOptions) {
    this.#options = options
    this.#maxPendingChars = options.maxPendingChars ?? MAX_PENDING_CHARS
    this.#outlet = openOutlet(options.destination, options.clock)
  }

  /** `line` ends with a newline. */
  write(line: string): void {
    if (this.#closed || this.#pendingChars + line.length > this.#maxPendingChars) {
      this.#options.onDropped?.(1)
      return
    }
    this.#lines.push(line)
    this.#pendingChars += line.length
    if (this.#writing) return
    if (this.#pendingChars >= GATHER_CHARS) this.#flush()
    else this.#cancelFlush ??= this.#options.clock.after(this.#options.gatherMs ?? GATHER_MS, () => this.#flush())
  }

  /** Goes on in a file of the same name, after the old one was moved away. What is pending goes to the new one. */
  reopen(): void {
    if (this.#closed) return
    try {
      const outlet = openOutlet(this.#options.destination, this.#options.clock)
      this.#outlet.close()
      this.#outlet = outlet
    } catch (error) {
      this.#trouble(error as Error)
    }
  }

  /** Resolves when everything written so far has left, or been dropped. */
  flushed(): Promise<void> {
    this.#flush()
    if (!this.#writing) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /** Waits a second at most for a destination that takes nothing. */
  async close(): Promise<void> {
    if (this.#closed) return
    let cancel: Cancel | undefined
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(CLOSE_MS, resolve)
    })
    await Promise.race([this.flushed(), late])
    cancel?.()
    this.#closed = true
    this.#cancelFlush?.()
    this.#outlet.close()
  }

  #flush(): void {
    this.#cancelFlush?.()
    this.#cancelFlush = undefined
    if (this.#writing || this.#lines.length === 0) return
    const lines = this.#lines
    this.#lines = []
    this.#writing = true
    // they count as pending until they are out: a slow destination must not hide what waits for it
    const chars = this.#pendingChars
    this.#outlet.write(Buffer.from(lines.join('')), (error) => {
      this.#writing = false
      this.#pendingChars -= chars
      if (error === null) this.#troubled = false
      else {
        this.#options.onDropped?.(lines.length)
        this.#trouble(error)
      }
      if (this.#lines.length > 0) this.#flush()
      else for (const resolve of this.#idle.splice(0)) resolve()
    })
  }

  #trouble(error: Error): void {
    if (this.#troubled) return
    this.#troubled = true
    this.#options.onTrouble?.(`cannot write to ${this.#options.destination}: ${error.message}`)
  }
}

function openOutlet(destination: string, clock: Clock): Outlet {
  const standard = STANDARD.get(destination)
  if (standard === undefined) return outletOf(openNonBlocking(destination), true, clock)
  if (!fstatSync(standard).isFIFO()) return new FileOutlet(standard, false, clock)
  try {
    // opened anew: what shares our standard output must not find it non-blocking
    return outletOf(openNonBlocking(`/proc/self/fd/${standard}`), true, clock)
  } catch {
    return new FileOutlet(standard, false, clock)
  }
}

function openNonBlocking(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o640)
}

function outletOf(fd: number, own: boolean, clock: Clock): Outlet {
  return fstatSync(fd).isFIFO() ? new PipeOutlet(fd) : new FileOutlet(fd, own, clock)
}

class FileOutlet implements Outlet {
  readonly #fd: number
  readonly #own: boolean
  readonly #clock: Clock
  #busy = false
  #closing = false

  constructor(fd: number, own: boolean, clock: Clock) {
    this.#fd = fd
    this.#own = own
    this.#clock = clock
  }

  write(piece: Buffer, done: Done): void {
    this.#busy = true
    write(this.#fd, piece, 0, piece.length, null, (error, written) => {
      if (error === null && written < piece.length) this.write(piece.subarray(written), done)
      else if (error?.code === 'EAGAIN') this.#clock.after(RETRY_MS, () => this.write(piece, done))
      else this.#written(error, done)
    })
  }

  close(): void {
    this.#closing = true
    if (this.#own && !this.#busy) close(this.#fd, () => {})
  }

  #written(error: Error | null, done: Done): void {
    this.#busy = false
    if (this.#closing) this.close()
    done(error)
  }
}

/** A write to a pipe that nobody empties would hold a thread, and with it the end of the process; a socket can be left behind. */
class PipeOutlet implements Outlet {
  readonly #socket: Socket

  constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: false, writable: true })
    // told to whoever writes next
    this.#socket.on('error', () => {})
    this.#socket.unref()
  }

  write(piece: Buffer, done: Done): void {
    if (this.#socket.destroyed) done(new Error('its reader has gone'))
    else this.#socket.write(piece, (error) => done(error ?? null))
  }

  close(): void {
    this.#socket.destroy()
  }
}
