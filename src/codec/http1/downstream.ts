// An HTTP/1 connection from downstream: one exchange at a time, pipelined requests answered in order.
// hot path: bench/macro
import type { FailureCode } from '../../core/failures.ts'
import type { Fields } from '../../core/fields.ts'
import type { ResponseHead } from '../message.ts'
import { resetSocket } from '../reset.ts'
import { type DownstreamConnection, FULL, WRITTEN, type WriteResult } from '../stream.ts'
import { TUNNEL } from './head.ts'
import { Reception } from './reception.ts'

const LINGER_MS = 1000
export class Http1Downstream extends Reception implements DownstreamConnection {
  get active(): number {
    return this.answering ? 1 : 0
  }

  // what the exchange asks

  inform(head: ResponseHead): void {
    if (this.request?.version !== '1.0') this.answer.inform(head)
  }

  respond(head: ResponseHead, end: boolean): void {
    const waits = this.phase === 'request' && this.request?.expectsContinue === true
    const persistent = this.persistent && !this.draining && !waits
    this.persistent = this.answer.begin(head, end, this.request, persistent)
    if (end) this.finishResponse()
    else if (this.answer.tunnels) this.openTunnel()
  }

  write(chunk: Uint8Array): WriteResult {
    if (this.intake.mute) return WRITTEN
    const result = this.transport.note(this.answer.write(chunk))
    if (result === FULL) this.wait(this.limits.bodyTimeoutMs)
    return result
  }

  end(trailers?: Fields): void {
    this.answer.end(trailers)
    if (this.answer.tunnels) this.endTunnel()
    else this.finishResponse()
  }

  abort(_code: FailureCode): void {
    this.receiver = undefined
    this.close()
    if (this.answer.endsByClose) resetSocket(this.transport.socket)
    else this.transport.socket.destroy()
  }

  resume(): void {
    if (this.phase === 'request' && this.body.framing !== TUNNEL) this.wait(this.limits.bodyTimeoutMs)
    this.transport.burst(() => this.transport.inlet.resume())
  }

  // what the listener asks

  drain(): void {
    this.draining = true
  }

  finish(): void {
    this.draining = true
    if (!this.answering) this.linger()
  }

  destroy(code: FailureCode): void {
    this.transport.burst(() => this.gone(code, 'closed by the proxy'))
    this.transport.socket.destroy()
  }

  // writing

  protected openTunnel(): void {
    this.body.begin(TUNNEL, 0)
    this.phase = 'request'
    this.wait(0)
    this.transport.inlet.resume()
  }

  protected endTunnel(): void {
    this.answering = false
    if (this.phase === 'request') this.transport.wire.end()
    else this.linger()
  }

  protected finishResponse(): void {
    this.answering = false
    this.receiver = undefined
    if (!this.persistent) {
      this.linger()
    } else if (this.phase === 'request') {
      this.phase = 'discard'
      this.discarded = 0
      this.body.stop = this.body.start
      this.wait(LINGER_MS)
      this.transport.inlet.resume()
    } else if (this.phase === 'waiting') {
      this.becomeIdle()
      this.transport.inlet.resume()
    }
  }
}
