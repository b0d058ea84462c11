// A TCP connection from downstream: one exchange without a head, bytes both ways, each side ended on its own.
import type { Socket } from 'node:net'
import type { FailureCode } from '../../core/failures.ts'
import { beginBurst, endBurst } from '../flush.ts'
import type { ResponseHead } from '../message.ts'
import { resetSocket } from '../reset.ts'
import {
  type DownstreamConnection,
  type DownstreamHandler,
  type DownstreamReceiver,
  type DownstreamStream,
  FULL,
  type WriteResult,
} from '../stream.ts'
import { Wire } from '../wire.ts'

/** Who takes a TCP connection for an exchange. */
export interface TcpHandler extends Pick<DownstreamHandler, 'onClosed' | 'onDefect'> {
  onConnection(stream: DownstreamStream): DownstreamReceiver
}

export class TcpDownstream implements DownstreamStream, DownstreamConnection {
  readonly #socket: Socket
  readonly #handler: TcpHandler
  readonly #wire: Wire
  #receiver: DownstreamReceiver | undefined
  #state: 'open' | 'closed' = 'open'
  #requestEnded = false
  #responseEnded = false
  #stalled = false

  constructor(socket: Socket, handler: TcpHandler) {
    this.#socket = socket
    this.#handler = handler
    this.#wire = new Wire(socket)
    socket.on('data', (chunk: Buffer) => this.push(chunk))
    socket.on('drain', () => this.#burst(() => this.#drained()))
    socket.on('end', () => this.peerEnded())
    socket.on('error', () => {}) // 'close' follows
    socket.on('close', () => this.#burst(() => this.#gone('downstream_gone', 'the connection was closed')))
  }

  /** Begins the exchange; to be called once, before `push`. */
  open(): void {
    this.#burst(() => {
      this.#receiver = this.#handler.onConnection(this)
    })
  }

  push(chunk: Buffer): void {
    this.#burst(() => {
      if (this.#receiver?.onRequestData(chunk) === FULL) this.#socket.pause()
    })
  }

  /** No more comes; to be called as well when that was so before this codec was chosen. */
  peerEnded(): void {
    this.#burst(() => {
      this.#requestEnded = true
      this.#receiver?.onRequestEnd()
      if (this.#responseEnded) this.#close()
    })
  }

  get active(): number {
    return this.#state === 'open' ? 1 : 0
  }

  inform(_head: ResponseHead): void {}

  respond(_head: ResponseHead, end: boolean): void {
    if (end) this.end()
  }

  write(chunk: Uint8Array): WriteResult {
    const result = this.#wire.write(chunk)
    if (result === FULL) this.#stalled = true
    return result
  }

  end(): void {
    this.#responseEnded = true
    this.#wire.end()
    if (this.#requestEnded) this.#close()
  }

  abort(_code: FailureCode): void {
    this.#close()
    resetSocket(this.#socket)
  }

  resume(): void {
    this.#socket.resume()
  }

  drain(): void {}

  finish(): void {}

  destroy(code: FailureCode): void {
    this.#burst(() => this.#gone(code, 'closed by the proxy'))
    resetSocket(this.#socket)
  }

  #drained(): void {
    if (!this.#stalled) return
    this.#stalled = false
    this.#receiver?.onResponseDrain()
  }

  #gone(code: FailureCode, detail: string): void {
    const receiver = this.#receiver
    this.#close()
    receiver?.onDownstreamFailure(code, detail)
  }

  #close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#receiver = undefined
    this.#handler.onClosed()
  }

  #burst(run: () => void): void {
    beginBurst()
    try {
      run()
    } catch (error) {
      this.#handler.onDefect(error)
      this.#gone('internal', 'a defect of the proxy')
      this.#socket.destroy()
    } finally {
      endBurst()
    }
  }
}
