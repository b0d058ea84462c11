// What NetworkPolicies say of the endpoints that a request may go to, as explain tells it.
import { parseAddress } from '../../core/address.ts'
import { egressDenial } from '../../exchange/egress.ts'
import type { Plan } from '../../exchange/plan.ts'
import type { Isolation } from '../../policy/network/isolation.ts'
import type { Nearest } from '../../policy/verdict.ts'

export interface Exit {
  /** No endpoint that is known may be reached. */
  readonly denied: boolean
  readonly why: string
  readonly rule: string | null
  readonly nearest: Nearest | null
}

/** Endpoints that only DNS knows are not judged here: nothing is asked of anybody. */
export function exitOf(plan: Exclude<Plan<undefined>, { kind: 'failure' }>, egress: Isolation): Exit {
  const endpoints = [...new Set(endpointsOf(plan))].flatMap((text) => parseAddress(text) ?? [])
  const denied = endpoints.filter((target) => egressDenial(egress, target) !== undefined)
  const first = denied[0] ?? endpoints[0]
  if (first?.kind !== 'tcp') return { denied: false, why: '', rule: null, nearest: null }
  const verdict = egress.judge(first.host, first.port)
  const rule = verdict.rule === '' ? null : verdict.rule
  if (denied.length === 0) return { denied: false, why: '', rule, nearest: null }
  if (denied.length === endpoints.length)
    return { denied: true, why: verdict.why, rule, nearest: egress.nearest(first.host) ?? null }
  const why = `; ${denied.length} of its ${endpoints.length} endpoints may not be reached: ${verdict.why}`
  return { denied: false, why, rule: null, nearest: null }
}

function endpointsOf(plan: Exclude<Plan<undefined>, { kind: 'failure' }>): string[] {
  switch (plan.kind) {
    case 'app':
      return []
    case 'passthrough':
      return [plan.target]
    case 'service':
      return plan.destination.config.endpoints.map(({ address }) => address)
    case 'route':
    case 'tcpRoute':
      return plan.route.services.choices.flatMap(({ service }) => (service?.config.endpoints ?? []).map(({ address }) => address))
  }
}
