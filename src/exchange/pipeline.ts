// The life of a request, top to bottom: name it, plan where it goes, send it. Everything it asks is compiled already.
// hot path: bench/macro
import type { RequestHead } from '../codec/message.ts'
import type { DownstreamStream } from '../codec/stream.ts'
import type { FailureCode } from '../core/failures.ts'
import type { Observed } from '../policy/observed.ts'
import type { FieldChange } from '../routing/edits.ts'
import type { Mirror } from '../routing/mirror.ts'
import type { LimitCaller } from '../routing/rate-limit.ts'
import { APP_RETRY, DEFAULT_RETRY } from '../routing/retry-policy.ts'
import type { Route } from '../routing/route.ts'
import type { TcpRoute } from '../routing/tcp-routes.ts'
import { forwardedClient } from '../telemetry/forwarded.ts'
import type { Party } from '../telemetry/outcome.ts'
import { BLACK_HOLE, PASSTHROUGH } from '../telemetry/party.ts'
import { ensureTraceparent, type IdSource, requestIdOf } from '../telemetry/trace.ts'
import type { Carrier } from '../upstream/carrier.ts'
import type { ServiceRegistry } from '../upstream/registry.ts'
import type { Service } from '../upstream/service.ts'
import { authenticate } from './authenticate.ts'
import { authorizeAsked, comesIn, rememberAsCame } from './authorize.ts'
import { askAll } from './custom/settle.ts'
import type { Decision, ExchangeDeps } from './decision.ts'
import { Exchange } from './exchange.ts'
import { answerOf, appCourseOf, courseOf } from './follow.ts'
import { guard } from './guard.ts'
import { isCopy, Mirrored, type MirrorResult, mirrorHead } from './mirrored.ts'
import type { Overload } from './overload.ts'
import type { Peer } from './peer.ts'
import type { Plan } from './plan.ts'
import { planArrival, planArrivingConnection } from './plan-gateway.ts'
import { prefaceFor } from './preface.ts'
import type { Destination, Snapshot } from './snapshot.ts'

export interface PolicyWatcher {
  denied(x: Exchange): void
  /** Whatever was put to policies, where something is observed. */
  see(x: Exchange, observed: Observed): void
}

export interface PipelineDeps extends ExchangeDeps<Exchange> {
  readonly ids: IdSource
  readonly registry: ServiceRegistry
  readonly overload: Pick<Overload, 'sheds'>
  snapshot(): Snapshot<Carrier>
  readonly watch: PolicyWatcher
  /** `service`: as in destination_service. */
  mirrored(service: string, result: MirrorResult): void
}

/** Where the route sets no limit. */
const MIRROR_MS = 60_000
/** Without a route: as long as bytes flow; a stream may be silent for as long as a tunnel. */
const UNHURRIED = { requestMs: 0, attemptMs: 0, idleMs: 300_000, streamIdleMs: 3_600_000, maxStreamMs: 0 } as const
const NO_ROUTE = { subset: '', route: '', responseEdits: null, timeouts: UNHURRIED, retry: DEFAULT_RETRY, hedge: null } as const
const TO_APP = { ...NO_ROUTE, retry: APP_RETRY } as const

export class Pipeline {
  readonly #deps: PipelineDeps

  constructor(deps: PipelineDeps) {
    this.#deps = deps
  }

