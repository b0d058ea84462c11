// The NetworkPolicies that are for one workload, compiled. What comes in is judged beside the other families of policies; what goes out
// when an endpoint has been chosen, whose address they look at.
import type { Config, WorkloadConfig } from '../../config/schema/config.ts'
import type { NetworkPolicyConfig } from '../../config/schema/network-policies.ts'
import { canonicalIp } from '../../core/address.ts'
import type { FamilyContext, PolicyFamily } from '../verdict.ts'
import { Isolation } from './isolation.ts'
import { Population } from './population.ts'
import { compileRule } from './rule.ts'
import { compileSelector } from './selector.ts'

/** undefined: no policy says anything of what comes in. */
export function networkFamily({ config, direction }: FamilyContext): PolicyFamily | undefined {
  const isolation = direction === 'inbound' ? compileIsolation(config, 'ingress') : null
  if (isolation === null) return undefined
  return {
    name: 'network',
    readsPath: false,
    decide: ({ sourceIp, destinationPort, identity }) => isolation.judge(sourceIp, destinationPort, identity),
    nearest: ({ sourceIp, identity }) => isolation.nearest(sourceIp, identity),
  }
}

/** null: no policy says anything of that direction. */
export function compileIsolation(config: Config, direction: 'ingress' | 'egress'): Isolation | null {
  const { namespace, name, labels } = config.settings.workload
  const own = config.networkPolicies.filter(
    (policy) =>
      policy.namespace === namespace && policy[direction] !== undefined && compileSelector(policy.selector)(labels, true),
  )
  if (own.length === 0) return null
  const self = config.workloads.find((workload) => workload.name === name && workload.namespace === namespace)
  return new Isolation({
    policies: own.map(idOf),
    rules: own.flatMap((policy) =>
      (policy[direction] ?? []).map((rule, index) => compileRule(rule, namespace, `${idOf(policy)}-rule[${index}]`)),
    ),
    population: populationOf(config),
    hosts: new Set((self?.hostAddresses ?? []).map(canonicalIp)),
    ownPorts: direction === 'ingress' ? (self?.ports ?? []) : undefined,
  })
}

/** Both directions, and every workload that explain is asked about, look at the same one. */
const populations = new WeakMap<readonly WorkloadConfig[], Population>()

function populationOf({ workloads, namespaces }: Config): Population {
  let population = populations.get(workloads)
  if (population === undefined) {
    population = new Population(workloads, namespaces)
    populations.set(workloads, population)
  }
  return population
}

function idOf({ namespace, name }: NetworkPolicyConfig): string {
  return `ns[${namespace}]-policy[${name}]`
}
