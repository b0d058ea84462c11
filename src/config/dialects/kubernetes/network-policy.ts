// Kubernetes' networking.k8s.io/v1 NetworkPolicy: who may connect to a Pod, and what it may connect to.
import { z } from 'zod'
import { parseCidr } from '../../../core/address.ts'
import type { Problems } from '../../problem.ts'
import type { WorkloadConfig } from '../../schema/config.ts'
import type {
  NetworkPeerConfig,
  NetworkPolicyConfig,
  NetworkPortConfig,
  NetworkRuleConfig,
} from '../../schema/network-policies.ts'
import type { Kind, Resource, Resources } from '../resource.ts'
import { metadata, placeIn } from '../resource.ts'
import { labelSelector, selectorOf } from './label-selector.ts'

const EXPECTED_BLOCK = 'expected a block of addresses such as "10.0.0.0/8" or "fd00::/8"'
const EXPECTED_PORT = 'expected a port, 1 to 65535, or the name of one: lower-case letters, digits and "-", at most 15'
const PORT_NAME = /^(?=.*[a-z])(?!.*--)[a-z0-9](?:[-a-z0-9]{0,13}[a-z0-9])?$/

const block = z
  .string({ error: EXPECTED_BLOCK })
  .refine((text) => text.includes('/') && parseCidr(text) !== undefined, { error: EXPECTED_BLOCK })

const number = z.number({ error: EXPECTED_PORT }).int().min(1, { error: EXPECTED_PORT }).max(65535, { error: EXPECTED_PORT })

const peer = z
  .strictObject({
    podSelector: labelSelector.nullish(),
    namespaceSelector: labelSelector.nullish(),
    ipBlock: z.strictObject({ cidr: block, except: z.array(block).nullish() }).nullish(),
  })
  .superRefine(({ podSelector, namespaceSelector, ipBlock }, context) => {
    if (!podSelector && !namespaceSelector && !ipBlock) {
      context.addIssue({ code: 'custom', message: 'expected a podSelector, a namespaceSelector or an ipBlock' })
    } else if (ipBlock && (podSelector || namespaceSelector)) {
      context.addIssue({ code: 'custom', path: ['ipBlock'], message: 'an ipBlock stands alone, without selectors beside it' })
    }
    for (const [index, text] of (ipBlock?.except ?? []).entries()) {
      if (isWithin(text, ipBlock?.cidr as string)) continue
      const message = `expected a smaller block within ${ipBlock?.cidr}`
      context.addIssue({ code: 'custom', path: ['ipBlock', 'except', index], message })
    }
  })

const port = z
  .strictObject({
    protocol: z.enum(['TCP', 'UDP', 'SCTP']).nullish(),
    port: z.union([number, z.string().regex(PORT_NAME, { error: EXPECTED_PORT })], { error: EXPECTED_PORT }).nullish(),
    endPort: number.nullish(),
  })
  .superRefine(({ port: first, endPort }, context) => {
    if (typeof endPort !== 'number') return
    if (typeof first !== 'number')
      context.addIssue({ code: 'custom', path: ['endPort'], message: 'endPort needs a port that is a number' })
    else if (endPort < first) {
      context.addIssue({ code: 'custom', path: ['endPort'], message: `expected a port from ${first}, where the range begins` })
    }
  })

const ports = z.array(port).nullish()

export const NETWORK_POLICY = {
  name: 'NetworkPolicy',
  namespaced: true,
  schema: z.strictObject({
    apiVersion: z.string(),
    kind: z.string(),
    metadata,
    spec: z.strictObject({
      podSelector: labelSelector.nullish(),
      policyTypes: z.array(z.enum(['Ingress', 'Egress'])).nullish(),
      ingress: z.array(z.strictObject({ from: z.array(peer).nullish(), ports })).nullish(),
      egress: z.array(z.strictObject({ to: z.array(peer).nullish(), ports })).nullish(),
    }),
    status: z.unknown().optional(),
  }),
} as const satisfies Kind

