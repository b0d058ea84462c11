// SMI's TrafficSplit: traffic to one service, spread over several by weight, all of it or what an HTTPRouteGroup tells of.
import { z } from 'zod'
import { didYouMean } from '../../nearest.ts'
import type { Path, Problems } from '../../problem.ts'
import type { RouteMatchConfig } from '../../schema/route-match.ts'
import type { RouteConfig } from '../../schema/routes.ts'
import { routeSchema } from '../../schema/routes.ts'
import type { TcpRouteConfig } from '../../schema/tcp-routes.ts'
import { tcpRouteSchema } from '../../schema/tcp-routes.ts'
import type { Kind, Resource, Resources } from '../resource.ts'
import { metadata, placeIn } from '../resource.ts'
import type { RouteGroups } from './http-route-group.ts'
import { routeMatches } from './http-route-group.ts'

const EXPECTED_WEIGHT = 'expected a whole number; v1alpha1 also takes quantities such as "500m"'
const QUANTITY = /^(\d{1,9})(m?)$/

const weight = z.union(
  [
    z.number({ error: EXPECTED_WEIGHT }).int({ error: EXPECTED_WEIGHT }).min(0, { error: EXPECTED_WEIGHT }),
    z.string().regex(QUANTITY, { error: EXPECTED_WEIGHT }),
  ],
  { error: EXPECTED_WEIGHT },
)

const backend = z.strictObject({ service: z.string().min(1), weight })

export const TRAFFIC_SPLIT = {
  name: 'TrafficSplit',
  namespaced: true,
  schema: z
    .strictObject({
      apiVersion: z.string(),
      kind: z.string(),
      metadata,
      spec: z.strictObject({
        service: z.string().min(1),
        matches: z
          .array(z.strictObject({ apiGroup: z.string().optional(), kind: z.literal('HTTPRouteGroup'), name: z.string().min(1) }))
          .nullish(),
        backends: z.array(backend).min(1),
      }),
    })
    .superRefine(({ apiVersion, spec }, context) => {
      if (apiVersion.endsWith('/v1alpha1')) return
      for (const [index, one] of spec.backends.entries()) {
        if (typeof one.weight === 'number') continue
        context.addIssue({ code: 'custom', path: ['spec', 'backends', index, 'weight'], message: 'expected a whole number' })
      }
    }),
} as const satisfies Kind

type Split = Resource<z.output<typeof TRAFFIC_SPLIT.schema>>
type Backend = z.output<typeof backend>

export interface SplitContext {
  /** Of each service, by name.namespace. */
  readonly ports: ReadonlyMap<string, readonly number[]>
  readonly groups: RouteGroups
  readonly problems: Problems
}

export interface CompiledSplit {
  readonly resource: Resource
  readonly routes: readonly RouteConfig[]
  readonly tcpRoutes: readonly TcpRouteConfig[]
}

/** Lower than what anybody else says of the host: requests that no match is for go to the service that they name. */
const LAST = -1_000_000

export function compileSplits(resources: Resources, context: SplitContext): CompiledSplit[] {
  const roots = new Map<string, Split>()
  return resources.of(TRAFFIC_SPLIT).map((split) => {
    const root = rootOf(split, context.problems)
    const whole = (split.value.spec.matches ?? []).length === 0
    const other = roots.get(root)
    if (whole && other === undefined) roots.set(root, split)
    else if (whole && other !== undefined) {
      const message = `TrafficSplit ${other.namespace}/${other.name} splits the same service, and goes before this one`
      context.problems.warning(placeIn(split, ['spec', 'service']), message)
    }
    const compiled = new SplitCompiler(split, root, context).compile()
    return whole && other !== undefined ? { ...compiled, routes: [], tcpRoutes: [] } : compiled
  })
}

/** name.namespace of the service that is split: one of its own namespace, by any of its names. */
function rootOf(split: Split, problems: Problems): string {
  const { service } = split.value.spec
  const [name, namespace = split.namespace, ...rest] = service.toLowerCase().split('.')
  if (namespace !== split.namespace || (rest.length > 0 && rest[0] !== 'svc')) {
    const message = `spec.service: a TrafficSplit splits services of its own namespace, ${split.namespace}, and not ${service}`
    problems.error(placeIn(split, ['spec', 'service']), message)
  }
  return `${name}.${split.namespace}`
}

class SplitCompiler {
  readonly #split: Split
  readonly #root: string
  readonly #context: SplitContext

  constructor(split: Split, root: string, context: SplitContext) {
    this.#split = split
    this.#root = root
    this.#context = context
  }

