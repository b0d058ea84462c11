// Who the caller is when others stand in between: x-forwarded-for, -proto, -host, believed as far as the trusted hops reach.
// Envoy's rules for `use_remote_address: true` and `xff_num_trusted_hops`.
import { canonicalIp, isIp, splitHostPort } from '../core/address.ts'
import type { Fields } from '../core/fields.ts'

/**
 * The address of the caller: with no trusted hop the peer itself, with N the Nth entry from the right, which the trusted hop next to
 * the caller wrote; the peer where there are fewer entries or the entry is no address. The peer is then added to the list.
 */
export function forwardedFor(fields: Fields, peerAddress: string, trustedHops: number): string {
  const peer = canonicalIp(peerAddress)
  const given = fields.get('x-forwarded-for')
  // a Unix socket has no address to tell
  if (peer === '') return ''
  if (given === undefined) {
    fields.push('x-forwarded-for', 'x-forwarded-for', peer)
    return peer
  }
  // several fields are one list (RFC 9110 §5.3)
  const values = fields.all('x-forwarded-for')
  const list = values.length === 1 ? given : values.join(', ')
  const client = trustedHops === 0 ? peer : (addressFromRight(list, trustedHops) ?? peer)
  fields.set('x-forwarded-for', list === '' ? peer : `${list}, ${peer}`)
  return client
}

/** The same, from a list that the peer has been added to already. */
export function forwardedClient(fields: Fields, peerAddress: string, trustedHops: number): string {
  const peer = canonicalIp(peerAddress)
  if (trustedHops === 0 || peer === '') return peer
  return addressFromRight(fields.all('x-forwarded-for').join(', '), trustedHops + 1) ?? peer
}

/**
 * The scheme that the caller used: without trusted hops the one of its connection, which replaces what is there; with them the one
 * that they say.
 */
export function forwardedProto(fields: Fields, scheme: 'http' | 'https', trustedHops: number): 'http' | 'https' {
  const given = fields.get('x-forwarded-proto')
  if (given === undefined) fields.push('x-forwarded-proto', 'x-forwarded-proto', scheme)
  else if (trustedHops > 0 && (given === 'http' || given === 'https') && fields.all('x-forwarded-proto').length === 1)
    return given
  else fields.set('x-forwarded-proto', scheme)
  return scheme
}

/** The host that the caller named, to be told when a route rewrites it. A trusted hop's word stands, another one's is replaced. */
export function forwardedHost(fields: Fields, authority: string, trustedHops: number): void {
  if (trustedHops === 0 || !fields.has('x-forwarded-host')) fields.set('x-forwarded-host', authority)
}

function addressFromRight(list: string, nth: number): string | undefined {
  const entries = list.split(',')
  const entry = entries[entries.length - nth]?.trim()
  if (entry === undefined || entry === '') return undefined
  if (isIp(entry)) return canonicalIp(entry)
  // some proxies write the port as well
  const host = splitHostPort(entry)?.host
  return host !== undefined && isIp(host) ? canonicalIp(host) : undefined
}
