// A TCP connection to an endpoint: one exchange without a head, bytes both ways, each side ended on its own.
import type { Socket } from 'node:net'
import type { FailureCode } from '../../core/failures.ts'
import { Fields } from '../../core/fields.ts'
import { beginBurst, endBurst } from '../flush.ts'
import type { RequestHead, ResponseHead } from '../message.ts'
import { resetSocket } from '../reset.ts'
import {
  FULL,
  HELD,
  type UpstreamConnection,
  type UpstreamConnectionOwner,
  type UpstreamReceiver,
  type UpstreamStream,
  WRITTEN,
  type WriteResult,
} from '../stream.ts'
import { Wire } from '../wire.ts'

/** What a TCP connection answers with once it is up: to a CONNECT, this is the 2xx. */
function established(): ResponseHead {
  return { version: '1.1', status: 200, reason: 'Connection established', fields: new Fields(), bodyLength: -1, upgrade: '' }
}

export class TcpUpstream implements UpstreamConnection, UpstreamStream {
  readonly expects = Number.MAX_SAFE_INTEGER
  readonly #socket: Socket
  readonly #owner: UpstreamConnectionOwner
  readonly #wire: Wire
  #receiver: UpstreamReceiver | undefined
  #state: 'connecting' | 'ready' | 'used' | 'closed' = 'connecting'
  #requestEnded = false
  #responseEnded = false
  #stalled = false
  /** Bytes that came before anybody asked: of a server that speaks first. */
  #early: Buffer | undefined

  constructor(socket: Socket, owner: UpstreamConnectionOwner) {
    this.#socket = socket
    this.#owner = owner
    this.#wire = new Wire(socket)
    socket.on('drain', () => this.#burst(() => this.#drained()))
    socket.on('end', () => this.#burst(() => this.#peerEnded()))
    socket.on('error', (error) => this.#burst(() => this.#lost(error.message)))
    socket.on('close', () => this.#burst(() => this.#lost('the endpoint closed the connection')))
  }

  connected(): void {
    if (this.#state !== 'connecting') return
    this.#state = 'ready'
    this.#burst(() => this.#owner.onReady(this))
  }

  push(chunk: Buffer, lent: boolean): WriteResult {
    const receiver = this.#receiver
    if (receiver === undefined) {
      const own = lent ? Buffer.from(chunk) : chunk
      this.#early = this.#early === undefined ? own : Buffer.concat([this.#early, own])
      this.#socket.pause()
      return WRITTEN
    }
    let result: WriteResult = HELD
    this.#burst(() => {
      result = receiver.onResponseData(chunk)
      if (result === FULL) this.#socket.pause()
    })
    return result
  }

  get capacity(): number {
    return this.#state === 'ready' ? 1 : 0
  }

  get active(): number {
    return this.#state === 'used' ? 1 : 0
  }

  begin(receiver: UpstreamReceiver): UpstreamStream {
    this.#state = 'used'
    this.#receiver = receiver
    return this
  }

  send(_head: RequestHead | undefined, end: boolean): void {
    this.#receiver?.onResponse(established(), false)
    const early = this.#early
    if (early !== undefined) {
      this.#early = undefined
      if (this.#receiver?.onResponseData(early) !== FULL) this.#socket.resume()
    }
    if (end) this.end()
    if (this.#responseEnded) this.#receiver?.onResponseEnd()
  }

  write(chunk: Uint8Array): WriteResult {
    const result = this.#wire.write(chunk)
    if (result === FULL) this.#stalled = true
    return result
  }

  end(): void {
    this.#requestEnded = true
    this.#wire.end()
    if (this.#responseEnded) this.#close('upstream_reset', 'ended')
  }

  abort(): void {
    this.#leave('upstream_reset', 'given up')
    resetSocket(this.#socket)
  }

  resume(): void {
    this.#socket.resume()
  }

  drain(): void {
    if (this.#state === 'connecting' || this.#state === 'ready') this.destroy('draining')
  }

  destroy(code: FailureCode): void {
    const receiver = this.#receiver
    this.#burst(() => {
      this.#leave(code, 'closed by the proxy')
      receiver?.onUpstreamFailure(code, 'closed by the proxy')
    })
    resetSocket(this.#socket)
  }

  #peerEnded(): void {
    this.#responseEnded = true
    // nobody has asked yet, and nobody should be given half a connection
    if (this.#state === 'ready') this.#close('upstream_reset', 'the endpoint closed the connection')
    if (this.#state !== 'used') return
    const receiver = this.#receiver
    if (this.#requestEnded) this.#close('upstream_reset', 'ended')
    receiver?.onResponseEnd()
  }

  #drained(): void {
    if (!this.#stalled) return
    this.#stalled = false
    this.#receiver?.onRequestDrain()
  }

  #lost(detail: string): void {
    this.#fail(this.#state === 'connecting' ? 'connect_failed' : 'upstream_reset', detail)
  }

  #fail(code: FailureCode, detail: string): void {
    const receiver = this.#receiver
    this.#close(code, detail)
    receiver?.onUpstreamFailure(code, detail)
  }

  /** What was written still goes out. */
  #close(code: FailureCode, detail: string): void {
    const connecting = this.#state === 'connecting'
    if (!this.#leave(code, detail)) return
    this.#wire.flush()
    // destroySoon would wait until it is up
    if (connecting) this.#socket.destroy()
    else this.#socket.destroySoon()
  }

  /** Whether it was there before. */
  #leave(code: FailureCode, detail: string): boolean {
    if (this.#state === 'closed') return false
    this.#state = 'closed'
    this.#receiver = undefined
    this.#owner.onGone(this, code, detail)
    return true
  }

  #burst(run: () => void): void {
    beginBurst()
    try {
      run()
    } finally {
      endBurst()
    }
  }
}
