// Which codec serves a connection, and what TLS offers for it.
import type { Socket } from 'node:net'
import { Http1Downstream } from '../codec/http1/downstream.ts'
import { Http2Downstream } from '../codec/http2/downstream.ts'
import type { Http2Limits } from '../codec/http2/limits.ts'
import type { DownstreamConnection } from '../codec/stream.ts'
import { TcpDownstream } from '../codec/tcp/downstream.ts'
import type { Clock } from '../core/clock.ts'
import type { ConnectionHandler } from '../exchange/handler.ts'

export type Codec = 'http1' | 'http2' | 'tcp'

interface CodecOptions {
  readonly limits: Http2Limits
  readonly clock: Clock
  readonly scheme: 'http' | 'https'
}

/** Bytes have no name in ALPN. */
export const ALPN: Readonly<Record<'auto' | 'http' | 'http2' | 'tcp' | 'tls', string[] | undefined>> = {
  auto: ['h2', 'http/1.1'],
  http: ['h2', 'http/1.1'],
  http2: ['h2'],
  tcp: undefined,
  tls: undefined,
}

/** `begin` is to be called when everybody knows of the connection. */
export function connectionOf(
  codec: Codec,
  socket: Socket,
  handler: ConnectionHandler,
  options: CodecOptions,
): { readonly connection: DownstreamConnection; readonly begin: (first: Buffer) => void } {
  if (codec === 'tcp') {
    const connection = new TcpDownstream(socket, handler)
    const begin = (first: Buffer): void => {
      connection.open()
      if (first.length > 0) connection.push(first)
      if (socket.readableEnded) connection.peerEnded()
    }
    return { connection, begin }
  }
  const connection = new (codec === 'http1' ? Http1Downstream : Http2Downstream)(socket, handler, options)
  const begin = (first: Buffer): void => {
    if (first.length > 0) connection.push(first)
  }
  return { connection, begin }
}
