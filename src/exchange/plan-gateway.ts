// What shall happen to a request at a gateway: by the listener that it came in at, and the routes of that listener alone.
// hot path: bench/macro
import type { RequestHead } from '../codec/message.ts'
import type { Fields } from '../core/fields.ts'
import type { GatewayPort } from '../routing/gateways.ts'
import { normalizePath } from '../routing/normalize.ts'
import { forwardedFor, forwardedProto } from '../telemetry/forwarded.ts'
import { authorize, type Judged } from './authorize.ts'
import { type Caller, type Plan, planConnection, planRequest } from './plan.ts'
import { preflightRoute } from './preflight.ts'
import type { Snapshot } from './snapshot.ts'

const NO_LISTENER = { kind: 'failure', code: 'no_route', detail: 'no listener of the gateway is for this host' } as const
const AMBIGUOUS_PATH = { kind: 'failure', code: 'bad_request', detail: 'a path that can be read in two ways' } as const

/** How often it was tried, how long it may take, what it was before a rewrite, whether it is a copy. */
const OF_PROXIES = [
  'x-envoy-attempt-count',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-original-path',
  'x-outrigger-mirror',
] as const

/** Wherever it came in. */
export function planArrival<S>(snapshot: Snapshot<S>, caller: Caller, head: RequestHead, judged: Judged): Plan<S> {
  return caller.gateway === '' ? planRequest(snapshot, caller, head, judged) : planAtGateway(snapshot, caller, head, judged)
}

/** The same for a connection that is not HTTP. */
export function planArrivingConnection<S>(snapshot: Snapshot<S>, caller: Caller, judged: Judged): Plan<S> {
  if (caller.gateway === '') return planConnection(snapshot, caller, judged)
  const verdict = authorize(snapshot, caller, { head: undefined, remoteIp: caller.remoteIp }, judged)
  if (verdict?.allowed === false) return { kind: 'failure', code: 'policy_denied', detail: verdict.why }
  const { serverName, destinationPort: port } = caller
  const listener = snapshot.gateways.get(caller.gateway)?.listener(serverName)
  if (listener === undefined) return { ...NO_LISTENER, detail: 'no listener of the gateway is for this connection' }
  const route = listener.connections?.match({ serverName, service: undefined, ip: '', port })
  return route === undefined
    ? { kind: 'failure', code: 'no_route', detail: `no route of ${listener.id} is for this connection` }
    : { kind: 'tcpRoute', route }
}

/** The edge: what callers say of who they are and where they come from is believed as far as trusted hops reach. */
function planAtGateway<S>(snapshot: Snapshot<S>, caller: Caller, head: RequestHead, judged: Judged): Plan<S> {
  const { settings } = snapshot.config
  const port = snapshot.gateways.get(caller.gateway)
  const listener = port?.listener(head.authority)
  const routes = listener?.routes.host(head.authority, head.scheme)
  const strict = routes?.readsPath === true || (snapshot.policies.inbound?.readsPath ?? false)
  const path = normalizePath(head.path, settings.pathNormalization, strict)
  if (path === undefined) return AMBIGUOUS_PATH
  head.path = path
  forgetHearsay(head.fields, settings.trustedHops)
  const remoteIp = forwardedFor(head.fields, caller.remoteIp, settings.trustedHops)
  forwardedProto(head.fields, head.scheme, settings.trustedHops)
  const preflight = preflightRoute(snapshot, caller, routes, head)
  const verdict = preflight === undefined ? authorize(snapshot, caller, { head, remoteIp }, judged) : undefined
  if (verdict?.allowed === false) return { kind: 'failure', code: 'policy_denied', detail: verdict.why }
  if (port !== undefined && port.kind === 'tls' && !isSameListener(port, caller.serverName, head.authority))
    return { kind: 'failure', code: 'misdirected', detail: `${head.authority} on a connection for ${caller.serverName}` }
  if (routes === undefined) return NO_LISTENER
  const route = preflight ?? routes.match(head)
  if (route === undefined) return { kind: 'failure', code: 'no_route', detail: `no route of ${listener?.id} matches` }
  return { kind: 'route', route }
}

/** What sidecars and proxies tell each other, and callers from outside may not say for them. Nobody's certificate is known here. */
function forgetHearsay(fields: Fields, trustedHops: number): void {
  fields.remove('x-forwarded-client-cert')
  if (trustedHops > 0) return
  for (const name of OF_PROXIES) fields.remove(name)
}

/** A certificate that was shown for one listener says nothing for another. */
function isSameListener(port: GatewayPort<unknown>, serverName: string, authority: string): boolean {
  return port.listener(serverName) === port.listener(authority)
}
