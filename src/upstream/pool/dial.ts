// Opens connections to endpoints, with the codec that their service speaks.
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { Http1Upstream } from '../../codec/http1/upstream.ts'
import type { HttpLimits } from '../../codec/limits.ts'
import type { UpstreamConnection, UpstreamConnectionOwner, WriteResult } from '../../codec/stream.ts'
import { TcpUpstream } from '../../codec/tcp/upstream.ts'
import type { Address } from '../../core/address.ts'
import { ReadBuffers } from './buffers.ts'

export type Protocol = 'http1' | 'tcp'

export interface DialOptions {
  readonly protocol: Protocol
  readonly limits: HttpLimits
  /** Bytes to send before anything else: a PROXY protocol head. */
  readonly preface?: Buffer | undefined
}

/** What a codec for one connection must take from its socket. */
interface Reader extends UpstreamConnection {
  push(chunk: Buffer, lent: boolean): WriteResult
  readonly expects: number
  connected(): void
}

/** The owner is told when it is up or gone; never before this returns. */
export function dial(target: Address, owner: UpstreamConnectionOwner, options: DialOptions): UpstreamConnection {
  const buffers = new ReadBuffers()
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

function makeReader(socket: Socket, owner: UpstreamConnectionOwner, { protocol, limits }: DialOptions): Reader {
  return protocol === 'tcp' ? new TcpUpstream(socket, owner) : new Http1Upstream(socket, owner, limits)
}
