// One end of an HTTP/2 connection of ours on a fake socket and a fake clock, the other end in the hands of the test.
import { Http2Downstream } from '../../src/codec/http2/downstream.ts'
import type { Http2Limits, LimitReason } from '../../src/codec/http2/limits.ts'
import { Http2Upstream } from '../../src/codec/http2/upstream.ts'
import type { RequestHead, ResponseHead } from '../../src/codec/message.ts'
import {
  type DownstreamReceiver,
  type DownstreamStream,
  HELD,
  type UpstreamReceiver,
  type UpstreamStream,
  type WriteResult,
} from '../../src/codec/stream.ts'
import type { FailureCode } from '../../src/core/failures.ts'
import type { Fields } from '../../src/core/fields.ts'
import { Fields as FieldList } from '../../src/core/fields.ts'
import { FakeClock } from './fake-clock.ts'
import { brief, FakeSocket, type Frame, PREFACE, settings } from './h2-wire.ts'
import { type Answer, handlerOf, LIMITS, type Seen } from './http2.ts'

/** Writes down what it is told. */
export class Recorder implements DownstreamReceiver, UpstreamReceiver {
  readonly events: string[] = []
  readonly heads: ResponseHead[] = []
  result: WriteResult = HELD
  request: RequestHead | undefined
  stream: DownstreamStream | undefined
  bytes = 0
  onData: ((chunk: Uint8Array) => void) | undefined

  onRequestData(chunk: Uint8Array): WriteResult {
    return this.#data(chunk)
  }
  onResponseData(chunk: Uint8Array): WriteResult {
    return this.#data(chunk)
  }
  onRequestEnd(trailers?: Fields): void {
    this.events.push(`end${trailers === undefined ? '' : ` ${JSON.stringify([...trailers])}`}`)
  }
  onResponseEnd(trailers?: Fields): void {
    this.onRequestEnd(trailers)
  }
  onResponseDrain(): void {
    this.events.push('drain')
  }
  onRequestDrain(): void {
    this.events.push('drain')
  }
  onDownstreamFailure(code: FailureCode, detail: string): void {
    this.events.push(`${code}: ${detail}`)
  }
  onUpstreamFailure(code: FailureCode, detail: string): void {
    this.events.push(`${code}: ${detail}`)
  }
  onInform(head: ResponseHead): void {
    this.heads.push(head)
    this.events.push(`inform ${head.status}`)
  }
  onResponse(head: ResponseHead, end: boolean): void {
    this.heads.push(head)
    this.events.push(`response ${head.status}${end ? ' end' : ''}`)
  }
  take(): string[] {
    return this.events.splice(0)
  }
  #data(chunk: Uint8Array): WriteResult {
    this.bytes += chunk.length
    this.events.push(`data ${chunk.length}`)
    this.onData?.(chunk)
    return this.result
  }
}

export interface ServerEnd {
  readonly socket: FakeSocket
  readonly clock: FakeClock
  readonly connection: Http2Downstream
  readonly seen: Seen
  readonly struck: LimitReason[]
  /** One a request, in order. */
  readonly exchanges: Recorder[]
  /** Bytes from the peer; what comes back is brief. */
  send(...frames: readonly Buffer[]): string[]
}

/** After preface and SETTINGS, which are dealt with, unless `raw`. `answer` runs before anything is recorded. */
export function serverEnd(limits: Partial<Http2Limits> = {}, options: { raw?: boolean; answer?: Answer } = {}): ServerEnd {
  const socket = new FakeSocket()
  const clock = new FakeClock()
  const seen: Seen = { refused: [], closed: 0, defects: [], connections: [] }
  const struck: LimitReason[] = []
  const exchanges: Recorder[] = []
  const record: Answer = (stream, head) => {
    const recorder = new Recorder()
    recorder.stream = stream
    recorder.request = head
    exchanges.push(recorder)
    return recorder
  }
  const connection = new Http2Downstream(socket.asSocket, handlerOf(options.answer ?? record, seen), {
    limits: { ...LIMITS, onLimit: (reason) => struck.push(reason), ...limits },
    clock,
    scheme: 'http',
  })
  const send = (...frames: readonly Buffer[]): string[] => {
    socket.emit('data', Buffer.concat(frames))
    return socket.frames().map(brief)
  }
  if (options.raw !== true) {
    send(PREFACE, settings(), Buffer.from('000000040100000000', 'hex'))
    socket.take()
  }
  return { socket, clock, connection, seen, struck, exchanges, send }
}

export interface ClientEnd {
  readonly socket: FakeSocket
  readonly clock: FakeClock
  readonly connection: Http2Upstream
  readonly struck: LimitReason[]
  /** What the owner was told: ready, idle, gone. */
  readonly owner: string[]
  begin(head?: Partial<RequestHead>, end?: boolean): { stream: UpstreamStream; attempt: Recorder }
  send(...frames: readonly Buffer[]): string[]
  frames(): Frame[]
}

export function requestHead(head: Partial<RequestHead> = {}): RequestHead {
  return {
    version: '1.1',
    method: 'GET',
    scheme: 'http',
    authority: 'a.test',
    path: '/',
    fields: new FieldList(),
    bodyLength: 0,
    upgrade: '',
    acceptsTrailers: false,
    expectsContinue: false,
    absolute: false,
    ...head,
  }
}

/** Connected, and past both SETTINGS unless `raw`. */
export function clientEnd(limits: Partial<Http2Limits> = {}, options: { raw?: boolean } = {}): ClientEnd {
  const socket = new FakeSocket()
  const clock = new FakeClock()
  const struck: LimitReason[] = []
  const told: string[] = []
  const owner = {
    onReady: (): unknown => told.push('ready'),
    onIdle: (): unknown => told.push('idle'),
    onGone: (_: unknown, code: string, detail: string): unknown => told.push(`gone ${code}: ${detail}`),
  }
  const connection = new Http2Upstream(socket.asSocket, owner, {
    limits: { ...LIMITS, onLimit: (reason) => struck.push(reason), ...limits },
    clock,
  })
  connection.connected()
  const send = (...frames: readonly Buffer[]): string[] => {
    connection.push(Buffer.concat(frames), false)
    return socket.frames().map(brief)
  }
  if (options.raw !== true) {
    send(settings(), Buffer.from('000000040100000000', 'hex'))
    told.length = 0
  }
  const begin = (head: Partial<RequestHead> = {}, end = true): { stream: UpstreamStream; attempt: Recorder } => {
    const attempt = new Recorder()
    const stream = connection.begin(attempt)
    stream.send(requestHead(head), end)
    return { stream, attempt }
  }
  return { socket, clock, connection, struck, owner: told, begin, send, frames: () => socket.frames() }
}
