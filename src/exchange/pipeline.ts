// The life of a request, top to bottom: name it, normalize it, decide where it goes, send it. Everything it asks is compiled already.
// hot path: bench/macro
import type { RequestHead } from '../codec/message.ts'
import type { DownstreamStream } from '../codec/stream.ts'
import { parseAddress } from '../core/address.ts'
import type { FailureCode } from '../core/failures.ts'
import { normalizePath } from '../routing/normalize.ts'
import { forwardedFor, forwardedProto } from '../telemetry/forwarded.ts'
import { BLACK_HOLE, PASSTHROUGH } from '../telemetry/party.ts'
import { ensureTraceparent, type IdSource, requestIdOf } from '../telemetry/trace.ts'
import type { Carrier, ServiceRegistry } from '../upstream/registry.ts'
import type { Decision, ExchangeDeps } from './decision.ts'
import { Exchange } from './exchange.ts'
import type { Peer } from './peer.ts'
import type { Destination, Snapshot } from './snapshot.ts'

export interface PipelineDeps extends ExchangeDeps<Exchange> {
  readonly ids: IdSource
  readonly registry: ServiceRegistry
  snapshot(): Snapshot<Carrier>
}

/** Without a route: as long as bytes flow, as Istio has it. */
const NO_ROUTE = { route: '', responseEdits: null, timeoutMs: 0, attemptTimeoutMs: 0, idleTimeoutMs: 300_000 } as const

/** Where a request goes, or the failure it gets. */
type Choice =
  | { readonly decision: Decision }
  | { readonly failure: 'no_route' | 'no_service' | 'missing_backend' | 'loop'; readonly detail: string }

export class Pipeline {
  readonly #deps: PipelineDeps

  constructor(deps: PipelineDeps) {
    this.#deps = deps
  }

  /** A request has begun; `end`: it has no body. */
  serve(peer: Peer, stream: DownstreamStream, head: RequestHead, end: boolean): Exchange {
    const { ids } = this.#deps
    const snapshot = this.#deps.snapshot()
    const { settings } = snapshot.config
    const x = new Exchange(this.#deps, { peer, stream, request: head, ended: end, kind: 'http' })
    x.requestId = requestIdOf(head.fields, ids)
    ensureTraceparent(head.fields, ids)
    const inbound = peer.direction === 'inbound'
    const routes = inbound ? undefined : snapshot.routes.host(head.authority, head.scheme)
    const path = normalizePath(head.path, settings.pathNormalization, routes?.readsPath === true)
    if (path === undefined) {
      x.fail('bad_request', 'a path that can be read in two ways')
      return x
    }
    head.path = path
    if (inbound) {
      forwardedFor(head.fields, peer.remoteIp, settings.trustedHops)
      forwardedProto(head.fields, head.scheme, settings.trustedHops)
      // RFC 9112 §3.2 asks for a Host that HTTP/1.0 callers may leave out
      if (head.authority === '') head.authority = peer.localAddress
      x.forward({ ...NO_ROUTE, service: this.#deps.registry.app(peer.listener).of(head), destination: snapshot.own })
      return x
    }
    x.source = snapshot.own
    const choice = this.#choose(snapshot, peer, head)
    if ('decision' in choice) x.forward(choice.decision)
    else {
      x.destination = BLACK_HOLE
      x.fail(choice.failure, choice.detail)
    }
    return x
  }

  /** A TCP connection: by the listener's service or by the server name of its TLS. */
  serveTcp(peer: Peer, stream: DownstreamStream): Exchange {
    const snapshot = this.#deps.snapshot()
    const { registry } = this.#deps
    const x = new Exchange(this.#deps, { peer, stream, request: undefined, ended: false, kind: 'tcp' })
    if (peer.direction === 'inbound') {
      x.forward({ ...NO_ROUTE, service: registry.app(peer.listener).tcp, destination: snapshot.own })
      return x
    }
    x.source = snapshot.own
    const name = peer.service === '' ? peer.serverName : peer.service
    const destination = name === '' ? undefined : snapshot.services.get(name, 'https')
    if (destination !== undefined) x.forward({ ...NO_ROUTE, service: destination.runtime.tcp, destination: destination.party })
    else if (name !== '' && peer.service === '' && snapshot.config.settings.unknownDestinations === 'allow') {
      x.forward({ ...NO_ROUTE, service: registry.passthrough(`${name}:443`).tcp, destination: PASSTHROUGH })
    } else {
      x.destination = BLACK_HOLE
      x.fail('no_service', name === '' ? 'a TCP connection that names no destination' : `no service ${name}`)
    }
    return x
  }

  /** What came was no request. */
  refuse(peer: Peer, stream: DownstreamStream, code: FailureCode, detail: string): void {
    const x = new Exchange(this.#deps, { peer, stream, request: undefined, ended: true, kind: 'http' })
    if (peer.direction === 'inbound') x.destination = this.#deps.snapshot().own
    else x.source = this.#deps.snapshot().own
    x.fail(code, detail)
  }

  #choose(snapshot: Snapshot<Carrier>, peer: Peer, head: RequestHead): Choice {
    if (peer.service !== '') {
      const fixed = snapshot.services.get(peer.service, head.scheme)
      return fixed === undefined ? { failure: 'no_service', detail: `no service ${peer.service}` } : decided(fixed, head)
    }
    const routes = snapshot.routes.host(head.authority, head.scheme)
    const route = head.method === 'CONNECT' ? undefined : routes.match(head)
    if (route !== undefined) {
      const chosen = route.services.next()?.service
      if (chosen === undefined) return { failure: 'missing_backend', detail: `route ${route.id} has no service` }
      if (route.requestEdits !== null) route.requestEdits.applyToRequest(head)
      return {
        decision: {
          service: chosen.runtime.of(head),
          destination: chosen.party,
          route: route.id,
          responseEdits: route.responseEdits,
          timeoutMs: route.timeoutMs,
          attemptTimeoutMs: route.attemptTimeoutMs,
          idleTimeoutMs: route.idleTimeoutMs,
        },
      }
    }
    if (routes.named && head.method !== 'CONNECT') return { failure: 'no_route', detail: `no route of ${head.authority} matches` }
    const service = snapshot.services.get(head.authority, head.scheme)
    return service === undefined ? this.#passOn(snapshot, head) : decided(service, head)
  }

  #passOn(snapshot: Snapshot<Carrier>, head: RequestHead): Choice {
    const { authority } = head
    if (authority === '' || snapshot.config.settings.unknownDestinations === 'deny') {
      return { failure: 'no_service', detail: authority === '' ? 'a request that names no host' : `no service ${authority}` }
    }
    if (this.#deps.registry.isOwn(authority)) return { failure: 'loop', detail: `${authority} is this proxy` }
    const hasPort = /:\d+$/.test(authority)
    const target = hasPort ? authority : `${authority}:${head.scheme === 'https' ? 443 : 80}`
    if (parseAddress(target) === undefined) return { failure: 'no_service', detail: `${authority} is no address` }
    return { decision: { ...NO_ROUTE, service: this.#deps.registry.passthrough(target).of(head), destination: PASSTHROUGH } }
  }
}

function decided({ runtime, party }: Destination<Carrier>, head: RequestHead): Choice {
  return { decision: { ...NO_ROUTE, service: runtime.of(head), destination: party } }
}
