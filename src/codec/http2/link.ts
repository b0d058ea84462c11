// What an HTTP/2 connection is before it knows frames: a socket that is read in bursts, deadlines, and an end that the peer gets to
// know of. Errors of the protocol are thrown where they are found and end here.
// hot path: bench/macro
import type { Socket } from 'node:net'
import { Alarm } from '../../core/alarm.ts'
import type { Clock } from '../../core/clock.ts'
import type { FailureCode } from '../../core/failures.ts'
import { beginBurst, endBurst } from '../flush.ts'
import { COMPRESSION_ERROR, ConnectionError, INTERNAL_ERROR, PROTOCOL_ERROR } from './errors.ts'
import { FrameReader, type FrameSink } from './frame-reader.ts'
import { HpackError } from './hpack/field.ts'
import type { Http2Limits, LimitReason } from './limits.ts'
import { Output } from './output.ts'
import { Sender } from './sender.ts'

/** How long what the peer still sends is dropped after GOAWAY, so that it gets to read that. */
const LINGER_MS = 1000

/** Why a connection has ended: the peer or the network closed it; the peer broke the protocol; or a reason of our own. */
export type Ending = 'lost' | 'broken' | FailureCode

export abstract class Link implements FrameSink {
  readonly limits: Http2Limits
  readonly sender: Sender
  protected readonly socket: Socket
  protected readonly clock: Clock
  protected readonly reader: FrameReader
  protected readonly output: Output
  /** Highest stream of the peer's that we have taken notice of; what GOAWAY says. */
  protected lastPeerId = 0
  /** Bytes have come since somebody last looked. */
  heard = false
  #phase: 'open' | 'closing' | 'closed' = 'open'
  readonly #alarm: Alarm
  /** When the alarm strikes next. */
  #nextMs = Infinity
  #lingerMs = Infinity
  /** What the peer had not finished when it was last heard, and when it has to have. */
  #unfinished = 0
  #unfinishedMs = Infinity

  constructor(socket: Socket, limits: Http2Limits, clock: Clock) {
    this.socket = socket
    this.limits = limits
    this.clock = clock
    this.output = new Output(socket, limits.highWaterBytes, () => this.burst(() => this.sender.pump()))
    this.sender = new Sender(this.output, limits.hpackTableBytes, limits.maxUnreadBytes, () => this.#onUnread())
    this.reader = new FrameReader(this)
    this.#alarm = new Alarm(clock, () => this.burst(() => this.#ring()))
    socket.on('end', () => this.burst(() => this.end('lost', 'the peer closed the connection')))
    socket.on('error', (error) => this.burst(() => this.end('lost', error.message)))
    socket.on('close', () => this.burst(() => this.#close()))
  }

  get isOpen(): boolean {
    return this.#phase === 'open'
  }

  // reading

  abstract onFrame(bytes: Buffer, start: number, end: number): void
  abstract onDataBegin(): void
  abstract onDataPiece(bytes: Buffer): void
  abstract onDataEnd(): void
  /** Something that the peer has begun and not finished, other than a body; the same number as long as it is the same; 0: nothing. */
  protected abstract get unfinished(): number

  protected read(bytes: Buffer): void {
    if (this.#phase !== 'open') return
    beginBurst()
    try {
      this.heard = true
      this.reader.push(bytes)
      this.#watch(this.unfinished)
    } catch (error) {
      this.#onError(error)
    } finally {
      endBurst()
    }
  }

  protected burst(run: () => void): void {
    beginBurst()
    try {
      run()
    } catch (error) {
      this.#onError(error)
    } finally {
      endBurst()
    }
  }

  // time

  /** The moment `ms` from now, at which `onDeadline` is called at the latest. */
  deadlineIn(ms: number): number {
    const atMs = this.clock.nowMs() + ms
    this.wake(atMs)
    return atMs
  }

  protected wake(atMs: number): void {
    if (atMs >= this.#nextMs) return
    this.#nextMs = atMs
    this.#alarm.set(atMs)
  }

  /** Some deadline may have passed. Whoever has one that has not, asks to be woken again. */
  protected abstract onDeadline(nowMs: number): void

  #ring(): void {
    const nowMs = this.clock.nowMs()
    this.#nextMs = Infinity
    if (nowMs >= this.#lingerMs) this.socket.destroy()
    else if (this.#lingerMs !== Infinity) this.wake(this.#lingerMs)
    if (this.#phase !== 'open') return
    if (nowMs >= this.#unfinishedMs) this.goAway(PROTOCOL_ERROR, 'a frame or a head took too long')
    else if (this.#unfinishedMs !== Infinity) this.wake(this.#unfinishedMs)
    this.onDeadline(nowMs)
  }

  #watch(unfinished: number): void {
    if (unfinished === this.#unfinished) return
    this.#unfinished = unfinished
    const { headTimeoutMs } = this.limits
    this.#unfinishedMs = unfinished !== 0 && headTimeoutMs > 0 ? this.deadlineIn(headTimeoutMs) : Infinity
  }

  // ending

  /** No more is read; what has been written still leaves. */
  protected end(ending: Ending, detail: string): void {
    if (this.#phase !== 'open') return
    this.#phase = 'closing'
    this.reader.stop()
    this.onEnded(ending, detail)
    this.output.end()
    this.#linger()
  }

  /** Says GOAWAY, and that was it. */
  protected goAway(code: number, detail: string, ending: Ending = 'broken'): void {
    if (this.#phase !== 'open') return
    this.sender.goAway(this.lastPeerId, code, detail)
    this.end(ending, detail)
  }

  /** Closes at once. */
  protected kill(ending: Ending, detail: string): void {
    this.end(ending, detail)
    this.socket.destroy()
  }

  /** Exchanges under way are over, whether they are complete or not. */
  protected abstract onEnded(ending: Ending, detail: string): void
  /** The proxy's own mistake, of which its exchanges have been told. */
  protected onDefect(_error: unknown): void {}

  #onError(error: unknown): void {
    if (error instanceof ConnectionError) {
      if (error.limit !== undefined) this.struck(error.limit)
      this.goAway(error.code, error.message)
    } else if (error instanceof HpackError) this.goAway(COMPRESSION_ERROR, error.message)
    else {
      this.sender.goAway(this.lastPeerId, INTERNAL_ERROR, '')
      this.end('internal', `a defect of the proxy: ${String(error)}`)
      this.onDefect(error)
    }
  }

  protected struck(reason: LimitReason): void {
    this.limits.onLimit(reason)
  }

  /** Not from here: whoever sends is in the middle of something. */
  #onUnread(): void {
    queueMicrotask(() =>
      this.burst(() => {
        if (this.#phase !== 'open') return
        this.struck('unread_bytes')
        this.kill('broken', 'the peer does not read')
      }),
    )
  }

  #linger(): void {
    this.#lingerMs = this.deadlineIn(LINGER_MS)
  }

  #close(): void {
    this.end('lost', 'the connection was closed')
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#lingerMs = Infinity
    this.#alarm.close()
  }
}
