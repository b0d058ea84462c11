// What shall happen to a request or a connection, by the snapshot alone: the pipeline carries it out, `explain` tells it.
// hot path: bench/macro
import type { RequestHead } from '../codec/message.ts'
import { parseAddress } from '../core/address.ts'
import type { FailureCode } from '../core/failures.ts'
import type { Verdict } from '../policy/verdict.ts'
import { normalizePath } from '../routing/normalize.ts'
import type { Route } from '../routing/route.ts'
import type { TcpRoute } from '../routing/tcp-routes.ts'
import { forwardedFor, forwardedProto } from '../telemetry/forwarded.ts'
import { authorize, type Judged, type PolicyPeer } from './authorize.ts'
import { tellClientCert } from './client-cert.ts'
import type { Peer } from './peer.ts'
import { preflightRoute } from './preflight.ts'
import type { Destination, Snapshot } from './snapshot.ts'

/** What of a peer the plan depends on. */
export type Caller = PolicyPeer &
  Pick<Peer, 'localAddress' | 'original' | 'service' | 'gateway'> &
  Partial<Pick<Peer, 'clientCert'>>

export type Plan<S> =
  /** To the application: the one behind the listener, or at `target`, where a captured connection was going. */
  | { readonly kind: 'app'; readonly target: string; readonly route?: Route<Destination<S>> }
  | { readonly kind: 'service'; readonly destination: Destination<S> }
  /** To one of the route's services, once it is drawn; its edits are still to be made. */
  | { readonly kind: 'route'; readonly route: Route<Destination<S>> }
  /** The same for a connection. */
  | { readonly kind: 'tcpRoute'; readonly route: TcpRoute<Destination<S>> }
  /** To host:port, which is no known service. */
  | { readonly kind: 'passthrough'; readonly target: string }
  | { readonly kind: 'failure'; readonly code: FailureCode; readonly detail: string }

/** What the path was before a sidecar rewrote it: no application says so. */
const ORIGINAL_PATH = 'x-envoy-original-path'
const TO_APP = { kind: 'app', target: '' } as const
const AMBIGUOUS_PATH = { kind: 'failure', code: 'bad_request', detail: 'a path that can be read in two ways' } as const

/** Gives the head the form that whatever comes next sees: normal path, forwarding fields. */
export function planRequest<S>(snapshot: Snapshot<S>, caller: Caller, head: RequestHead, judged: Judged): Plan<S> {
  return caller.direction === 'inbound'
    ? planInbound(snapshot, caller, head, judged)
    : planOutbound(snapshot, caller, head, judged)
}

/** A TCP connection: by the listener's service, the server name of its TLS, or where it was going when it was captured. */
export function planConnection<S>(snapshot: Snapshot<S>, caller: Caller, judged: Judged): Plan<S> {
  const { settings } = snapshot.config
  const inbound = caller.direction === 'inbound'
  const name = caller.service === '' ? caller.serverName : caller.service
  const destination = inbound
    ? undefined
    : (snapshot.addresses.get(caller.original) ?? (name === '' ? undefined : snapshot.services.get(name, 'https')))
  const verdict = authorize(snapshot, caller, { head: undefined, remoteIp: caller.remoteIp, meant: destination }, judged)
  if (verdict?.allowed === false) return denied(verdict)
  if (inbound) return toApp(snapshot, caller)
  const route = snapshot.tcpRoutes?.match({
    serverName: caller.serverName,
    service: destination,
    ip: caller.destinationIp,
    port: destination?.config.port ?? caller.destinationPort,
  })
  if (route !== undefined) return { kind: 'tcpRoute', route }
  if (destination?.config.passthrough === true) return planPassthrough(snapshot, caller.original || `${name}:443`)
  if (destination !== undefined) return { kind: 'service', destination }
  if (caller.original !== '') return planAddress(snapshot, caller.original)
  if (name === '') return { kind: 'failure', code: 'no_service', detail: 'a TCP connection that names no destination' }
  if (caller.service === '' && settings.unknownDestinations === 'allow') return { kind: 'passthrough', target: `${name}:443` }
  return { kind: 'failure', code: 'no_service', detail: `no service ${name}` }
}

/** What is captured on its way to a listener of ours would come back for ever, or get past the application to the sidecar's own doors. */
function toApp<S>(
  { ownAddresses }: Snapshot<S>,
  { original, destinationPort }: Caller,
): Extract<Plan<S>, { kind: 'app' | 'failure' }> {
  if (original === '') return TO_APP
  if (ownAddresses.hasPort(destinationPort)) return { kind: 'failure', code: 'loop', detail: `${original} is this proxy` }
  return { kind: 'app', target: original }
}

