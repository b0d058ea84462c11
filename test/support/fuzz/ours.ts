// Bytes as our codec reads them, on a socket that is none, with every request answered at once or a little later.
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { beginBurst, endBurst } from '../../../src/codec/flush.ts'
import { Http1Downstream } from '../../../src/codec/http1/downstream.ts'
import type { RequestHead, ResponseHead } from '../../../src/codec/message.ts'
import { type DownstreamHandler, type DownstreamReceiver, type DownstreamStream, WRITTEN } from '../../../src/codec/stream.ts'
import type { Clock } from '../../../src/core/clock.ts'
import { Fields } from '../../../src/core/fields.ts'
import type { Reading, SeenRequest } from './reading.ts'

const still: Clock = { nowMs: () => 0, wallMs: () => 0, after: () => () => {}, every: () => () => {}, random: () => 0.5 }

const limits = {
  maxHeadBytes: 65_536,
  maxFields: 2000,
  headTimeoutMs: 0,
  idleTimeoutMs: 0,
  bodyTimeoutMs: 0,
  upgrades: new Set(['websocket']),
  highWaterBytes: 65_536,
}

class NoSocket extends EventEmitter {
  readonly writableLength = 0
  readonly writableHighWaterMark = 65_536
  writable = true
  written = ''

  write(data: string | Uint8Array): boolean {
    this.written += typeof data === 'string' ? data : Buffer.from(data).toString('latin1')
    return true
  }

  end(): void {
    this.writable = false
  }

  destroy(): void {
    this.writable = false
  }

  destroySoon(): void {
    this.writable = false
  }

  resetAndDestroy(): void {
    this.writable = false
  }

  pause(): void {}
  resume(): void {}
  cork(): void {}
  uncork(): void {}
}

function reply(status: number): ResponseHead {
  return { version: '1.1', status, reason: '', fields: Fields.of(['Content-Length', '0']), bodyLength: 0, upgrade: '' }
}

export interface OurReading extends Reading {
  /** Statuses of what was answered, in order. */
  readonly statuses: readonly number[]
  readonly defect: unknown
}

class Recorder implements DownstreamHandler {
  readonly requests: SeenRequest[] = []
  readonly later: (() => void)[] = []
  problem = ''
  defect: unknown
  readonly #late: boolean

  constructor(late: boolean) {
    this.#late = late
  }

  onRequest(stream: DownstreamStream, head: RequestHead, end: boolean): DownstreamReceiver {
    const { method, version, path, authority, fields, absolute } = head
    const target = method === 'CONNECT' ? authority : absolute ? `//${authority}${path}` : path
    const pairs = [...fields].map(([name, value]) => [name.toLowerCase(), value] as const)
    const seen: SeenRequest = { method, target, version, fields: pairs, body: '', complete: end }
    this.requests.push(seen)
    const answer = (): void => stream.respond(reply(method === 'CONNECT' ? 403 : 200), true)
    const finish = (): void => {
      seen.complete = true
      if (this.#late) this.later.push(answer)
      else answer()
    }
    if (end) finish()
    return {
      onRequestData: (chunk) => {
        seen.body += Buffer.from(chunk).toString('latin1')
        return WRITTEN
      },
      onRequestEnd: finish,
      onResponseDrain: () => {},
      onDownstreamFailure: (_code, detail) => {
        this.problem = detail
        stream.respond(reply(400), true)
      },
    }
  }

  onRefused(stream: DownstreamStream, _code: string, detail: string): void {
    this.problem = detail
    stream.respond(reply(400), true)
  }

  onClosed(): void {}

  onDefect(error: unknown): void {
    this.defect = error
  }
}

/** `cuts`: where the bytes are cut. `late`: answers come when everything of a read has been looked at. */
export function readWithOurs(bytes: Buffer, cuts: readonly number[], late: boolean): OurReading {
  const socket = new NoSocket()
  const recorder = new Recorder(late)
  const codec = new Http1Downstream(socket as unknown as Socket, recorder, { limits, clock: still, scheme: 'http' })
  let at = 0
  for (const cut of [...cuts, bytes.length]) {
    // each piece in memory of its own, as reads are
    if (cut > at) codec.push(Buffer.from(bytes.subarray(at, cut)))
    at = Math.max(at, cut)
    beginBurst()
    for (let answer = recorder.later.shift(); answer !== undefined; answer = recorder.later.shift()) answer()
    endBurst()
  }
  const { requests, problem, defect } = recorder
  return {
    requests,
    problem,
    defect,
    statuses: Array.from(socket.written.matchAll(/HTTP\/1\.1 (\d{3}) /g), (match) => Number(match[1])),
  }
}
