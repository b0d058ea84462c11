// One request through the data path's own decisions, and what came of it in words.
import type { RequestHead } from '../../codec/message.ts'
import { formatAddress, parseAddress } from '../../core/address.ts'
import { FAILURES, type FailureCode } from '../../core/failures.ts'
import { authorizeAsked, comesIn, type Judged } from '../../exchange/authorize.ts'
import { answerOf, appCourseOf, type Course, courseTo } from '../../exchange/follow.ts'
import { certainReply } from '../../exchange/guard.ts'
import { replyTo } from '../../exchange/local-reply.ts'
import { destinationOf } from '../../exchange/peer.ts'
import type { Caller, Plan } from '../../exchange/plan.ts'
import { planArrival, planArrivingConnection } from '../../exchange/plan-gateway.ts'
import type { Destination } from '../../exchange/snapshot.ts'
import type { Due } from '../../policy/custom/rules.ts'
import { identityOf } from '../../policy/identity.ts'
import { chain, type FieldChange } from '../../routing/edits.ts'
import type { Route, WeightedService } from '../../routing/route.ts'
import { ensureTraceparent, IdSource, requestIdOf } from '../../telemetry/trace.ts'
import { type Exit, exitOf } from './egress.ts'
import { gatewayOf } from './gateway.ts'
import { pairsOf, readRequest, readResponse, sentFields } from './heads.ts'
import type { Pairs, Question } from './question.ts'
import { isAt, listenerOf, mirrorsOf, partOf, pinnedOf, type Share, type Target, targetOf } from './target.ts'
import type { Viewpoint } from './viewpoints.ts'

interface Reply {
  readonly status: number
  readonly headers: Pairs
}

export interface Answer {
  readonly verdict: 'allow' | 'deny' | 'reject'
  /** Id of what decided. */
  readonly rule: string | null
  readonly why: string
  /** Of a denial: the rule that came closest and the field that failed. */
  readonly nearest: { readonly rule: string; readonly field: string } | null
  /** Of what the sidecar answers itself. */
  readonly status: number | null
  readonly route: string | null
  readonly services: readonly Share[]
  readonly mirrors: readonly Share[]
  readonly forwarded: Forwarded | null
  readonly reply: Reply | null
  readonly response: Reply | null
}

interface Forwarded {
  readonly method: string
  readonly scheme: string
  readonly host: string
  readonly path: string
  readonly headers: Pairs
}

/** Of a request that is let through and of which nothing more is known; also the order of the keys. */
const ALLOWED: Answer = {
  verdict: 'allow',
  rule: null,
  why: '',
  nearest: null,
  status: null,
  route: null,
  services: [],
  mirrors: [],
  forwarded: null,
  reply: null,
  response: null,
}

/** The same in every run: answers are there to be compared. */
class FixedIds extends IdSource {
  override uuid(): string {
    return '00000000-0000-4000-8000-000000000000'
  }

  override hex(bytes: number): string {
    return '01'.repeat(bytes)
  }
}

const IDS = new FixedIds()

export function explainRequest(snapshot: Viewpoint, question: Question): Answer {
  const caller = callerOf(snapshot, question)
  const judged: Judged = { claims: question.claims, policyInput: undefined, verdict: undefined, due: null }
  if (question.protocol === 'tcp' || question.protocol === 'tls') {
    return explainConnection(planArrivingConnection(snapshot, caller, judged), judged, { snapshot, question })
  }
  const head = readRequest(question, snapshot.config.settings)
  if ('refused' in head) return failed(head.refused, head.detail, undefined)
  requestIdOf(head.fields, IDS)
  ensureTraceparent(head.fields, IDS)
  const token = comesIn(caller) ? snapshot.authentication?.believe(head, question.claims) : undefined
  if (token?.kind === 'invalid') return failed('unauthenticated', `the token is not valid: ${token.detail}`, head)
  if (token?.kind === 'valid') snapshot.authentication?.tell(token, head)
  const plan = planArrival(snapshot, caller, head, judged)
  if (plan.kind === 'failure') return { ...failed(plan.code, plan.detail, head), ...decided(snapshot, judged) }
  // nobody is asked here: what would be if they allow it
  if (judged.due !== null && authorizeAsked(snapshot, judged)?.allowed === false)
    return { ...failed('policy_denied', '', head), ...decided(snapshot, judged) }
  const exit = leaving(plan, snapshot, question)
  if (exit?.denied === true) return { ...failed('policy_denied', exit.why, head), rule: exit.rule, nearest: exit.nearest }
  const found = targetOf(plan, snapshot, question)
  const target = { ...found, why: found.why + (exit?.why ?? '') }
  const allowing = { ...(exit === undefined ? {} : { rule: exit.rule }), ...decided(snapshot, judged) }
  const route = 'route' in plan ? (plan.route as Route<Destination<undefined>> | undefined) : undefined
  if (route === undefined) return { ...ALLOWED, ...target, ...allowing, ...passed(question, head, { snapshot, edits: null }) }
  return { ...follow(route, head, { question, snapshot, target, toApp: plan.kind === 'app' }), ...allowing }
}

