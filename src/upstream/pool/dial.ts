// Opens connections to endpoints, with the codec that their service speaks.
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { beginReading } from '../../codec/flush.ts'
import { Http1Upstream } from '../../codec/http1/upstream.ts'
import type { Http2Limits } from '../../codec/http2/limits.ts'
import { Http2Upstream } from '../../codec/http2/upstream.ts'
import type { UpstreamConnection, UpstreamConnectionOwner, WriteResult } from '../../codec/stream.ts'
import { TcpUpstream } from '../../codec/tcp/upstream.ts'
import type { Address } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import { ReadBuffers, SharedBuffers } from './buffers.ts'

/** What is spoken on a connection. */
export type Protocol = 'http1' | 'http2' | 'tcp'

export interface DialOptions {
  readonly protocol: Protocol
  readonly limits: Http2Limits
  readonly clock: Clock
  /** Bytes to send before anything else: a PROXY protocol head. */
  readonly preface?: Buffer | undefined
  /** Exchanges that the endpoint will probably take at once on one connection. */
  readonly expectedCapacity: number
}

/** What a codec for one connection must take from its socket. */
interface Reader extends UpstreamConnection {
  push(chunk: Buffer, lent: boolean): WriteResult
  readonly expects: number
  connected(): void
}

/** The owner is told when it is up or gone; never before this returns. */
export function dial(target: Address, owner: UpstreamConnectionOwner, options: DialOptions): UpstreamConnection {
  const buffers = options.protocol === 'http2' ? new SharedBuffers() : new ReadBuffers()
  // callbacks come after this function has returned
  const late: { reader?: Reader } = {}
  let next = buffers.current
  const where: NetConnectOpts =
    target.kind === 'unix' ? { path: target.path } : { host: target.host, port: target.port, noDelay: true }
  const socket = connect({
    ...where,
    allowHalfOpen: true,
    onread: {
      buffer: () => next,
      callback(length: number, bytes: Uint8Array): boolean {
        const reader = late.reader as Reader
        beginReading()
        const result = reader.push((bytes as Buffer).subarray(0, length), true)
        next = buffers.turn(result, reader.expects)
        return true
      },
    },
  } as NetConnectOpts)
  if (options.preface !== undefined) socket.write(options.preface)
  const reader = makeReader(socket, owner, options)
  late.reader = reader
  socket.once('connect', () => reader.connected())
  socket.once('close', () => buffers.close())
  return reader
}

function makeReader(
  socket: Socket,
  owner: UpstreamConnectionOwner,
  { protocol, limits, clock, expectedCapacity }: DialOptions,
): Reader {
  switch (protocol) {
    case 'tcp':
      return new TcpUpstream(socket, owner)
    case 'http1':
      return new Http1Upstream(socket, owner, limits)
    case 'http2':
      return new Http2Upstream(socket, owner, { limits, clock, assumedStreams: expectedCapacity })
  }
}
