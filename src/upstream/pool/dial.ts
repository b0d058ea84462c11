// Opens connections to endpoints, with the codec that their service speaks.
import type { Socket } from 'node:net'
import { beginReading } from '../../codec/flush.ts'
import { Http1Upstream } from '../../codec/http1/upstream.ts'
import type { Http2Limits } from '../../codec/http2/limits.ts'
import { Http2Upstream } from '../../codec/http2/upstream.ts'
import type { UpstreamConnection, UpstreamConnectionOwner, WriteResult } from '../../codec/stream.ts'
import { TcpUpstream } from '../../codec/tcp/upstream.ts'
import type { Address } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import type { Secure } from '../secure/security.ts'
import { ReadBuffers, SharedBuffers } from './buffers.ts'
import { openSocket } from './connect.ts'

/** What is spoken on a connection. */
export type Protocol = 'http1' | 'http2' | 'tcp'

export interface DialOptions {
  readonly protocol: Protocol
  readonly limits: Http2Limits
  readonly clock: Clock
  /** undefined: plaintext; text: why there can be none. */
  readonly secure?: Secure | string | undefined
  /** Bytes to send before anything else: a PROXY protocol head. */
  readonly preface?: Buffer | undefined
  /** Exchanges that the endpoint will probably take at once on one connection. */
  readonly expectedCapacity: number
  /** HTTP/1.1 travels over HTTP/2, as it was written. */
  readonly spells?: boolean
  /** Address of this machine that a connection to a host comes from. */
  readonly source?: ((host: string) => string) | undefined
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
  const socket = openSocket(
    target,
    {
      secure: options.secure,
      preface: options.preface,
      source: options.source,
      buffer: () => next,
      read(bytes) {
        const reader = late.reader as Reader
        beginReading()
        const result = reader.push(bytes, true)
        next = buffers.turn(result, reader.expects, bytes.length === next.length)
      },
      data(bytes) {
        beginReading()
        late.reader?.push(bytes, false)
      },
      holder: {
        close: () => late.reader?.destroy('upstream_distrusted'),
        renew: () => late.reader?.drain(),
      },
    },
    () => late.reader?.connected(),
  )
  const reader = makeReader(socket, owner, options)
  late.reader = reader
  socket.once('close', () => buffers.close())
  return reader
}

function makeReader(
  socket: Socket,
  owner: UpstreamConnectionOwner,
  { protocol, limits, clock, expectedCapacity, spells = false }: DialOptions,
): Reader {
  switch (protocol) {
    case 'tcp':
      return new TcpUpstream(socket, owner)
    case 'http1':
      return new Http1Upstream(socket, owner, limits)
    case 'http2':
      return new Http2Upstream(socket, owner, { limits, clock, assumedStreams: expectedCapacity, spells })
  }
}
