// The two ends of a connection, as its socket tells them.
import type { Socket } from 'node:net'
import { formatHostPort } from '../core/address.ts'
import type { Peer } from '../exchange/peer.ts'

/** The two ends as the sidecar should see them. */
export type Ends = Pick<Peer, 'remoteAddress' | 'remoteIp' | 'localAddress' | 'serverName'>

export function endsOf(socket: Socket): Ends {
  const remoteIp = plainIp(socket.remoteAddress ?? '')
  return {
    remoteAddress: remoteIp === '' ? 'unix:' : formatHostPort(remoteIp, socket.remotePort ?? 0),
    remoteIp,
    localAddress: socket.localAddress === undefined ? '' : formatHostPort(plainIp(socket.localAddress), socket.localPort ?? 0),
    serverName: '',
  }
}

/** A dual-stack listener writes IPv4 as IPv6 (RFC 4291 §2.5.5.2). */
function plainIp(ip: string): string {
  return ip.startsWith('::ffff:') ? ip.slice(7) : ip
}