type Policy = Resource<z.output<typeof NETWORK_POLICY.schema>>
type Peer = z.output<typeof peer>
type Port = z.output<typeof port>

export function compileNetworkPolicies(
  resources: Resources,
  workloads: readonly WorkloadConfig[],
  problems: Problems,
): NetworkPolicyConfig[] {
  const names = new Set(workloads.flatMap((workload) => workload.ports.map(({ name }) => name)))
  return resources.of(NETWORK_POLICY).map((policy) => {
    warn(policy, names, problems)
    const { podSelector, ingress, egress } = policy.value.spec
    const types = typesOf(policy)
    const rules = (ingress ?? []).map((rule) => compileRule(rule.from, rule.ports))
    const exits = (egress ?? []).map((rule) => compileRule(rule.to, rule.ports))
    return {
      name: policy.name,
      namespace: policy.namespace,
      selector: selectorOf(podSelector),
      ingress: types.includes('Ingress') ? rules : undefined,
      egress: types.includes('Egress') ? exits : undefined,
    }
  })
}

/** Where they are not named: ingress always, egress when there are rules for it. */
function typesOf({ value: { spec } }: Policy): readonly ('Ingress' | 'Egress')[] {
  if (spec.policyTypes && spec.policyTypes.length > 0) return spec.policyTypes
  return (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
}

/** An empty list of peers or ports is none at all, which means all of them. */
function compileRule(peers: readonly Peer[] | null | undefined, list: readonly Port[] | null | undefined): NetworkRuleConfig {
  return {
    peers: peers && peers.length > 0 ? peers.map(compilePeer) : undefined,
    ports: list && list.length > 0 ? list.flatMap(compilePort) : undefined,
  }
}

function compilePeer({ ipBlock, namespaceSelector, podSelector }: Peer): NetworkPeerConfig {
  if (ipBlock) return { kind: 'block', cidr: ipBlock.cidr, except: ipBlock.except ?? [] }
  return {
    kind: 'pods',
    namespaces: namespaceSelector ? selectorOf(namespaceSelector) : undefined,
    pods: selectorOf(podSelector),
  }
}

/** Nothing for transports that are not carried: what is said of them allows no TCP. */
function compilePort({ protocol, port: first, endPort }: Port): NetworkPortConfig[] {
  if ((protocol ?? 'TCP') !== 'TCP') return []
  if (typeof first === 'string') return [{ kind: 'name', name: first }]
  if (typeof first !== 'number') return [{ kind: 'range', from: 1, to: 65535 }]
  return [{ kind: 'range', from: first, to: endPort ?? first }]
}

function warn(policy: Policy, names: ReadonlySet<string>, problems: Problems): void {
  const types = typesOf(policy)
  for (const [type, key] of [
    ['Ingress', 'ingress'],
    ['Egress', 'egress'],
  ] as const) {
    const rules = policy.value.spec[key] ?? []
    if (rules.length > 0 && !types.includes(type)) {
      const message = `spec.${key}: these rules are never asked, because policyTypes leaves ${type} out`
      problems.warning(placeIn(policy, ['spec', key]), message)
    }
    const named = rules.flatMap(({ ports: list }, index) =>
      (list ?? []).map(({ port: name }, position) => ({ name, path: ['spec', key, index, 'ports', position, 'port'] })),
    )
    for (const { name, path } of named) {
      if (typeof name !== 'string' || names.has(name) || names.size === 0) continue
      problems.warning(placeIn(policy, path), `no Pod has a port called ${JSON.stringify(name)}`, 'it matches nothing')
    }
  }
}

function isWithin(inner: string, outer: string): boolean {
  const [base, bits] = inner.split('/') as [string, string]
  return Number(bits) > Number(outer.split('/')[1]) && parseCidr(outer)?.contains(base) === true
}
