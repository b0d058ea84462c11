// What an exchange costs in the codec, without system calls: frames in, both sides back to back, frames out.
// node bench/micro/codec/http2/frames.ts
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { Http2Downstream } from '../../../../src/codec/http2/downstream.ts'
import { Http2Upstream } from '../../../../src/codec/http2/upstream.ts'
import { systemClock } from '../../../../src/core/clock.ts'
import { frame, headers, POST, PREFACE, settings, uint32 } from '../../../../test/support/h2-wire.ts'
import { handlerOf, LIMITS, Relay, type Seen } from '../../../../test/support/http2.ts'
import { micro } from '../../../lib/micro.ts'

/** Takes everything at once. */
class Sink extends EventEmitter {
  readonly writable = true
  readonly writableLength = 0
  readonly #callbacks: (() => void)[] = []
  write(_chunk: Buffer, done: () => void): boolean {
    this.#callbacks.push(done)
    return true
  }
  /** Those of a real socket come when the stack is empty. */
  settle(): void {
    for (const done of this.#callbacks) done()
    this.#callbacks.length = 0
  }
  end(): void {}
  destroy(): void {}
  get asSocket(): Socket {
    return this as unknown as Socket
  }
}

const ACK = Buffer.from('000000040100000000', 'hex')
const GRANT = frame('WINDOW_UPDATE', 0, 0, uint32(1_000_000_000))
const STREAMS = 16
const limits = { ...LIMITS, bodyTimeoutMs: 0, idleTimeoutMs: 0 }
const seen: Seen = { refused: [], closed: 0, defects: [], connections: [] }

class Pair {
  readonly #up = new Sink()
  readonly #down = new Sink()
  readonly upstream = new Http2Upstream(
    this.#up.asSocket,
    { onReady() {}, onIdle() {}, onGone() {} },
    { limits, clock: systemClock },
  )
  readonly #downstream = new Http2Downstream(
    this.#down.asSocket,
    handlerOf((stream, head, end) => {
      const relay = new Relay(stream)
      relay.start(this.upstream, head, end)
      return relay
    }, seen),
    { limits, clock: systemClock, scheme: 'http' },
  )
  #id = 1

  constructor() {
    this.upstream.connected()
    this.#downstream.push(Buffer.concat([PREFACE, settings([4, 2 ** 31 - 1]), ACK, GRANT]))
    this.upstream.push(Buffer.concat([settings([4, 2 ** 31 - 1], [3, 1000]), ACK, GRANT]), false)
  }

  /** Sixteen exchanges in one burst each way. */
  exchange(request: Burst, response: Burst): void {
    this.#downstream.push(request.from(this.#id))
    this.upstream.push(response.from(this.#id), false)
    this.#id += STREAMS * 2
    this.#up.settle()
    this.#down.settle()
  }
}

/** Frames of sixteen streams, made once; only their numbers change. */
class Burst {
  readonly #bytes: Buffer
  /** Where the number of a stream stands, and which of the sixteen it is. */
  readonly #places: (readonly [at: number, n: number])[] = []

  constructor(...frames: readonly Buffer[]) {
    const one = Buffer.concat(frames)
    this.#bytes = Buffer.concat(Array.from({ length: STREAMS }, () => one))
    for (let at = 0; at < this.#bytes.length; at += 9 + this.#bytes.readUIntBE(at, 3)) {
      this.#places.push([at + 5, Math.floor(at / one.length)])
    }
  }

  from(id: number): Buffer {
    for (const [at, n] of this.#places) this.#bytes.writeUInt32BE(id + n * 2, at)
    return this.#bytes
  }
}

const body = Buffer.alloc(1024)
const OK: readonly (readonly [string, string])[] = [
  [':status', '200'],
  ['content-length', '1024'],
  ['server', 'nginx/1.22.1'],
]

function exchanges(request: Burst, response: Burst): (i: number) => void {
  let pair = new Pair()
  return (i) => {
    // the windows of a connection are granted once
    if (i % 20_000 === 0) pair = new Pair()
    pair.exchange(request, response)
  }
}

const answer = new Burst(headers(0, OK, 4), frame('DATA', 1, 0, body))
console.log('sixteen exchanges at once')
micro('GET, 1 KiB back', exchanges(new Burst(headers(0)), answer))
micro('POST of 1 KiB, 1 KiB back', exchanges(new Burst(headers(0, POST, 4), frame('DATA', 1, 0, body)), answer))
if (seen.defects.length > 0) console.log(seen.defects[0])
