// The two ends of a connection, as its socket tells them.
import type { Socket } from 'node:net'
import { type Address, formatAddress, formatHostPort } from '../core/address.ts'
import type { Peer } from '../exchange/peer.ts'

/** The two ends as the sidecar should see them. */
export type Ends = Pick<Peer, 'remoteAddress' | 'remoteIp' | 'localAddress' | 'serverName'>

/** `original`: where it was going before it was captured, host:port; ''. */
export function endsOf(socket: Socket, original: string): Ends {
  const remoteIp = plainIp(socket.remoteAddress ?? '')
  return {
    remoteAddress: remoteIp === '' ? 'unix:' : formatHostPort(remoteIp, socket.remotePort ?? 0),
    remoteIp,
    localAddress: original === '' ? nearEnd(socket) : original,
    serverName: '',
  }
}

function nearEnd({ localAddress, localPort }: Socket): string {
  return localAddress === undefined ? '' : formatHostPort(plainIp(localAddress), localPort ?? 0)
}

/** The ends that a PROXY protocol head tells of. */
export function endsBehind(
  ends: Ends,
  { source, destination }: { readonly source: Address; readonly destination: Address },
): Ends {
  const remoteIp = source.kind === 'tcp' ? source.host : ''
  return { ...ends, remoteAddress: formatAddress(source), remoteIp, localAddress: formatAddress(destination) }
}

/** A dual-stack listener writes IPv4 as IPv6 (RFC 4291 §2.5.5.2). */
function plainIp(ip: string): string {
  return ip.startsWith('::ffff:') ? ip.slice(7) : ip
}