  /** A request has begun; `end`: it has no body. */
  serve(peer: Peer, stream: DownstreamStream, head: RequestHead, end: boolean): Exchange {
    const { ids } = this.#deps
    const snapshot = this.#deps.snapshot()
    if (peer.sourceIn !== snapshot.id) recognize(peer, snapshot)
    const x = new Exchange(this.#deps, { peer, stream, request: head, ended: end, kind: 'http' })
    if (this.#deps.overload.sheds(peer.direction)) return this.#shed(x)
    x.requestId = requestIdOf(head.fields, ids)
    ensureTraceparent(head.fields, ids)
    if (peer.direction === 'outbound') x.egress = snapshot.egress
    this.#arrive(x, head, snapshot)
    return x
  }

  #arrive(x: Exchange, head: RequestHead, snapshot: Snapshot<Carrier>): void {
    const { authentication } = snapshot
    if (authentication === null || !comesIn(x.peer)) return this.#proceed(planArrival(snapshot, x.peer, head, x), x, snapshot)
    authenticate(authentication, {
      x,
      head,
      go: () => this.#proceed(planArrival(snapshot, x.peer, head, x), x, snapshot),
      // keys may take their time, and what is denied meanwhile is denied at once
      overtaken: () => {
        const newer = this.#deps.snapshot()
        if (newer !== snapshot) this.#arrive(x, head, newer)
        return newer !== snapshot
      },
      refuse: (detail) => this.#fail(x, 'unauthenticated', detail),
    })
  }

  /** A TCP connection. */
  serveTcp(peer: Peer, stream: DownstreamStream): Exchange {
    const snapshot = this.#deps.snapshot()
    recognize(peer, snapshot)
    const x = new Exchange(this.#deps, { peer, stream, request: undefined, ended: false, kind: 'tcp' })
    if (this.#deps.overload.sheds(peer.direction)) return this.#shed(x)
    if (peer.direction === 'outbound') x.egress = snapshot.egress
    this.#proceed(planArrivingConnection(snapshot, peer, x), x, snapshot)
    return x
  }

  /** Nobody is to wait for the caller's first bytes: what is there, at host:port, speaks first. */
  expectsServer(original: string): boolean {
    return original !== '' && this.#deps.snapshot().serverFirst.has(original)
  }

  /** What came was no request. */
  refuse(peer: Peer, stream: DownstreamStream, code: FailureCode, detail: string): void {
    const snapshot = this.#deps.snapshot()
    recognize(peer, snapshot)
    const x = new Exchange(this.#deps, { peer, stream, request: undefined, ended: true, kind: 'http' })
    if (peer.direction === 'inbound') x.destination = ownOf(snapshot, peer)
    x.fail(code, detail)
  }

  /** Asks first those who are due; most requests are nobody's to decide but the policies'. */
  #proceed(plan: Plan<Carrier>, x: Exchange, snapshot: Snapshot<Carrier>): void {
    const { due, policyInput } = x
    const { observed } = snapshot.policies
    const watching = policyInput?.direction === 'inbound' ? observed.inbound : observed.outbound
    if (policyInput !== undefined && watching !== null) this.#deps.watch.see(x, watching)
    if (due === null || plan.kind === 'failure') return this.#carryOut(plan, x, x.request)
    const { clock, registry } = this.#deps
    const service = (target: string, head: RequestHead): Service =>
      (snapshot.services.get(target)?.runtime ?? registry.passthrough(target)).of(head)
    const go = (respond: FieldChange | null): void => {
      x.alsoRespond = respond
      // a newer configuration may deny what only these fields tell
      const verdict = authorizeAsked(this.#deps.snapshot(), x)
      if (verdict?.allowed === false) this.#fail(x, 'policy_denied', verdict.why)
      else this.#carryOut(plan, x, x.request)
    }
    void askAll(x, due, { clock, service, go })
  }

  /** `head`: undefined for bytes. */
  #carryOut(plan: Plan<Carrier>, x: Exchange, head: RequestHead | undefined): void {
    const { registry } = this.#deps
    switch (plan.kind) {
      case 'app':
        if (plan.route !== undefined) return this.#follow(plan.route, x, head as RequestHead, plan.target)
        return this.#toApp(plan.target, x, head, TO_APP)
      case 'service': {
        const { runtime, party } = plan.destination
        return x.forward({ ...NO_ROUTE, service: side(runtime, head), destination: party })
      }
      case 'route':
        return this.#follow(plan.route, x, head as RequestHead)
      case 'tcpRoute':
        return this.#connect(plan.route, x)
      case 'passthrough':
        return x.forward({ ...NO_ROUTE, service: side(registry.passthrough(plan.target), head), destination: PASSTHROUGH })
      case 'failure':
        return this.#fail(x, plan.code, plan.detail)
    }
  }

  #toApp(target: string, x: Exchange, head: RequestHead | undefined, how: Omit<Decision, 'service' | 'destination'>): void {
    const service = side(this.#deps.registry.app(x.peer.listener, target), head)
    x.forward({ ...how, service, destination: ownOf(this.#deps.snapshot(), x.peer) })
  }

  /** `app`: where to, of a route of calls to the workload; undefined: to its services. */
  #follow(route: Route<Destination<Carrier>>, x: Exchange, head: RequestHead, app?: string): void {
    x.route = route.id
    const { guards } = route
    if (guards === null) return this.#send(route, x, head, app)
    this.#meant(route, x, app)
    const { trustedHops } = this.#deps.snapshot().config.settings
    const caller = limitCaller(x, head, trustedHops)
    guard(guards, head, x, { caller, nowMs: this.#deps.clock.nowMs(), go: () => this.#send(route, x, head, app) })
  }

  #send(route: Route<Destination<Carrier>>, x: Exchange, head: RequestHead, app: string | undefined): void {
    if (route.changesRequest) rememberAsCame(this.#deps.snapshot(), x.peer, head, x)
    const fork = answerOf(route, head) ?? (app === undefined ? courseOf(route, head) : appCourseOf(route, head))
    if ('failure' in fork) return this.#fail(x, fork.failure, fork.detail)
    if ('reply' in fork) {
      this.#meant(route, x, app)
      return x.answer(fork.reply)
    }
    const { service, subset, responseEdits } = fork
    if (route.mirrors !== null) this.#mirror(route, route.mirrors, x, head)
    if (service === undefined) return this.#toApp(app ?? '', x, head, { ...TO_APP, route: route.id, responseEdits })
    x.forward({
      service: service.runtime.of(head, subset),
      subset,
      destination: service.party,
      route: route.id,
      responseEdits,
      timeouts: route.timeouts,
      retry: route.retry ?? DEFAULT_RETRY,
      hedge: route.hedge,
    })
  }

  /** Whose call it would have been, where it is answered here. */
  #meant({ services }: Route<Destination<Carrier>>, x: Exchange, app: string | undefined): void {
    if (app !== undefined) x.destination = ownOf(this.#deps.snapshot(), x.peer)
    else x.destination = services.choices[0]?.service?.party ?? x.destination
  }

  /** Upgrades and tunnels are not copied: nobody could answer both. */
  #mirror(
    { timeouts }: Route<Destination<Carrier>>,
    mirrors: readonly Mirror<Destination<Carrier>>[],
    x: Exchange,
    head: RequestHead,
  ): void {
    const deps = this.#deps
    const { clock } = deps
    if (head.upgrade !== '' || head.method === 'CONNECT' || isCopy(head)) return
    for (const { service, subset, share } of mirrors) {
      if (share < 1 && clock.random() >= share) continue
      const copy = mirrorHead(head)
      const runtime = service.runtime.of(copy, subset)
      const one = new Mirrored({
        service: runtime,
        head: copy,
        clock,
        timeoutMs: timeouts.requestMs > 0 ? timeouts.requestMs : MIRROR_MS,
        mayReach: (target) => x.denialOf(target) === undefined,
        preface: prefaceFor(runtime.config.sendProxyProtocol, x.peer),
        onEnd: (result) => deps.mirrored(service.party.service, result),
      })
      x.look(one)
      one.start()
    }
  }

  #connect({ id, services, idleMs }: TcpRoute<Destination<Carrier>>, x: Exchange): void {
    x.route = id
    const choice = services.next()
    if (choice?.service === undefined) return this.#fail(x, 'missing_backend', `route ${id} has no service`)
    const { service, subset } = choice
    x.forward({
      ...NO_ROUTE,
      route: id,
      service: service.runtime.subset(subset).tcp,
      subset,
      destination: service.party,
      ...(idleMs < 0 ? {} : { tcpIdleMs: idleMs }),
    })
  }

  #shed(x: Exchange): Exchange {
    this.#fail(x, 'overload', 'the proxy has too much to do')
    return x
  }

  #fail(x: Exchange, code: FailureCode, detail: string): void {
    if (x.verdict !== undefined) x.rule = x.verdict.rule
    if (code === 'policy_denied') this.#deps.watch.denied(x)
    x.destination = x.direction === 'inbound' ? ownOf(this.#deps.snapshot(), x.peer) : BLACK_HOLE
    x.fail(code, detail)
  }
}

/** Who called, as this snapshot names it. */
function recognize(peer: Peer, snapshot: Snapshot<Carrier>): void {
  peer.source = peer.direction === 'outbound' ? snapshot.own : snapshot.callers.party(peer)
  peer.sourceIn = snapshot.id
}

/** The list of addresses has been brought up to date where others call; those of the workload itself are its own. */
function limitCaller({ source, peer }: Exchange, head: RequestHead, trustedHops: number): LimitCaller {
  const address = comesIn(peer) ? forwardedClient(head.fields, peer.remoteIp, trustedHops) : peer.remoteIp
  return { namespace: source.namespace, principal: source.principal, address }
}

function ownOf({ own, ownVerified }: Snapshot<Carrier>, { identity }: Peer): Party {
  return identity === undefined ? own : ownVerified
}

function side(carrier: Carrier, head: RequestHead | undefined): Service {
  return head === undefined ? carrier.tcp : carrier.of(head)
}