function follow(
  route: Route<Destination<undefined>>,
  head: RequestHead,
  { question, snapshot, target, toApp }: { question: Question; snapshot: Viewpoint; target: Target; toApp: boolean },
): Answer {
  const guarded = route.guards === null ? undefined : certainReply(route.guards, head)
  if (typeof guarded === 'string')
    return { ...failed(guarded, `the route ${route.id} does not let it through`, head), route: route.id }
  const own = guarded === undefined ? answerOf(route, head) : { reply: guarded }
  if (own !== undefined && 'reply' in own) {
    const { status, fields } = own.reply.head
    const why = `the route ${route.id} answers it here${guarded === undefined ? '' : ', before anything else'}`
    return { ...ALLOWED, why, route: route.id, status, reply: { status, headers: pairsOf(fields) } }
  }
  const pinned = pinnedOf(route, head)
  const choice = pinned ?? route.services.choices.find(({ service }) => service !== undefined)
  if (own === undefined && choice === undefined && !toApp)
    return { ...failed('missing_backend', target.why, head), route: route.id }
  const fork =
    own ?? (toApp ? appCourseOf(route, head) : courseTo(route, choice as WeightedService<Destination<undefined>>, head))
  if ('failure' in fork) return { ...failed(fork.failure, fork.detail, head), route: route.id }
  const responseEdits = chain((fork as Course<unknown>).responseEdits, route.guards?.cors?.grantFor(head) ?? null)
  const services = pinned?.service === undefined ? target.services : [{ ...partOf(pinned.service, pinned.subset), share: 1 }]
  return {
    ...ALLOWED,
    ...target,
    services,
    mirrors: mirrorsOf(route),
    ...passed(question, head, { snapshot, edits: responseEdits }),
  }
}

function explainConnection(
  plan: Plan<undefined>,
  judged: Judged,
  { snapshot, question }: { snapshot: Viewpoint; question: Question },
): Answer {
  // bytes get no answer
  const silent = { status: null, reply: null }
  if (plan.kind === 'failure') return { ...failed(plan.code, plan.detail, undefined), ...silent, ...decided(snapshot, judged) }
  const exit = leaving(plan, snapshot, question)
  if (exit?.denied === true)
    return { ...failed('policy_denied', exit.why, undefined), ...silent, rule: exit.rule, nearest: exit.nearest }
  const target = targetOf(plan, snapshot, question)
  return { ...ALLOWED, ...target, rule: exit?.rule ?? null, why: target.why + (exit?.why ?? ''), ...decided(snapshot, judged) }
}

/** undefined: nothing keeps the workload from any endpoint. */
function leaving(plan: Exclude<Plan<undefined>, { kind: 'failure' }>, snapshot: Viewpoint, question: Question): Exit | undefined {
  const { egress } = snapshot
  return egress === null || question.at !== 'outbound' ? undefined : exitOf(plan, egress)
}

function askedWords(due: readonly Due[]): Pick<Answer, 'rule' | 'why'> {
  const names = due.map(({ name }) => name).join(', ')
  return { rule: due[0]?.rule ?? null, why: `it goes on if ${names} allows it, who is not asked here` }
}