function planInbound<S>(snapshot: Snapshot<S>, caller: Caller, head: RequestHead, judged: Judged): Plan<S> {
  const { settings } = snapshot.config
  const routes = snapshot.inboundRoutes?.host(head.authority, head.scheme)
  const strict = routes?.readsPath === true || (snapshot.policies.inbound?.readsPath ?? false)
  const path = normalizePath(head.path, settings.pathNormalization, strict)
  if (path === undefined) return AMBIGUOUS_PATH
  head.path = path
  tellClientCert(head.fields, caller.clientCert)
  // logs believe it: who was rewritten by nobody that is known was not rewritten
  if (caller.identity === undefined && settings.trustedHops === 0) head.fields.remove(ORIGINAL_PATH)
  const remoteIp = forwardedFor(head.fields, caller.remoteIp, settings.trustedHops)
  forwardedProto(head.fields, head.scheme, settings.trustedHops)
  // RFC 9112 §3.2 asks for a Host that HTTP/1.0 callers may leave out
  if (head.authority === '') head.authority = caller.localAddress
  const preflight = preflightRoute(snapshot, caller, routes, head)
  const verdict = preflight === undefined ? authorize(snapshot, caller, { head, remoteIp }, judged) : undefined
  if (verdict?.allowed === false) return denied(verdict)
  const plan = toApp(snapshot, caller)
  const route = preflight ?? routes?.match(head)
  return route === undefined || plan.kind === 'failure' ? plan : { ...plan, route }
}

function planOutbound<S>(snapshot: Snapshot<S>, caller: Caller, head: RequestHead, judged: Judged): Plan<S> {
  const { scheme } = head
  const authority = caller.original === '' ? head.authority : meantHost(snapshot, caller.original, head)
  const routed = caller.service === '' && head.method !== 'CONNECT'
  const routes = routed ? snapshot.routes.host(authority, scheme) : undefined
  const strict = routes?.readsPath === true || (snapshot.policies.outbound?.readsPath ?? false)
  const path = normalizePath(head.path, snapshot.config.settings.pathNormalization, strict)
  if (path === undefined) return AMBIGUOUS_PATH
  head.path = path
  tellClientCert(head.fields, undefined)
  head.fields.remove(ORIGINAL_PATH)
  const name = caller.service === '' ? authority : caller.service
  const meant = snapshot.policies.outbound === null ? undefined : snapshot.services.get(name, scheme)
  const verdict = authorize(snapshot, caller, { head, remoteIp: caller.remoteIp, meant }, judged)
  if (verdict?.allowed === false) return denied(verdict)
  if (routes !== undefined) {
    const route = routes.match(head)
    if (route !== undefined) return { kind: 'route', route }
    if (routes.named) return { kind: 'failure', code: 'no_route', detail: `no route of ${authority} matches` }
  }
  const destination = snapshot.services.get(name, scheme)
  if (destination?.config.passthrough === true) return planPassthrough(snapshot, caller.original || hostPort(head))
  if (destination !== undefined) return { kind: 'service', destination }
  if (caller.service !== '') return { kind: 'failure', code: 'no_service', detail: `no service ${name}` }
  return caller.original === '' ? planUnknown(snapshot, head) : planAddress(snapshot, caller.original)
}

/** A captured caller means the service that it connected to, whatever host it names; but a host that only routes know is theirs. */
function meantHost<S>(snapshot: Snapshot<S>, original: string, { authority, scheme }: RequestHead): string {
  const addressed = snapshot.addresses.get(original)
  if (addressed === undefined) return authority
  const named = snapshot.services.get(authority, scheme)
  if (named === addressed || (named === undefined && snapshot.routes.host(authority, scheme).named)) return authority
  return addressed.authority
}

/** Where a captured connection was going, host:port. */
function planAddress<S>({ addresses, config, ownAddresses }: Snapshot<S>, original: string): Plan<S> {
  const destination = addresses.get(original)
  if (destination !== undefined) return { kind: 'service', destination }
  if (ownAddresses.has(original)) return { kind: 'failure', code: 'loop', detail: `${original} is this proxy` }
  if (config.settings.unknownDestinations === 'allow') return { kind: 'passthrough', target: original }
  return { kind: 'failure', code: 'no_service', detail: `no service has the address ${original}` }
}

function planUnknown<S>(snapshot: Snapshot<S>, head: RequestHead): Plan<S> {
  const { authority } = head
  if (authority === '') return { kind: 'failure', code: 'no_service', detail: 'a request that names no host' }
  if (snapshot.config.settings.unknownDestinations === 'deny') {
    return { kind: 'failure', code: 'no_service', detail: `no service ${authority}` }
  }
  return planPassthrough(snapshot, hostPort(head))
}

function planPassthrough<S>({ ownAddresses }: Snapshot<S>, target: string): Plan<S> {
  if (ownAddresses.has(target)) return { kind: 'failure', code: 'loop', detail: `${target} is this proxy` }
  if (parseAddress(target) === undefined) return { kind: 'failure', code: 'no_service', detail: `${target} is no address` }
  return { kind: 'passthrough', target }
}

/** What a request names, with the usual port where it names none. */
function hostPort({ authority, scheme }: RequestHead): string {
  return /:\d+$/.test(authority) ? authority : `${authority}:${scheme === 'https' ? 443 : 80}`
}

function denied<S>({ why }: Verdict): Plan<S> {
  return { kind: 'failure', code: 'policy_denied', detail: why }
}
