// Whether a workload may reach an endpoint: NetworkPolicies look at the endpoint itself, whatever name or virtual address it was found by.
import type { Address } from '../core/address.ts'
import type { Isolation } from '../policy/network/isolation.ts'
import type { Verdict } from '../policy/verdict.ts'

/** undefined: it may. A Unix socket is the workload's own machine. */
export function egressDenial(egress: Isolation, target: Address): Verdict | undefined {
  if (target.kind === 'unix') return undefined
  const verdict = egress.judge(target.host, target.port)
  return verdict.allowed ? undefined : verdict
}
