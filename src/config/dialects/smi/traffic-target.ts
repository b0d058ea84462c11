// SMI's TrafficTarget: which service accounts may call one, and with what. Once there is one for a service account, all else is denied.
import { z } from 'zod'
import type { Located } from '../../draft.ts'
import { didYouMean } from '../../nearest.ts'
import type { Path, Problems } from '../../problem.ts'
import type { PolicyConfig } from '../../schema/policies.ts'
import { policySchema } from '../../schema/policies.ts'
import { name as accountName, label, port } from '../../types.ts'
import type { Kind, Resource, Resources } from '../resource.ts'
import { metadata, placeIn } from '../resource.ts'
import type { RequestMatch, RouteGroups } from './http-route-group.ts'
import { inSpecSince } from './version.ts'

const account = z.strictObject({
  kind: z.literal('ServiceAccount', { error: 'expected ServiceAccount, the only kind of identity that is understood' }),
  name: accountName(),
  namespace: label().nullish(),
})

const rule = z.strictObject({
  kind: z.enum(['HTTPRouteGroup', 'TCPRoute', 'UDPRoute']),
  name: z.string().min(1),
  matches: z.array(z.string()).nullish(),
})

/** Since v1alpha3 TCPRoutes tell of ports. */
const destination = account.extend({ port: port().nullish() })
const sources = z.array(account).min(1)
const rules = z.array(rule).min(1)

export const TRAFFIC_TARGET = {
  name: 'TrafficTarget',
  namespaced: true,
  schema: z
    .strictObject({
      apiVersion: z.string(),
      kind: z.string(),
      metadata,
      destination: destination.optional(),
      specs: rules.optional(),
      sources: sources.optional(),
      spec: z.strictObject({ destination, rules, sources }).optional(),
    })
    .superRefine(inSpecSince('v1alpha2', ['destination', 'specs', 'sources'])),
} as const satisfies Kind

type Target = Resource<z.output<typeof TRAFFIC_TARGET.schema>>
type Destination = z.output<typeof destination>
type Rule = z.output<typeof rule>

type Ports = 'all' | readonly number[]

export interface TargetContext {
  readonly groups: RouteGroups
  /** Ports of TCPRoutes, by namespace/name. */
  readonly tcpRoutes: ReadonlyMap<string, readonly number[]>
  readonly problems: Problems
}

export function compileTargets(resources: Resources, context: TargetContext): Located<PolicyConfig>[] {
  return resources.of(TRAFFIC_TARGET).map((target) => ({
    value: new TargetCompiler(target, context).compile(),
    label: `TrafficTarget ${target.namespace}/${target.name}`,
    at: () => placeIn(target),
  }))
}

class TargetCompiler {
  readonly #target: Target
  readonly #context: TargetContext
  /** Where the rules stand. */
  readonly #rulesAt: Path

  constructor(target: Target, context: TargetContext) {
    this.#target = target
    this.#context = context
    this.#rulesAt = target.value.spec === undefined ? ['specs'] : ['spec', 'rules']
  }

  compile(): PolicyConfig {
    const { namespace, name, value } = this.#target
    // v1alpha1 has them at the top, which its schema has made sure of
    const to = (value.spec?.destination ?? value.destination) as Destination
    const from = value.spec?.sources ?? value.sources ?? []
    this.#checkDestination(to)
    const operations = this.#operations(value.spec?.rules ?? value.specs ?? [], to.port ?? undefined)
    const accounts = from.map((one) => `${one.namespace ?? namespace}/${one.name}`)
    return policySchema.parse({
      name,
      namespace,
      serviceAccount: to.name,
      family: 'smi',
      rules: operations.length === 0 ? [] : [{ from: [{ serviceAccounts: accounts }], to: operations }],
    })
  }

