// Between a connection from downstream and the pipeline: knows who is at the other end.
import type { RequestHead } from '../codec/message.ts'
import type { DownstreamHandler, DownstreamReceiver, DownstreamStream } from '../codec/stream.ts'
import type { TcpHandler } from '../codec/tcp/downstream.ts'
import type { FailureCode } from '../core/failures.ts'
import type { Log } from '../core/log.ts'
import type { Peer } from './peer.ts'
import type { Pipeline } from './pipeline.ts'

export class ConnectionHandler implements DownstreamHandler, TcpHandler {
  readonly #peer: Peer
  readonly #pipeline: Pipeline
  readonly #log: Log
  readonly #closed: () => void

  constructor(peer: Peer, pipeline: Pipeline, log: Log, closed: () => void) {
    this.#peer = peer
    this.#pipeline = pipeline
    this.#log = log
    this.#closed = closed
  }

  onRequest(stream: DownstreamStream, head: RequestHead, end: boolean): DownstreamReceiver {
    return this.#pipeline.serve(this.#peer, stream, head, end)
  }

  onConnection(stream: DownstreamStream): DownstreamReceiver {
    return this.#pipeline.serveTcp(this.#peer, stream)
  }

  onRefused(stream: DownstreamStream, code: FailureCode, detail: string): void {
    this.#pipeline.refuse(this.#peer, stream, code, detail)
  }

  onClosed(): void {
    this.#closed()
  }

  onDefect(error: unknown): void {
    this.#log.error('a defect of the proxy closed a connection', { downstream: this.#peer.remoteAddress, error })
  }
}
