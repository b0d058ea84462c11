// An HTTP/1 connection from downstream: one exchange at a time, pipelined requests answered in order.
// hot path: bench/macro
import type { Socket } from 'node:net'
import { Alarm } from '../../core/alarm.ts'
import type { Clock } from '../../core/clock.ts'
import type { FailureCode } from '../../core/failures.ts'
import type { Fields } from '../../core/fields.ts'
import { beginBurst, endBurst } from '../flush.ts'
import type { HttpLimits } from '../limits.ts'
import type { RequestHead, ResponseHead } from '../message.ts'
import { resetSocket } from '../reset.ts'
import {
  type DownstreamConnection,
  type DownstreamHandler,
  type DownstreamReceiver,
  type DownstreamStream,
  FULL,
  WRITTEN,
  type WriteResult,
} from '../stream.ts'
import { Wire } from '../wire.ts'
import { Answer } from './answer.ts'
import { BAD, BodyReader, DONE, MORE } from './body.ts'
import { HeadReader, NO_BODY, TUNNEL } from './head.ts'
import { type Consumer, headText, Inlet, isHopeless } from './inlet.ts'

/** How long what the caller still sends is read and dropped after a last response, so that it gets to read that response. */
const LINGER_MS = 1000
/** Bytes of a request body that nobody wants any more that are read for the sake of the connection. */
const MAX_DISCARDED = 65_536
const CR = 13
const LF = 10
const HEAD_START = 72

/**
 * idle: between exchanges; request: its body is being read; discard: the same, after the response; waiting: for the response;
 * lingering: the last response is out, what comes is dropped; closed.
 */
type Phase = 'idle' | 'request' | 'discard' | 'waiting' | 'lingering' | 'closed'

export interface Http1DownstreamOptions {
  readonly limits: HttpLimits
  readonly clock: Clock
  readonly scheme: 'http' | 'https'
}

export class Http1Downstream implements DownstreamStream, DownstreamConnection, Consumer {
  readonly #socket: Socket
  readonly #handler: DownstreamHandler
  readonly #limits: HttpLimits
  readonly #clock: Clock
  readonly #scheme: 'http' | 'https'
  readonly #wire: Wire
  readonly #answer: Answer
  readonly #inlet: Inlet
  readonly #heads: HeadReader
  readonly #body: BodyReader
  readonly #alarm: Alarm
  #phase: Phase = 'idle'
  /** A head has begun to arrive. */
  #begun = false
  #receiver: DownstreamReceiver | undefined
  #request: RequestHead | undefined
  #answering = false
  #persistent = true
  #draining = false
  /** The peer has ended its side. */
  #ended = false
  /** The peer takes no bytes at the moment. */
  #stalled = false
  #discarded = 0
  /** What came is a HEAD, even if a malformed one: its answer has no body. */
  #mute = false