  /** Who may be called is for its own namespace to say. */
  #checkDestination({ namespace = this.#target.namespace }: Destination): void {
    if (namespace === null || namespace === this.#target.namespace) return
    const message = `a TrafficTarget opens service accounts of its own namespace, ${this.#target.namespace}, and not of ${namespace}`
    const path: Path = this.#target.value.spec === undefined ? ['destination'] : ['spec', 'destination']
    this.#context.problems.error(placeIn(this.#target, [...path, 'namespace']), message)
  }

  /** TCPRoutes narrow what HTTPRouteGroups allow; by themselves they allow anything on their ports. */
  #operations(list: readonly Rule[], only: number | undefined): object[] {
    const ports = this.#ports(list)
    const open = only === undefined ? (ports ?? 'all') : ports === undefined || hasPort(ports, only) ? [only] : []
    if (open.length === 0) return []
    const onPorts = open === 'all' ? {} : { ports: open }
    const groups = list.some(({ kind }) => kind === 'HTTPRouteGroup')
    if (groups) return this.#requests(list).map((match) => ({ ...onPorts, ...operationOf(match) }))
    return ports === undefined ? [] : [onPorts]
  }

  /** undefined: no TCPRoute is asked. One that is not there opens no port. */
  #ports(list: readonly Rule[]): Ports | undefined {
    let ports: Ports | undefined
    for (const [index, { kind, name, matches }] of list.entries()) {
      if (kind === 'HTTPRouteGroup') continue
      if ((matches ?? []).length > 0) this.#warn([index, 'matches'], `a ${kind} has no matches to choose from`, '')
      if (kind === 'UDPRoute') {
        this.#warn([index, 'kind'], 'UDP is not carried: this rule is ignored', '')
        continue
      }
      const found = this.#context.tcpRoutes.get(`${this.#target.namespace}/${name}`)
      if (found === undefined) this.#warnOfMissing(index, kind, this.#tcpRoutesHere())
      ports = ports === 'all' || found?.length === 0 ? 'all' : [...(ports ?? []), ...(found ?? [])]
    }
    return ports
  }

  #requests(list: readonly Rule[]): RequestMatch[] {
    return list.flatMap(({ kind, name, matches: wanted }, index) => {
      if (kind !== 'HTTPRouteGroup') return []
      const all = this.#context.groups.matchesOf(this.#target.namespace, name)
      if (all === undefined) {
        this.#warnOfMissing(index, kind, this.#context.groups.namesIn(this.#target.namespace))
        return []
      }
      if (!wanted) return all
      const known = all.map((match) => match.name)
      for (const [position, one] of wanted.entries()) {
        if (known.includes(one)) continue
        const place = placeIn(this.#target, [...this.#rulesAt, index, 'matches', position])
        const message = `the HTTPRouteGroup ${this.#target.namespace}/${name} has no match called ${JSON.stringify(one)}`
        this.#context.problems.error(place, message, didYouMean(one, known))
      }
      return all.filter((match) => wanted.includes(match.name))
    })
  }

  #tcpRoutesHere(): string[] {
    const { namespace } = this.#target
    return [...this.#context.tcpRoutes.keys()].flatMap((key) =>
      key.startsWith(`${namespace}/`) ? [key.slice(namespace.length + 1)] : [],
    )
  }

  #warnOfMissing(index: number, kind: string, known: readonly string[]): void {
    const { name } = (this.#target.value.spec?.rules ?? this.#target.value.specs ?? [])[index] as Rule
    const message = `there is no ${kind} ${this.#target.namespace}/${name}: this rule allows nothing`
    this.#warn([index, 'name'], message, didYouMean(name, known))
  }

  #warn(path: Path, message: string, hint: string): void {
    this.#context.problems.warning(placeIn(this.#target, [...this.#rulesAt, ...path]), message, hint)
  }
}

function hasPort(ports: Ports, wanted: number): boolean {
  return ports === 'all' || ports.includes(wanted)
}

function operationOf({ pathRegex, methods, headers }: RequestMatch): object {
  return {
    // an operation that asks for nothing of a request would let bytes through as well
    pathRegexes: [pathRegex ?? '.*'],
    methods,
    headerRegexes: Object.fromEntries(headers),
  }
}
