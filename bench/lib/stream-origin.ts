// Answers every request with a stream of a thousand gRPC messages, each a frame of its own: node stream-origin.ts PORT
import { createServer } from 'node:net'
import { Http2Downstream } from '../../src/codec/http2/downstream.ts'
import type { ResponseHead } from '../../src/codec/message.ts'
import { type DownstreamHandler, type DownstreamReceiver, type DownstreamStream, FULL, WRITTEN } from '../../src/codec/stream.ts'
import { systemClock } from '../../src/core/clock.ts'
import { Fields } from '../../src/core/fields.ts'
import { LIMITS } from '../../test/support/http2.ts'
import { grpcMessage } from './http2-origin.ts'

const MESSAGES = 1000
const MESSAGE = grpcMessage(105)

class Answer implements DownstreamReceiver {
  readonly #stream: DownstreamStream
  #left = MESSAGES

  constructor(stream: DownstreamStream) {
    this.#stream = stream
    const fields = Fields.of(['content-type', 'application/grpc'])
    const head: ResponseHead = { version: '2', status: 200, reason: '', fields, bodyLength: -1, upgrade: '' }
    stream.respond(head, false)
    this.onResponseDrain()
  }

  onResponseDrain(): void {
    while (this.#left > 0) {
      this.#left--
      if (this.#stream.write(MESSAGE) === FULL) return
    }
    this.#stream.end(Fields.of(['grpc-status', '0']))
  }

  onRequestData(): typeof WRITTEN {
    return WRITTEN
  }

  onRequestEnd(): void {}

  onDownstreamFailure(): void {
    this.#left = 0
  }
}

const HANDLER: DownstreamHandler = {
  onRequest: (stream) => new Answer(stream),
  onRefused: (stream, code) => stream.abort(code),
  onClosed() {},
  onDefect(error) {
    throw error
  },
}
const open = new Set<Http2Downstream>()

createServer({ noDelay: true }, (socket) => {
  const connection = new Http2Downstream(socket, HANDLER, { limits: LIMITS, clock: systemClock, scheme: 'http' })
  open.add(connection)
  socket.on('close', () => open.delete(connection))
}).listen(Number(process.argv[2]), '127.0.0.1')