  compile(): CompiledSplit {
    const ports = this.#portsOf(this.#root)
    if (ports.length === 0) this.#warn(['service'], `there is no service ${this.#root}`, this.#hint(this.#root))
    this.#warnOfMissing()
    const matches = this.#matches()
    const several = ports.length > 1
    const routes: RouteConfig[] = []
    const tcpRoutes: TcpRouteConfig[] = []
    for (const port of ports.length === 0 ? [undefined] : ports) {
      const host = several ? `${this.#root}:${port}` : this.#root
      const name = `TrafficSplit ${this.#split.namespace}/${this.#split.name}${several ? ` port ${port}` : ''}`
      const services = this.#backends(port)
      const route = { name, hosts: [host], services, timeouts: NO_LIMIT }
      if (matches === undefined || matches.length > 0) routes.push(routeSchema.parse({ ...route, matches: matches ?? [] }))
      if (matches === undefined) {
        tcpRoutes.push(
          tcpRouteSchema.parse({ name, destinations: [port === undefined ? host : `${this.#root}:${port}`], services }),
        )
      } else {
        const service = port === undefined ? this.#root : `${this.#root}:${port}`
        const others = { name: `${name}, others`, hosts: [host], services: [{ service }], timeouts: NO_LIMIT, priority: LAST }
        routes.push(routeSchema.parse(others))
      }
    }
    return { resource: this.#split, routes, tcpRoutes }
  }

  /** undefined: every request. */
  #matches(): RouteMatchConfig[] | undefined {
    const groups = this.#split.value.spec.matches ?? []
    if (groups.length === 0) return undefined
    // no group that exists: nothing is split, rather than everything
    return groups.flatMap(({ name }, index) => {
      const matches = this.#context.groups.matchesOf(this.#split.namespace, name)
      if (matches === undefined) {
        const hint = didYouMean(name, this.#context.groups.namesIn(this.#split.namespace))
        this.#warn(['matches', index, 'name'], `there is no HTTPRouteGroup ${this.#split.namespace}/${name}`, hint)
      }
      return (matches ?? []).flatMap(routeMatches)
    })
  }

  /** Services with the port that was asked for; one that lacks it gets no traffic, as SMI has it. */
  #backends(port: number | undefined): { service: string; weight: number }[] {
    const weights = scaled(this.#split.value.spec.backends)
    const all = this.#split.value.spec.backends.map(({ service }, index) => ({
      name: this.#backend(service),
      weight: weights[index] as number,
      index,
    }))
    const served = all.filter(({ name }) => port === undefined || this.#portsOf(name).includes(port))
    const named = (list: typeof all) =>
      list.map(({ name, weight: share }) => ({ service: port === undefined ? name : `${name}:${port}`, weight: share }))
    // traffic that none can take fails, rather than to pass the split by
    return named(served.length > 0 ? served : all)
  }

  #warnOfMissing(): void {
    const wanted = this.#portsOf(this.#root)
    for (const [index, { service, weight: share }] of this.#split.value.spec.backends.entries()) {
      const name = this.#backend(service)
      const ports = this.#portsOf(name)
      const path = ['backends', index, 'service']
      if (ports.length === 0) {
        if (share !== 0) this.#warn(path, `there is no service ${name}; it gets no traffic`, this.#hint(name))
      } else if (wanted.length > 0 && !wanted.some((port) => ports.includes(port))) {
        const hint = `it has ${ports.join(', ')}, ${this.#root} has ${wanted.join(', ')}`
        this.#warn(path, `${name} has no port of ${this.#root}; it gets no traffic`, hint)
      }
    }
  }

  #backend(service: string): string {
    return `${service.toLowerCase().split('.', 1)[0]}.${this.#split.namespace}`
  }

  #portsOf(name: string): readonly number[] {
    return this.#context.ports.get(name) ?? []
  }

  #hint(name: string): string {
    const own = `.${this.#split.namespace}`
    return didYouMean(
      name,
      [...this.#context.ports.keys()].filter((known) => known.endsWith(own)),
    )
  }

  #warn(path: Path, message: string, hint: string): void {
    this.#context.problems.warning(placeIn(this.#split, ['spec', ...path]), `spec.${path[0]}: ${message}`, hint)
  }
}

/** SMI says nothing of time: as without a route. */
const NO_LIMIT = { request: '0' }

/** Whole numbers of the same proportions: a quantity of 1 is a thousand of 1m. */
function scaled(backends: readonly Backend[]): number[] {
  const thousandths = backends.some((one) => typeof one.weight === 'string' && one.weight.endsWith('m'))
  const unit = thousandths ? 1000 : 1
  const numbers = backends.map((one) => {
    if (typeof one.weight === 'number') return one.weight * unit
    const [, count, milli] = QUANTITY.exec(one.weight) as RegExpExecArray
    return Number(count) * (milli === 'm' ? 1 : unit)
  })
  // the native form ends at a million
  const most = Math.max(...numbers)
  return most <= 1_000_000 ? numbers : numbers.map((number) => Math.round((number / most) * 1_000_000))
}
