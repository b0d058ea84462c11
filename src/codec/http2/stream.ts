// One stream, whichever side opened it: both halves of its flow control, and what waits in either direction. Sending copies what
// windows and socket take and keeps the rest of one chunk; receiving keeps what comes while the receiver is full. No more than a
// window waits either way, and no stream waits for another.
// hot path: bench/micro/codec/http2/frames.ts
import type { Fields } from '../../core/fields.ts'
import { FULL, WRITTEN, type WriteResult } from '../stream.ts'
import { ByteQueue } from './byte-queue.ts'
import type { Http2Limits } from './limits.ts'
import { ReceiveWindow } from './receive-window.ts'
import type { Sender, Sending } from './sender.ts'

/** We have ended our side. */
const LOCAL = 1
/** The peer has ended its side. */
const REMOTE = 2

/** The connection as its streams see it. */
export interface StreamHost {
  readonly sender: Sender
  readonly limits: Http2Limits
  /** What the peer lets a new stream send. */
  readonly peerStreamWindow: number
  /** The moment `ms` from now; the connection will look at its streams' deadlines then. */
  deadlineIn(ms: number): number
}

export abstract class Stream implements Sending {
  id: number
  sendWindow: number
  flagsAt = -1
  flagsEpoch = -1
  /** When the peer must have sent some bytes at last. */
  readDeadlineMs = Infinity
  /** When it must have taken some. */
  writeDeadlineMs = Infinity
  readonly #host: StreamHost
  /** Bytes of the body that are still to come; -1: not known. */
  #expected = -1
  #ended = 0
  /** The stream is out of the connection's books; nothing goes out or comes in any more. */
  #released = false
  /** What still comes is dropped. */
  #deaf = false
  // sending
  #rest: Uint8Array | undefined
  #restAt = 0
  #queued: Uint8Array[] | undefined
  #ending = false
  #trailers: Fields | undefined
  // receiving
  readonly #window: ReceiveWindow
  #full = false
  /** Bytes that the receiver had no room for after all, and refers to. */
  #refused = 0
  #inbox: ByteQueue | undefined
  #endDue = false
  #lastTrailers: Fields | undefined

  constructor(host: StreamHost, id: number) {
    this.#host = host
    this.id = id
    this.sendWindow = host.peerStreamWindow
    this.#window = new ReceiveWindow(host.limits.streamWindowBytes)
  }

  get released(): boolean {
    return this.#released
  }

