// The least that can be called an HTTP/2 proxy: both codecs and nothing between them. What it costs is what the codecs cost.
// Usage: node bench/micro/codec/http2/proxy.ts LISTEN-PORT UPSTREAM-PORT [CONNECTIONS]
import { connect, createServer } from 'node:net'
import { Http2Downstream } from '../../../../src/codec/http2/downstream.ts'
import { Http2Upstream } from '../../../../src/codec/http2/upstream.ts'
import type { UpstreamConnection } from '../../../../src/codec/stream.ts'
import { systemClock } from '../../../../src/core/clock.ts'
import { ReadBuffers } from '../../../../src/upstream/pool/buffers.ts'
import { handlerOf, LIMITS, Relay } from '../../../../test/support/http2.ts'

const [listenPort, upstreamPort, wanted] = process.argv.slice(2).map(Number)
const options = { limits: LIMITS, clock: systemClock }
const owner = { onReady(): void {}, onIdle(): void {}, onGone(): void {} }

function dial(): Http2Upstream {
  const buffers = new ReadBuffers()
  let next = buffers.current
  const late: { reader?: Http2Upstream } = {}
  const socket = connect({
    host: '127.0.0.1',
    port: upstreamPort as number,
    noDelay: true,
    onread: {
      buffer: () => next,
      callback(length: number, bytes: Uint8Array): boolean {
        const reader = late.reader as Http2Upstream
        const result = reader.push((bytes as Buffer).subarray(0, length), true)
        next = buffers.turn(result, reader.expects)
        return true
      },
    },
  })
  const reader = new Http2Upstream(socket, owner, options)
  late.reader = reader
  socket.once('connect', () => reader.connected())
  return reader
}

const upstreams: UpstreamConnection[] = Array.from({ length: wanted ?? 4 }, dial)
let turn = 0
const open: Http2Downstream[] = []
const seen = { refused: [], closed: 0, defects: [], connections: [] }

createServer({ noDelay: true }, (socket) => {
  const handler = handlerOf((stream, head, end) => {
    const relay = new Relay(stream)
    relay.start(upstreams[turn++ % upstreams.length] as UpstreamConnection, head, end)
    return relay
  }, seen)
  open.push(new Http2Downstream(socket, handler, { ...options, scheme: 'http' }))
}).listen(listenPort, '127.0.0.1')