/** What policies had to say. */
function decided({ policies }: Viewpoint, judged: Judged): Partial<Pick<Answer, 'rule' | 'why' | 'nearest'>> {
  const { verdict, policyInput, due } = judged
  if (due !== null && verdict?.allowed !== false) return askedWords(due)
  if (verdict === undefined || policyInput === undefined) return {}
  const rule = verdict.rule === '' ? null : verdict.rule
  if (verdict.allowed) return rule === null ? {} : { rule }
  return { rule, why: verdict.why, nearest: policies[policyInput.direction]?.nearest(policyInput) ?? null }
}

function passed(
  question: Question,
  head: RequestHead,
  { snapshot, edits }: { snapshot: Viewpoint; edits: FieldChange | null },
): Pick<Answer, 'forwarded' | 'response'> {
  const forwarded = { method: head.method, scheme: head.scheme, host: head.authority, path: head.path, headers: sentFields(head) }
  if (question.response === undefined) return { forwarded, response: null }
  const response = readResponse(question, head, snapshot.config.settings)
  if (response === undefined) return { forwarded, response: replyOf('upstream_protocol', head) }
  edits?.applyTo(response.fields)
  return { forwarded, response: { status: response.status, headers: pairsOf(response.fields) } }
}

/** `head`: undefined when it could not be read. */
function failed(code: FailureCode, detail: string, head: RequestHead | undefined): Answer {
  // everything else is about where an allowed request goes
  const verdict = code === 'policy_denied' || code === 'unauthenticated' ? 'deny' : REFUSALS.has(code) ? 'reject' : 'allow'
  const why = verdict === 'reject' ? `${FAILURES[code].message.replace('.', ':')} ${detail}` : detail
  const reply = replyOf(code, head)
  return { ...ALLOWED, verdict, why, status: reply.status, reply }
}

/** What is refused before any policy is asked. */
const REFUSALS: ReadonlySet<FailureCode> = new Set(['bad_request', 'head_too_large', 'http_version'])

function replyOf(code: FailureCode, head: RequestHead | undefined): Reply {
  const reply = replyTo(code, head, IDS.uuid()).head
  return { status: reply.status, headers: pairsOf(reply.fields) }
}

function callerOf(snapshot: Viewpoint, question: Question): Caller {
  const { source, destination } = question
  const { inbound, outbound } = snapshot.config.settings.listeners
  const direction = question.at === 'inbound' ? 'inbound' : 'outbound'
  const listener = direction === 'inbound' ? listenerOf(inbound, question) : undefined
  const fixed = question.at === 'outbound' ? outbound.find(({ listen }) => isAt(listen, question)) : undefined
  const local =
    destination?.address === undefined
      ? (listener?.listen ?? '')
      : formatAddress({ kind: 'tcp', host: destination.address, port: destination.port ?? 80 })
  return {
    direction,
    remoteIp: source?.address ?? '127.0.0.1',
    localAddress: local,
    identity: source?.principal === undefined ? undefined : identityOf(source.principal),
    ...destinationIn(listener, question),
    serverName: destination?.sni ?? '',
    service: fixed?.service ?? '',
    gateway: gatewayOf(snapshot, question),
    original: direction === 'outbound' && fixed === undefined && destination?.address !== undefined ? local : '',
  }
}

/** A listener's own address stands for the application behind it; any other was the caller's destination before it was captured. */
function destinationIn(
  listener: { readonly listen: string; readonly app?: string | undefined } | undefined,
  question: Question,
): Pick<Caller, 'destinationIp' | 'destinationPort'> {
  const { address = '', port = 0 } = question.destination ?? {}
  if (listener === undefined || (port !== 0 && !isAt(listener.listen, question)))
    return { destinationIp: address, destinationPort: port }
  const known = parseAddress(listener.listen)
  const listenPort = known?.kind === 'tcp' ? known.port : 0
  return { ...destinationOf(listener.listen, listenPort, listener.app), destinationIp: address }
}