  get localEnded(): boolean {
    return (this.#ended & LOCAL) !== 0
  }

  /** The peer's end has come; the receiver may not know yet. */
  get remoteEnded(): boolean {
    return (this.#ended & REMOTE) !== 0
  }

  get expected(): number {
    return this.#expected
  }

  /** The connection has forgotten the stream. */
  release(): void {
    this.#released = true
    this.readDeadlineMs = this.writeDeadlineMs = Infinity
    if (this.#rest !== undefined) this.#host.sender.leave(this)
    this.#rest = undefined
    this.#queued = undefined
    this.#inbox = undefined
  }

  // what the codec asks of the sides

  protected abstract deliver(chunk: Uint8Array): WriteResult
  protected abstract deliverEnd(trailers: Fields | undefined): void
  protected abstract deliverDrain(): void
  /** END_STREAM has gone out. */
  protected abstract onLocalEnd(): void
  /** The peer has broken a rule of messages: no more of it is taken. */
  abstract onMalformed(detail: string): void
  /** One of the deadlines has passed. */
  abstract onStalled(sending: boolean): void
  /** RST_STREAM has come. */
  abstract onReset(code: number): void
  /** We have sent RST_STREAM, as the peer has broken a rule of streams. The stream is released. */
  abstract onBroken(detail: string): void

  // sending

  write(chunk: Uint8Array): WriteResult {
    if (this.#released || this.localEnded) return WRITTEN
    if (this.#rest !== undefined) {
      this.#queued ??= []
      this.#queued.push(chunk)
      return FULL
    }
    const at = this.#host.sender.data(this, chunk, 0)
    if (at === chunk.length) return WRITTEN
    this.#wait(chunk, at)
    this.#setWriteDeadline()
    return FULL
  }

  end(trailers?: Fields): void {
    if (this.#released || this.localEnded || this.#ending) return
    this.#ending = true
    this.#trailers = trailers
    if (this.#rest === undefined) this.#sendEnd()
  }

  /** The peer has opened the stream's window, or it is the stream's turn. */
  pump(): void {
    const rest = this.#rest
    if (rest === undefined) return
    const at = this.#host.sender.data(this, rest, this.#restAt)
    if (at > this.#restAt) this.#setWriteDeadline()
    if (at < rest.length) {
      this.#wait(rest, at)
      return
    }
    const next = this.#queued?.shift()
    if (next !== undefined) {
      this.#wait(next, 0)
      return
    }
    this.#rest = undefined
    this.writeDeadlineMs = Infinity
    if (this.#ending) this.#sendEnd()
    else this.deliverDrain()
  }

  /** WINDOW_UPDATE has come, or the peer's settings have changed the window. */
  grow(bytes: number): void {
    const wasClosed = this.sendWindow <= 0
    this.sendWindow += bytes
    if (wasClosed && this.sendWindow > 0) this.pump()
  }

  /** END_STREAM has gone out with the head. */
  protected markLocalEnd(): void {
    this.#ended |= LOCAL
    this.onLocalEnd()
  }

  #sendEnd(): void {
    const trailers = this.#trailers
    if (trailers !== undefined && trailers.size > 0) this.#host.sender.trailers(this, trailers)
    else this.#host.sender.endStream(this)
    this.markLocalEnd()
  }

  /** It queues up for a turn, unless only its own window keeps it. */
  #wait(chunk: Uint8Array, at: number): void {
    this.#rest = chunk
    this.#restAt = at
    if (this.sendWindow > 0) this.#host.sender.wait(this)
  }

  #setWriteDeadline(): void {
    const { bodyTimeoutMs } = this.#host.limits
    if (bodyTimeoutMs > 0) this.writeDeadlineMs = this.#host.deadlineIn(bodyTimeoutMs)
  }

  // receiving

  /** What is announced of the body; -1: nothing. */
  protected expect(bytes: number): void {
    this.#expected = bytes
  }

  /** Nothing is taken until `resume`. */
  protected hold(): void {
    this.#full = true
  }

  /** What still comes is dropped. */
  protected turnDeaf(): void {
    this.#deaf = true
    this.#inbox = undefined
    this.readDeadlineMs = Infinity
  }

  /** The peer is expected to send something, and may not take its time. */
  protected awaitBody(): void {
    const { bodyTimeoutMs } = this.#host.limits
    if (bodyTimeoutMs > 0 && !this.remoteEnded) this.readDeadlineMs = this.#host.deadlineIn(bodyTimeoutMs)
  }

  /** Counts what flow control counts; false: more than it should have been. */
  admit(bytes: number): boolean {
    return this.#window.admit(bytes)
  }

  /** Padding: of no use, but counted. */
  skip(bytes: number): void {
    this.#take(bytes)
  }

  receive(chunk: Buffer): WriteResult {
    if (this.#deaf) return WRITTEN
    if (this.#expected >= 0) {
      this.#expected -= chunk.length
      if (this.#expected < 0) {
        this.onMalformed('more of a body than content-length said')
        return WRITTEN
      }
    }
    if (this.#full || this.#inbox !== undefined) {
      this.#inbox ??= new ByteQueue()
      this.#inbox.push(chunk)
      return WRITTEN
    }
    return this.#deliver(chunk)
  }

  /** END_STREAM has come with the head: nobody waits for an end. */
  markRemoteEnd(): void {
    this.#ended |= REMOTE
  }

  receiveEnd(trailers: Fields | undefined): void {
    if (this.#expected > 0 && !this.#deaf) {
      this.onMalformed('less of a body than content-length said')
      return
    }
    this.#ended |= REMOTE
    this.readDeadlineMs = Infinity
    if (this.#deaf) return
    if (this.#full || this.#inbox !== undefined) {
      this.#endDue = true
      this.#lastTrailers = trailers
    } else this.deliverEnd(trailers)
  }

  /** More of the body may come. */
  resume(): void {
    if (!this.#full || this.#released) return
    this.#full = false
    this.#take(this.#refused)
    this.#refused = 0
    for (let chunk = this.#inbox?.shift(); chunk !== undefined; chunk = this.#full ? undefined : this.#inbox?.shift()) {
      this.#deliver(chunk)
    }
    if (this.#inbox?.isEmpty === true) this.#inbox = undefined
    if (this.#full || this.#released) return
    if (this.#endDue) {
      this.#endDue = false
      this.deliverEnd(this.#lastTrailers)
    } else if (this.readsOnTime()) this.awaitBody()
  }

  /** Whether a pause of the peer's is a stall. */
  protected abstract readsOnTime(): boolean

  #deliver(chunk: Buffer): WriteResult {
    const result = this.deliver(chunk)
    if (this.#released) return result
    if (result === FULL) {
      this.#full = true
      this.#refused += chunk.length
      this.readDeadlineMs = Infinity
      return result
    }
    this.#take(chunk.length)
    if (this.readDeadlineMs !== Infinity) this.awaitBody()
    return result
  }

  #take(bytes: number): void {
    const growth = this.#window.release(bytes)
    if (growth > 0 && !this.remoteEnded) this.#host.sender.windowUpdate(this.id, growth)
  }
}
