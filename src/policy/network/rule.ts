// One rule of a NetworkPolicy, compiled: which peers it is for, and which ports.
import type { NetworkPeerConfig, NetworkPortConfig, NetworkRuleConfig } from '../../config/schema/network-policies.ts'
import { parseCidr } from '../../core/address.ts'
import type { Verdict } from '../verdict.ts'
import type { Resident } from './population.ts'
import { compileSelector } from './selector.ts'

/** The other end of a connection. `resident`: undefined when nobody knows whose address it is. */
export interface Party {
  readonly ip: string
  readonly resident: Resident | undefined
}

export interface NetworkRule {
  readonly id: string
  /** Of what it allows. */
  readonly verdict: Verdict
  /** Some of its peers are addresses, whoever has them. */
  readonly open: boolean
  isFor(other: Party): boolean
  /** `names`: the ports that the Pod which is connected to has given names. */
  hasPort(port: number, names: Resident['ports']): boolean
}

/** `namespace`: that of the policy. */
export function compileRule({ peers, ports }: NetworkRuleConfig, namespace: string, id: string): NetworkRule {
  const tests = peers?.map((peer) => compilePeer(peer, namespace))
  return {
    id,
    verdict: { allowed: true, rule: id, why: 'a NetworkPolicy allows this peer and port' },
    open: peers === undefined || peers.some(({ kind }) => kind === 'block'),
    isFor: tests === undefined ? () => true : (other) => tests.some((test) => test(other)),
    hasPort: ports === undefined ? () => true : (port, names) => ports.some((one) => isPort(one, port, names)),
  }
}

function compilePeer(peer: NetworkPeerConfig, own: string): (other: Party) => boolean {
  if (peer.kind === 'block') {
    const block = parseCidr(peer.cidr)
    const holes = peer.except.map((text) => parseCidr(text))
    return ({ ip }) => block?.contains(ip) === true && !holes.some((hole) => hole?.contains(ip) === true)
  }
  const pods = compileSelector(peer.pods)
  if (peer.namespaces === undefined) return ({ resident }) => resident?.namespace.name === own && pods(resident.labels, true)
  const namespaces = compileSelector(peer.namespaces)
  return ({ resident }) =>
    resident !== undefined && namespaces(resident.namespace.labels, resident.namespace.known) && pods(resident.labels, true)
}

function isPort(wanted: NetworkPortConfig, port: number, names: Resident['ports']): boolean {
  if (wanted.kind === 'range') return port >= wanted.from && port <= wanted.to
  return names.some((named) => named.name === wanted.name && named.port === port)
}
