// Opens connections to endpoints, with the codec that their service speaks.
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { Http1Upstream } from '../../codec/http1/upstream.ts'
import { TcpUpstream } from '../../codec/tcp.ts'
import type { HttpLimits } from '../../codec/limits.ts'
import type { UpstreamConnection, UpstreamConnectionOwner, WriteResult } from '../../codec/stream.ts'
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
  let reader: Reader | undefined
  let next = buffers.current
  const where: NetConnectOpts = target.kind === 'unix' ? { path: target.path } : { host: target.host, port: target.port, noDelay: true }
  const socket = connect({
    ...where,
    allowHalfOpen: true,
    onread: {
      buffer: () => next,
      callback(length: number, bytes: Uint8Array): boolean {
        const result = (reader as Reader).push((bytes as Buffer).subarray(0, length), true)
        next = buffers.turn(result, (reader as Reader).expects)
        return true
      },
    },
  } as NetConnectOpts)
  if (options.preface !== undefined) socket.write(options.preface)
  reader = makeReader(socket, owner, options)
  socket.once('connect', () => (reader as Reader).connected())
  socket.once('close', () => buffers.close())
  return reader
}

function makeReader(socket: Socket, owner: UpstreamConnectionOwner, { protocol, limits }: DialOptions): Reader {
  return protocol === 'tcp' ? new TcpUpstream(socket, owner) : new Http1Upstream(socket, owner, limits)
}
