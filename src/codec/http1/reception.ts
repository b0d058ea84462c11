// The reading half of an HTTP/1 connection from downstream, and how the connection ends: heads, bodies, time, goodbye. What it is for is in
// downstream.ts.
// hot path: bench/macro
import type { Socket } from 'node:net'
import { Alarm } from '../../core/alarm.ts'
import type { Clock } from '../../core/clock.ts'
import type { FailureCode } from '../../core/failures.ts'
import type { Fields } from '../../core/fields.ts'
import type { HttpLimits } from '../limits.ts'
import type { RequestHead, ResponseHead } from '../message.ts'
import { readShared } from '../shared-read.ts'
import { type DownstreamHandler, type DownstreamReceiver, type DownstreamStream, FULL, type WriteResult } from '../stream.ts'
import { Answer } from './answer.ts'
import { BAD, BodyReader, DONE, MORE } from './body.ts'
import { HeadReader, NO_BODY, TUNNEL } from './head.ts'
import { Intake } from './intake.ts'
import { Transport, type TransportOwner } from './transport.ts'

/** How long what the caller still sends is read and dropped after a last response, so that it gets to read that response. */
const LINGER_MS = 1000
/** Bytes of a request body that nobody wants any more that are read for the sake of the connection. */
const MAX_DISCARDED = 65_536

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

export abstract class Reception implements TransportOwner, DownstreamStream {
  protected readonly handler: DownstreamHandler
  protected readonly limits: HttpLimits
  protected readonly clock: Clock
  protected readonly scheme: 'http' | 'https'
  protected readonly answer: Answer
  protected readonly transport: Transport
  protected readonly intake: Intake
  protected readonly heads: HeadReader
  protected readonly body: BodyReader
  protected readonly alarm: Alarm
  protected phase: Phase = 'idle'
  /** A head has begun to arrive. */
  protected begun = false
  protected receiver: DownstreamReceiver | undefined
  protected request: RequestHead | undefined
  protected answering = false
  protected persistent = true
  protected draining = false
  protected discarded = 0

  constructor(socket: Socket, handler: DownstreamHandler, { limits, clock, scheme }: Http1DownstreamOptions) {
    this.handler = handler
    this.limits = limits
    this.clock = clock
    this.scheme = scheme
    this.transport = new Transport(socket, this, limits.maxHeadBytes + MAX_DISCARDED)
    this.answer = new Answer(this.transport.wire)
    this.heads = new HeadReader(limits)
    this.intake = new Intake(this.heads, this.transport.inlet, limits)
    this.body = new BodyReader(this.heads, limits.maxHeadBytes)
    this.alarm = new Alarm(clock, () => this.transport.burst(() => this.timedOut()))
    this.wait(limits.headTimeoutMs > 0 ? limits.headTimeoutMs : limits.idleTimeoutMs)
    readShared(socket, (chunk, lent) => this.transport.push(chunk, lent))
  }

  /** Bytes that were read before this codec was chosen. */
  push(chunk: Buffer): void {
    this.transport.push(chunk, false)
  }

  abstract inform(head: ResponseHead): void
  abstract respond(head: ResponseHead, end: boolean): void
  abstract write(chunk: Uint8Array): WriteResult
  abstract end(trailers?: Fields): void
  abstract abort(code: FailureCode): void
  abstract resume(): void

  // reading

  consume(bytes: Buffer, from: number, end: number): number {
    let at = from
    for (;;) {
      switch (this.phase) {
        case 'idle':
          if (at === end || !this.readHead(bytes, at, end)) return this.dropping ? end : at
          at = this.intake.next
          break
        case 'request':
        case 'discard':
          if (this.transport.inlet.full) return at
          if (!this.readBody(bytes, at, end)) return this.dropping ? end : this.body.at
          at = this.body.at
          break
        case 'waiting':
          return at
        default:
          return end
      }
    }
  }

  protected get dropping(): boolean {
    return this.phase === 'lingering' || this.phase === 'closed'
  }

  /** Whether there was one. */
  protected readHead(bytes: Buffer, at: number, end: number): boolean {
    const intake = this.intake
    const what = intake.read(bytes, at, end)
    if (what === 'request') this.startExchange(intake.request as RequestHead)
    else if (what === 'refused') this.refuse(intake.failure, intake.detail)
    else if (!this.begun) {
      // some bytes of a head are there: the rest must come in time
      this.begun = true
      this.wait(this.limits.headTimeoutMs)
    }
    return what === 'request'
  }

  protected startExchange(head: RequestHead): void {
    const end = this.heads.framing === NO_BODY
    this.begun = false
    head.scheme = this.scheme
    this.request = head
    this.answering = true
    this.answer.reset()
    this.persistent = this.heads.persistent
    this.body.begin(this.heads.framing, head.bodyLength)
    this.phase = end ? 'waiting' : 'request'
    this.wait(end ? 0 : this.limits.bodyTimeoutMs)
    const receiver = this.handler.onRequest(this, head, end)
    // it may have been answered already
    if (this.answering) this.receiver = receiver
  }

