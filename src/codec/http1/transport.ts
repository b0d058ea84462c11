// A socket as both sides of HTTP/1 use it: one write a burst, reading in place, and every event in a burst of its own.
// hot path: bench/macro
import type { Socket } from 'node:net'
import { beginBurst, endBurst } from '../flush.ts'
import { FULL, type WriteResult } from '../stream.ts'
import { Wire } from '../wire.ts'
import { type Consumer, Inlet } from './inlet.ts'

/** The connection behind the socket. */
export interface TransportOwner extends Consumer {
  /** The peer takes bytes again, after a write was FULL. */
  onDrained(): void
  /** The peer has ended its side. */
  onPeerEnded(): void
  /** The socket is gone, or about to be. May come more than once. */
  onLost(detail: string): void
  /** Something was thrown that should not have been. */
  onDefect(error: unknown): void
}

export class Transport {
  readonly socket: Socket
  readonly wire: Wire
  readonly inlet: Inlet
  /** The peer takes no bytes at the moment. */
  stalled = false
  /** The peer has ended its side. */
  ended = false
  readonly #owner: TransportOwner

  /** `maxHeld`: as Inlet's. */
  constructor(socket: Socket, owner: TransportOwner, maxHeld: number) {
    this.socket = socket
    this.#owner = owner
    this.wire = new Wire(socket)
    this.inlet = new Inlet(socket, owner, maxHeld)
    socket.on('drain', () => this.burst(() => this.#drained()))
    socket.on('end', () =>
      this.burst(() => {
        this.ended = true
        owner.onPeerEnded()
      }),
    )
    socket.on('error', (error) => this.burst(() => owner.onLost(error.message)))
    socket.on('close', () => this.burst(() => owner.onLost('the peer closed the connection')))
  }

  /** Bytes that have arrived; `lent`: their memory is only ours during the call. */
  push(chunk: Buffer, lent: boolean): void {
    beginBurst()
    try {
      this.inlet.push(chunk, lent)
    } catch (error) {
      this.#owner.onDefect(error)
    } finally {
      endBurst()
    }
  }

  /** Notes what became of bytes that were written. */
  note(result: WriteResult): WriteResult {
    if (result === FULL) this.stalled = true
    return result
  }

  burst(run: () => void): void {
    beginBurst()
    try {
      run()
    } catch (error) {
      this.#owner.onDefect(error)
    } finally {
      endBurst()
    }
  }

  #drained(): void {
    if (!this.stalled) return
    this.stalled = false
    this.#owner.onDrained()
  }
}