  constructor(socket: Socket, handler: DownstreamHandler, { limits, clock, scheme }: Http1DownstreamOptions) {
    this.#socket = socket
    this.#handler = handler
    this.#limits = limits
    this.#clock = clock
    this.#scheme = scheme
    this.#wire = new Wire(socket)
    this.#answer = new Answer(this.#wire)
    this.#inlet = new Inlet(socket, this, limits.maxHeadBytes + MAX_DISCARDED)
    this.#heads = new HeadReader(limits)
    this.#body = new BodyReader(this.#heads, limits.maxHeadBytes)
    this.#alarm = new Alarm(clock, () => this.#burst(() => this.#timedOut()))
    this.#wait(limits.headTimeoutMs > 0 ? limits.headTimeoutMs : limits.idleTimeoutMs)
    socket.on('data', (chunk: Buffer) => this.push(chunk))
    socket.on('drain', () => this.#burst(() => this.#drained()))
    socket.on('end', () => this.#burst(() => this.#peerEnded()))
    socket.on('error', () => {}) // 'close' follows
    socket.on('close', () => this.#burst(() => this.#gone('downstream_gone', 'the connection was closed')))
  }

  /** Bytes that have arrived, also those that were read before this codec was chosen. */
  push(chunk: Buffer): void {
    beginBurst()
    try {
      this.#inlet.push(chunk, false)
    } catch (error) {
      this.#defect(error)
    } finally {
      endBurst()
    }
  }

  get active(): number {
    return this.#answering ? 1 : 0
  }

  // what the exchange asks

  inform(head: ResponseHead): void {
    if (this.#request?.version !== '1.0') this.#answer.inform(head)
  }

  respond(head: ResponseHead, end: boolean): void {
    const waits = this.#phase === 'request' && this.#request?.expectsContinue === true
    const persistent = this.#persistent && !this.#draining && !waits
    this.#persistent = this.#answer.begin(head, end, this.#request, persistent)
    if (end) this.#finishResponse()
    else if (this.#answer.tunnels) this.#openTunnel()
  }

  write(chunk: Uint8Array): WriteResult {
    if (this.#mute) return WRITTEN
    const result = this.#answer.write(chunk)
    if (result === FULL) {
      this.#stalled = true
      this.#wait(this.#limits.bodyTimeoutMs)
    }
    return result
  }

  end(trailers?: Fields): void {
    this.#answer.end(trailers)
    if (this.#answer.tunnels) this.#endTunnel()
    else this.#finishResponse()
  }

  abort(_code: FailureCode): void {
    this.#receiver = undefined
    this.#close()
    if (this.#answer.endsByClose) resetSocket(this.#socket)
    else this.#socket.destroy()
  }

  resume(): void {
    if (this.#phase === 'request' && this.#body.framing !== TUNNEL) this.#wait(this.#limits.bodyTimeoutMs)
    this.#burst(() => this.#inlet.resume())
  }

  // what the listener asks

  drain(): void {
    this.#draining = true
  }

  finish(): void {
    this.#draining = true
    if (!this.#answering) this.#linger()
  }

  destroy(code: FailureCode): void {
    this.#burst(() => this.#gone(code, 'closed by the proxy'))
    this.#socket.destroy()
  }

  // reading

  consume(bytes: Buffer, from: number, end: number): number {
    let at = from
    for (;;) {
      switch (this.#phase) {
        case 'idle': {
          const next = at === end ? -1 : this.#readHead(bytes, at, end)
          if (next < 0) return this.#dropping ? end : at
          at = next
          break
        }
        case 'request':
        case 'discard':
          if (this.#inlet.full) return at
          if (!this.#readBody(bytes, at, end)) return this.#dropping ? end : this.#body.at
          at = this.#body.at
          break
        case 'waiting':
          return at
        default:
          return end
      }
    }
  }

  get #dropping(): boolean {
    return this.#phase === 'lingering' || this.#phase === 'closed'
  }

  /** Where the head ends, or -1 when it does not. */
  #readHead(bytes: Buffer, from: number, end: number): number {
    let at = from
    // RFC 9112 §2.2: one empty line in front is forgiven; it is read again with what follows
    if (bytes[at] === CR && (at + 1 === end || bytes[at + 1] === LF)) at += 2
    if (at >= end) return this.#beginHead()
    const headEnd = this.#inlet.headEnd(bytes, at, end)
    const length = (headEnd < 0 ? end : headEnd) - at
    this.#mute = bytes[at] === HEAD_START && isHead(bytes, at, end)
    if (length > this.#limits.maxHeadBytes) return this.#refuse('head_too_large', 'too many bytes')
    if (headEnd < 0) {
      if (isHopeless(bytes, at, end)) return this.#refuse('bad_request', 'a line end that is none, or NUL')
      return this.#beginHead()
    }
    const head = this.#heads.request(headText(bytes, at, headEnd))
    if (head === undefined) return this.#refuse(this.#heads.failure, this.#heads.detail)
    head.scheme = this.#scheme
    this.#startExchange(head)
    return headEnd + 2
  }

  /** Some bytes of a head are there: the rest must come in time. */
  #beginHead(): -1 {
    if (!this.#begun) {
      this.#begun = true
      this.#wait(this.#limits.headTimeoutMs)
    }
    return -1
  }

  #startExchange(head: RequestHead): void {
    const end = this.#heads.framing === NO_BODY
    this.#begun = false
    this.#request = head
    this.#answering = true
    this.#answer.reset()
    this.#persistent = this.#heads.persistent
    this.#body.begin(this.#heads.framing, head.bodyLength)
    this.#phase = end ? 'waiting' : 'request'
    this.#wait(end ? 0 : this.#limits.bodyTimeoutMs)
    const receiver = this.#handler.onRequest(this, head, end)
    // it may have been answered already
    if (this.#answering) this.#receiver = receiver
  }

  /** Whether to read on. */
  #readBody(bytes: Buffer, from: number, end: number): boolean {
    const body = this.#body
    const what = body.next(bytes, from, end)
    if (what === MORE) return false
    if (this.#phase === 'discard') return this.#discardBody(what)
    if (what === BAD) {
      this.#breakOff('bad_request', body.problem)
      return false
    }
    if (what === DONE) {
      this.#phase = 'waiting'
      if (!this.#stalled) this.#alarm.clear()
      this.#receiver?.onRequestEnd(body.trailers)
      return true
    }
    if (body.framing !== TUNNEL && !this.#stalled) this.#wait(this.#limits.bodyTimeoutMs)
    if (this.#receiver?.onRequestData(bytes.subarray(body.start, body.stop)) === FULL) {
      if (!this.#stalled) this.#alarm.clear()
      this.#inlet.fill()
    }
    return true
  }

  #discardBody(what: typeof BAD | typeof DONE | 0): boolean {
    this.#discarded += this.#body.stop - this.#body.start
    if (what === BAD || this.#discarded > MAX_DISCARDED) {
      this.#linger()
      return false
    }
    if (what === DONE) this.#becomeIdle()
    return true
  }

  #peerEnded(): void {
    this.#ended = true
    if (this.#phase === 'request' && this.#body.framing === TUNNEL) {
      const receiver = this.#receiver
      this.#phase = 'waiting'
      if (!this.#answering) this.#linger()
      receiver?.onRequestEnd()
      return
    }
    if (this.#phase === 'lingering') {
      this.#socket.destroySoon()
      return
    }
    // RFC 9112 §9.5 lets us take it for gone, as nginx and Envoy do: a response that nobody wants is not worth the work
    this.#fail('downstream_gone', 'the caller closed the connection')
  }

  // writing

  #openTunnel(): void {
    this.#body.begin(TUNNEL, 0)
    this.#phase = 'request'
    this.#alarm.clear()
    this.#inlet.resume()
  }

  #endTunnel(): void {
    this.#answering = false
    if (this.#phase === 'request') this.#wire.end()
    else this.#linger()
  }

  #finishResponse(): void {
    this.#answering = false
    this.#receiver = undefined
    if (!this.#persistent) {
      this.#linger()
    } else if (this.#phase === 'request') {
      this.#phase = 'discard'
      this.#discarded = 0
      this.#body.stop = this.#body.start
      this.#wait(LINGER_MS)
      this.#inlet.resume()
    } else if (this.#phase === 'waiting') {
      this.#becomeIdle()
      this.#inlet.resume()
    }
  }

  #becomeIdle(): void {
    this.#phase = 'idle'
    this.#request = undefined
    if (!this.#stalled) this.#wait(this.#limits.idleTimeoutMs)
    if (this.#draining) this.#linger()
  }

  #drained(): void {
    if (!this.#stalled) return
    this.#stalled = false
    this.#wait(this.#phase === 'idle' ? this.#limits.idleTimeoutMs : 0)
    this.#receiver?.onResponseDrain()
  }

  // ending

  /** What came is no request: the handler answers, and the connection ends. */
  #refuse(code: FailureCode, detail: string): -1 {
    this.#begun = false
    this.#phase = 'waiting'
    this.#persistent = false
    this.#request = undefined
    this.#answering = true
    this.#answer.reset()
    this.#inlet.clear()
    this.#alarm.clear()
    this.#handler.onRefused(this, code, detail)
    return -1
  }

  /** The request under way turned out broken: its exchange answers, or cuts what it has begun to answer. */
  #breakOff(code: FailureCode, detail: string): void {
    this.#phase = 'waiting'
    this.#persistent = false
    this.#inlet.clear()
    this.#alarm.clear()
    this.#receiver?.onDownstreamFailure(code, detail)
  }

  /** Says goodbye and reads on for a moment: closing at once could cost the caller the response (RFC 9112 §9.6). */
  #linger(): void {
    if (this.#dropping) return
    this.#phase = 'lingering'
    this.#receiver = undefined
    this.#wire.end()
    this.#inlet.clear()
    this.#inlet.resume()
    this.#alarm.set(this.#clock.nowMs() + LINGER_MS)
    if (this.#ended) {
      this.#wire.flush()
      this.#socket.destroySoon()
    }
  }

  #gone(code: FailureCode, detail: string): void {
    const receiver = this.#receiver
    this.#receiver = undefined
    this.#close()
    receiver?.onDownstreamFailure(code, detail)
  }

  #fail(code: FailureCode, detail: string): void {
    this.#gone(code, detail)
    this.#socket.destroy()
  }

  #close(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#answering = false
    this.#inlet.clear()
    this.#alarm.close()
    this.#handler.onClosed()
  }

  #timedOut(): void {
    if (this.#stalled) this.#fail('downstream_gone', 'the caller took no bytes in time')
    else if (this.#phase === 'request') this.#breakOff('body_timeout', 'the request body stalled')
    else if (this.#phase === 'idle' && this.#begun) this.#refuse('head_timeout', 'the head took too long')
    else if (this.#phase === 'idle' || this.#phase === 'discard') this.#linger()
    else if (this.#phase === 'lingering') this.#fail('downstream_gone', 'lingered long enough')
  }

  #wait(ms: number): void {
    if (ms > 0) this.#alarm.set(this.#clock.nowMs() + ms)
    else this.#alarm.clear()
  }

  #burst(run: () => void): void {
    beginBurst()
    try {
      run()
    } catch (error) {
      this.#defect(error)
    } finally {
      endBurst()
    }
  }

  #defect(error: unknown): void {
    this.#handler.onDefect(error)
    this.#gone('internal', 'a defect of the proxy')
    this.#socket.destroy()
  }
}

function isHead(bytes: Buffer, at: number, end: number): boolean {
  return end - at >= 5 && headText(bytes, at, at + 5) === 'HEAD '
}
