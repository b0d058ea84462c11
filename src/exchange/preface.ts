// The PROXY protocol head that a connection of one exchange begins with, where an application or a service wants to be told who called.
import { mustParseAddress } from '../core/address.ts'
import { writeProxyHead } from '../core/proxy-protocol.ts'
import type { Peer } from './peer.ts'

/** undefined when it is off. Callers on Unix sockets have no address to tell: the head then says so. */
export function prefaceFor(
  version: 'off' | 'v1' | 'v2',
  { remoteIp, remoteAddress, localAddress }: Pick<Peer, 'remoteIp' | 'remoteAddress' | 'localAddress'>,
): Buffer | undefined {
  if (version === 'off') return undefined
  const known = remoteIp !== '' && localAddress !== ''
  const ends = known ? { source: mustParseAddress(remoteAddress), destination: mustParseAddress(localAddress) } : undefined
  return writeProxyHead(version === 'v1' ? 1 : 2, ends)
}
