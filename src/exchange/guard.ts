// What a route's guards do with a request before it follows the route, in Envoy's order: preflights, faults, rate limits, body limits.
import { isGrpc } from '../codec/grpc.ts'
import type { RequestHead } from '../codec/message.ts'
import { FAILURES, type FailureCode } from '../core/failures.ts'
import { Fields } from '../core/fields.ts'
import { chain, type FieldChange } from '../routing/edits.ts'
import type { Abort, Fault } from '../routing/fault.ts'
import type { Guards } from '../routing/guards.ts'
import type { LimitCaller, RateLimiter } from '../routing/rate-limit.ts'
import { BodyLimit, type BodyTap } from './body-tap.ts'
import { takeTokens } from './limit-headers.ts'
import { grpcReply, grpcStatusOf, httpReply, type Reply } from './local-reply.ts'

/** The exchange as guards see it. */
export interface Guarded {
  /** What every response of it says besides, whoever it comes from. */
  ownEdits: FieldChange | null
  failure: FailureCode | undefined
  delayed: boolean
  answer(reply: Reply): void
  fail(code: FailureCode, detail: string): void
  /** False: that was the end. */
  look(tap: BodyTap): boolean
  /** Waits, then goes on unless it is over. */
  hold(ms: number, go: () => void): void
}

export interface GuardDeps {
  readonly nowMs: number
  readonly caller: LimitCaller
  /** To go on with when nothing stands in the way. */
  readonly go: () => void
}

const EMPTY = Buffer.alloc(0)

/** The answer to a preflight; undefined: it is none. */
function preflightReply({ cors }: Guards, head: RequestHead): Reply | undefined {
  const fields = cors?.preflight(head)
  return fields === undefined ? undefined : httpReply(204, fields, EMPTY)
}

/** What every request like this one is answered by its route's guards, whatever came before; undefined: it goes on. */
export function certainReply(guards: Guards, head: RequestHead): Reply | FailureCode | undefined {
  const preflight = preflightReply(guards, head)
  if (preflight !== undefined) return preflight
  const { fault, maxRequestBytes } = guards
  const asked = fault?.applies(head) === true && fault.abortsAlways(head) ? fault.abortOf(head) : undefined
  if (asked !== undefined) return abortReply(asked, head)
  return head.bodyLength > maxRequestBytes ? 'body_too_large' : undefined
}

/** Answers, holds or refuses the request, or lets it go on. */
export function guard(guards: Guards, head: RequestHead, x: Guarded, deps: GuardDeps): void {
  const preflight = preflightReply(guards, head)
  if (preflight !== undefined) return x.answer(preflight)
  if (guards.cors !== null) x.ownEdits = guards.cors.grantFor(head)
  const { fault } = guards
  if (fault === null || !fault.applies(head)) return limit(guards, head, x, deps)
  const delayMs = fault.delayOf(head)
  const next = (): void => {
    if (!abort(fault, head, x)) limit(guards, head, x, deps)
  }
  if (delayMs === 0) return next()
  x.delayed = true
  x.hold(delayMs, next)
}

function abort(fault: Fault, head: RequestHead, x: Guarded): boolean {
  const asked = fault.abortOf(head)
  if (asked === undefined) return false
  x.failure = 'fault_abort'
  x.answer(abortReply(asked, head))
  return true
}

function abortReply({ status, grpcStatus }: Abort, head: RequestHead): Reply {
  const { message } = FAILURES.fault_abort
  if (isGrpc(head)) return grpcReply(status === 0 ? grpcStatus : grpcStatusOf(status), message)
  const fields = new Fields()
  fields.push('content-type', 'content-type', 'text/plain')
  // who speaks no gRPC is told by a status that means about the same
  return httpReply(status === 0 ? 503 : status, fields, Buffer.from(message, 'latin1'))
}

function limit({ limits, maxRequestBytes }: Guards, head: RequestHead, x: Guarded, deps: GuardDeps): void {
  if (limits !== null && !admit(limits, head, x, deps)) return
  if (head.bodyLength > maxRequestBytes)
    return x.fail('body_too_large', `${head.bodyLength} bytes where ${maxRequestBytes} are allowed`)
  const counted = head.bodyLength < 0 && maxRequestBytes !== Infinity && head.upgrade === ''
  // some of it may have come while the request was held
  if (!counted || x.look(new BodyLimit(maxRequestBytes))) deps.go()
}

function admit(limits: readonly RateLimiter[], head: RequestHead, x: Guarded, { caller, nowMs }: GuardDeps): boolean {
  const { refused, told } = takeTokens(limits, head, caller, nowMs)
  x.ownEdits = chain(x.ownEdits, told)
  if (refused) x.fail('rate_limited', 'more requests than the route allows')
  return !refused
}
