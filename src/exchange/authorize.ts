// Puts a request or connection to the policies of a snapshot: when it comes, and again while it is open when there is a newer snapshot.
// hot path: bench/macro
import type { RequestHead } from '../codec/message.ts'
import { splitHostPort } from '../core/address.ts'
import type { Due } from '../policy/custom/rules.ts'
import { type Claims, PolicyInput } from '../policy/input.ts'
import type { Verdict } from '../policy/verdict.ts'
import { forwardedClient } from '../telemetry/forwarded.ts'
import type { Peer } from './peer.ts'
import type { Destination, Snapshot } from './snapshot.ts'

/** What of a peer policies look at. */
export type PolicyPeer = Pick<
  Peer,
  'direction' | 'remoteIp' | 'identity' | 'destinationIp' | 'destinationPort' | 'serverName' | 'gateway'
>

/** What policies said of an exchange, and of what: kept with it. */
export interface Judged {
  /** Of its token, when it brought a valid one. */
  claims: Claims | undefined
  /** undefined: there was no policy to ask. */
  policyInput: PolicyInput | undefined
  verdict: Verdict | undefined
  /** Who has to be asked before the policies are; null: nobody. */
  due: readonly Due[] | null
}

interface Arrival {
  readonly head: RequestHead | undefined
  readonly remoteIp: string
  /** The known service that an outbound caller means. */
  readonly meant?: Meant | undefined
}

type Meant = Pick<Destination<unknown>, 'authority' | 'config'>

/** `remoteIp`: the caller behind trusted hops. `head`: undefined for bytes. undefined: no policy is there. */
export function authorize(
  { policies }: Pick<Snapshot<unknown>, 'policies'>,
  peer: PolicyPeer,
  { head, remoteIp, meant }: Arrival,
  judged: Judged,
): Verdict | undefined {
  const inbound = comesIn(peer)
  const engine = inbound ? policies.inbound : policies.outbound
  const custom = inbound ? policies.custom : null
  const observed = inbound ? policies.observed.inbound : policies.observed.outbound
  if (engine === null && custom === null && observed === null) return undefined
  const input = inputOf(peer, { head, remoteIp, meant }, judged.claims)
  judged.policyInput = input
  if (custom !== null) judged.due = custom.due(input)
  if (engine === null || judged.due !== null) return undefined
  judged.verdict = engine.decide(input)
  return judged.verdict
}

/** The same once everybody who was due has allowed it, perhaps with other fields. */
export function authorizeAsked({ policies }: Pick<Snapshot<unknown>, 'policies'>, judged: Judged): Verdict | undefined {
  const { policyInput } = judged
  if (policies.inbound === null || policyInput === undefined) return undefined
  judged.policyInput = new PolicyInput(policyInput)
  judged.verdict = policies.inbound.decide(judged.policyInput)
  return judged.verdict
}

/** A route is going to change the head: policies that are asked again, and those of a newer snapshot, see what came. */
export function rememberAsCame(
  { config }: Pick<Snapshot<unknown>, 'config'>,
  peer: PolicyPeer,
  head: RequestHead,
  judged: Judged,
): void {
  const { trustedHops } = config.settings
  const came = comesIn(peer)
  judged.policyInput ??= inputOf(
    peer,
    { head, remoteIp: came ? forwardedClient(head.fields, peer.remoteIp, trustedHops) : peer.remoteIp },
    judged.claims,
  )
  judged.policyInput.keepFields()
}

/** What a newer snapshot says of what is already open; changes nothing. undefined: no policy is there any more. */
export function authorizeAgain(
  snapshot: Pick<Snapshot<unknown>, 'policies' | 'config'>,
  peer: PolicyPeer,
  head: RequestHead | undefined,
  judged: Judged,
): Verdict | undefined {
  const engine = comesIn(peer) ? snapshot.policies.inbound : snapshot.policies.outbound
  if (engine === null) return undefined
  const { trustedHops } = snapshot.config.settings
  const behind = comesIn(peer) ? head : undefined
  const remoteIp = behind === undefined ? peer.remoteIp : forwardedClient(behind.fields, peer.remoteIp, trustedHops)
  return engine.decide(judged.policyInput ?? inputOf(peer, { head, remoteIp }, judged.claims))
}

/** Why this caller may ask for nothing any more on its connection; undefined: for something it may. */
export function denialOfPeer(snapshot: Pick<Snapshot<unknown>, 'policies'>, peer: PolicyPeer): Verdict | undefined {
  const engine = comesIn(peer) ? snapshot.policies.inbound : snapshot.policies.outbound
  return engine === null ? undefined : engine.denialOfPeer(inputOf(peer, { head: undefined, remoteIp: peer.remoteIp }, undefined))
}

function inputOf(peer: PolicyPeer, { head, remoteIp, meant }: Arrival, claims: Claims | undefined): PolicyInput {
  return new PolicyInput({
    direction: comesIn(peer) ? 'inbound' : 'outbound',
    identity: peer.identity,
    sourceIp: peer.remoteIp,
    remoteIp,
    destinationIp: peer.destinationIp,
    destinationPort: peer.destinationPort || (meant?.config.port ?? (head === undefined ? 0 : namedPort(head))),
    service: meant?.authority,
    serverName: peer.serverName,
    head,
    claims,
  })
}

/** At a gateway, whoever calls comes to it; that it calls others on is its own doing. */
export function comesIn({ direction, gateway }: Pick<PolicyPeer, 'direction' | 'gateway'>): boolean {
  return direction === 'inbound' || gateway !== ''
}

function namedPort({ authority, scheme }: RequestHead): number {
  return splitHostPort(authority)?.port ?? (scheme === 'https' ? 443 : 80)
}
