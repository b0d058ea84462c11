// What tests of the HTTP/2 codec have in common: limits, a server that answers in simple ways, and a proxy of nothing but codecs.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { Http2Downstream } from '../../src/codec/http2/downstream.ts'
import { HTTP2_DEFAULTS, type Http2Limits } from '../../src/codec/http2/limits.ts'
import { Http2Upstream } from '../../src/codec/http2/upstream.ts'
import type { RequestHead, ResponseHead } from '../../src/codec/message.ts'
import type {
  DownstreamHandler,
  DownstreamReceiver,
  DownstreamStream,
  UpstreamConnection,
  UpstreamConnectionOwner,
  UpstreamReceiver,
  UpstreamStream,
  WriteResult,
} from '../../src/codec/stream.ts'
import { WRITTEN } from '../../src/codec/stream.ts'
import { systemClock } from '../../src/core/clock.ts'
import { FAILURES, type FailureCode } from '../../src/core/failures.ts'
import { Fields } from '../../src/core/fields.ts'

export const LIMITS: Http2Limits = {
  ...HTTP2_DEFAULTS,
  maxHeadBytes: 61_440,
  maxFields: 100,
  headTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  bodyTimeoutMs: 30_000,
  upgrades: new Set(['websocket']),
  highWaterBytes: 65_536,
}

export function responseHead(
  status: number,
  bodyLength: number,
  ...fields: readonly (readonly [string, string])[]
): ResponseHead {
  return { version: '1.1', status, reason: '', fields: Fields.of(...fields), bodyLength, upgrade: '' }
}

/** Answers with what was asked: the body, the trailers, the number of bytes in `x-bytes`. */
export class EchoExchange implements DownstreamReceiver {
  readonly head: RequestHead
  readonly #stream: DownstreamStream
  #begun = false
  #failed = false

  constructor(stream: DownstreamStream, head: RequestHead, end: boolean) {
    this.#stream = stream
    this.head = head
    const length = Number(head.fields.get('x-bytes') ?? 0)
    if (head.upgrade !== '' || head.method === 'CONNECT') {
      this.#begun = true
      stream.respond({ ...responseHead(head.upgrade === '' ? 200 : 101, -1), upgrade: head.upgrade }, false)
    } else if (head.method === 'HEAD') stream.respond(responseHead(200, 0, ['content-length', '5']), true)
    else if (length > 0) {
      stream.respond(responseHead(200, length, ['content-length', String(length)]), false)
      stream.write(Buffer.alloc(length, 'x'))
      stream.end()
    } else if (end) {
      stream.respond(responseHead(200, 5, ['content-length', '5'], ['x-path', head.path]), false)
      stream.write(Buffer.from('hello'))
      stream.end()
    }
  }

  onRequestData(chunk: Uint8Array): WriteResult {
    this.#begin()
    return this.#stream.write(chunk)
  }

  onRequestEnd(trailers?: Fields): void {
    this.#begin()
    this.#stream.end(trailers)
  }

  onResponseDrain(): void {
    this.#stream.resume()
  }

  onDownstreamFailure(code: FailureCode): void {
    if (this.#failed || code === 'downstream_gone') return
    this.#failed = true
    if (this.#begun) this.#stream.abort(code)
    else this.#stream.respond(responseHead(FAILURES[code].status, 0), true)
  }

  #begin(): void {
    if (this.#begun) return
    this.#begun = true
    this.#stream.respond(responseHead(200, -1), false)
  }
}

export interface Seen {
  refused: [code: FailureCode, detail: string][]
  closed: number
  defects: unknown[]
  connections: Http2Downstream[]
}

export type Answer = (stream: DownstreamStream, head: RequestHead, end: boolean) => DownstreamReceiver

const echo: Answer = (stream, head, end) => new EchoExchange(stream, head, end)

export function handlerOf(answer: Answer, seen: Seen): DownstreamHandler {
  return {
    onRequest: answer,
    onRefused(stream, code, detail): void {
      seen.refused.push([code, detail])
      stream.respond(responseHead(FAILURES[code].status, 0), true)
    },
    onClosed(): void {
      seen.closed++
    },
    onDefect(error): void {
      seen.defects.push(error)
    },
  }
}

/** A server on a port of its own. */
export async function serve(
  limits: Partial<Http2Limits> = {},
  answer: Answer = echo,
): Promise<{ server: Server; port: number; seen: Seen }> {
  const seen: Seen = { refused: [], closed: 0, defects: [], connections: [] }
  const server = createServer({ noDelay: true }, (socket) => {
    const options = { limits: { ...LIMITS, ...limits }, clock: systemClock, scheme: 'http' as const }
    seen.connections.push(new Http2Downstream(socket, handlerOf(answer, seen), options))
  })
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
  return { server, port, seen }
}

export function dialUpstream(
  port: number,
  owner: UpstreamConnectionOwner,
  limits: Partial<Http2Limits> = {},
): { connection: Http2Upstream; socket: Socket } {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  const connection = new Http2Upstream(socket, owner, { limits: { ...LIMITS, ...limits }, clock: systemClock })
  socket.on('data', (chunk: Buffer) => connection.push(chunk, false))
  socket.once('connect', () => connection.connected())
  return { connection, socket }
}

/** Passes on whatever comes, one to one. */
export class Relay implements DownstreamReceiver, UpstreamReceiver {
  readonly #down: DownstreamStream
  #up: UpstreamStream | undefined
  #answered = false

  constructor(down: DownstreamStream) {
    this.#down = down
  }

  start(connection: UpstreamConnection, head: RequestHead, end: boolean): void {
    this.#up = connection.begin(this)
    this.#up.send(head, end)
  }

  onRequestData(chunk: Uint8Array): WriteResult {
    return this.#up?.write(chunk) ?? WRITTEN
  }

  onRequestEnd(trailers?: Fields): void {
    this.#up?.end(trailers)
  }

  onResponseDrain(): void {
    this.#up?.resume()
  }

  onDownstreamFailure(code: FailureCode): void {
    this.#up?.abort()
    this.#up = undefined
    if (code !== 'downstream_gone') this.#down.abort(code)
  }

  onInform(head: ResponseHead): void {
    this.#down.inform(head)
  }

  onResponse(head: ResponseHead, end: boolean): void {
    this.#answered = true
    this.#down.respond(head, end)
  }

  onResponseData(chunk: Uint8Array): WriteResult {
    return this.#down.write(chunk)
  }

  onResponseEnd(trailers?: Fields): void {
    this.#down.end(trailers)
  }

  onRequestDrain(): void {
    this.#down.resume()
  }

  onUpstreamFailure(code: FailureCode): void {
    this.#up = undefined
    if (this.#answered) this.#down.abort(code)
    else this.#down.respond(responseHead(FAILURES[code].status, 0), true)
  }
}