  /** Whether to read on. */
  protected readBody(bytes: Buffer, from: number, end: number): boolean {
    const body = this.body
    const what = body.next(bytes, from, end)
    if (what === MORE) return false
    if (this.phase === 'discard') return this.discardBody(what)
    if (what === BAD) {
      this.breakOff('bad_request', body.problem)
      return false
    }
    if (what === DONE) {
      this.phase = 'waiting'
      if (!this.transport.stalled) this.wait(0)
      this.receiver?.onRequestEnd(body.trailers)
      return true
    }
    if (body.framing !== TUNNEL && !this.transport.stalled) this.wait(this.limits.bodyTimeoutMs)
    // whoever gets it may keep it, for a slow endpoint or for another attempt: the memory of a read is only lent
    if (this.receiver?.onRequestData(Buffer.from(bytes.subarray(body.start, body.stop))) === FULL) {
      if (!this.transport.stalled) this.wait(0)
      this.transport.inlet.fill()
    }
    return true
  }

  protected discardBody(what: typeof BAD | typeof DONE | 0): boolean {
    this.discarded += this.body.stop - this.body.start
    if (what === BAD || this.discarded > MAX_DISCARDED) {
      this.linger()
      return false
    }
    if (what === DONE) this.becomeIdle()
    return true
  }

  onPeerEnded(): void {
    if (this.phase === 'request' && this.body.framing === TUNNEL) {
      const receiver = this.receiver
      this.phase = 'waiting'
      if (!this.answering) this.linger()
      receiver?.onRequestEnd()
      return
    }
    if (this.phase === 'lingering') {
      this.transport.socket.destroySoon()
      return
    }
    // RFC 9112 §9.5 lets us take it for gone, as nginx and Envoy do: a response that nobody wants is not worth the work
    this.fail('downstream_gone', 'the caller closed the connection')
  }

  protected becomeIdle(): void {
    this.phase = 'idle'
    this.request = undefined
    if (!this.transport.stalled) this.wait(this.limits.idleTimeoutMs)
    if (this.draining) this.linger()
  }

  onDrained(): void {
    this.wait(this.phase === 'idle' ? this.limits.idleTimeoutMs : 0)
    this.receiver?.onResponseDrain()
  }

  // ending

  /** What came is no request: the handler answers, and the connection ends. */
  protected refuse(code: FailureCode, detail: string): void {
    this.begun = false
    this.phase = 'waiting'
    this.persistent = false
    this.request = undefined
    this.answering = true
    this.answer.reset()
    this.transport.inlet.clear()
    this.wait(0)
    this.handler.onRefused(this, code, detail)
  }

  /** The request under way turned out broken: its exchange answers, or cuts what it has begun to answer. */
  protected breakOff(code: FailureCode, detail: string): void {
    this.phase = 'waiting'
    this.persistent = false
    this.transport.inlet.clear()
    this.wait(0)
    this.receiver?.onDownstreamFailure(code, detail)
  }

  /** Says goodbye and reads on for a moment: closing at once could cost the caller the response (RFC 9112 §9.6). */
  protected linger(): void {
    if (this.dropping) return
    this.phase = 'lingering'
    this.receiver = undefined
    this.transport.wire.end()
    this.transport.inlet.clear()
    this.transport.inlet.resume()
    this.alarm.set(this.clock.nowMs() + LINGER_MS)
    if (this.transport.ended) {
      this.transport.wire.flush()
      this.transport.socket.destroySoon()
    }
  }

  onLost(detail: string): void {
    this.gone('downstream_gone', detail)
  }

  protected gone(code: FailureCode, detail: string): void {
    const receiver = this.receiver
    this.receiver = undefined
    this.close()
    receiver?.onDownstreamFailure(code, detail)
  }

  protected fail(code: FailureCode, detail: string): void {
    this.gone(code, detail)
    this.transport.socket.destroy()
  }

  protected close(): void {
    if (this.phase === 'closed') return
    this.phase = 'closed'
    this.answering = false
    this.transport.inlet.clear()
    this.alarm.close()
    this.handler.onClosed()
  }

  protected timedOut(): void {
    if (this.transport.stalled) this.fail('downstream_gone', 'the caller took no bytes in time')
    else if (this.phase === 'request') this.breakOff('body_timeout', 'the request body stalled')
    else if (this.phase === 'idle' && this.begun) this.refuse('head_timeout', 'the head took too long')
    else if (this.phase === 'idle' || this.phase === 'discard') this.linger()
    else if (this.phase === 'lingering') this.fail('downstream_gone', 'lingered long enough')
  }

  protected wait(ms: number): void {
    if (ms > 0) this.alarm.set(this.clock.nowMs() + ms)
    else this.alarm.clear()
  }

  onDefect(error: unknown): void {
    this.handler.onDefect(error)
    this.gone('internal', 'a defect of the proxy')
    this.transport.socket.destroy()
  }
}
