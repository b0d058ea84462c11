// Routes of the configuration into tables, with every mistake reported.
import { comparePrecedence, type Precedence, precedenceOf } from '../config/route-precedence.ts'
import type { RouteMatchConfig } from '../config/schema/route-match.ts'
import type { RouteConfig } from '../config/schema/routes.ts'
import { atOnce, type Steps } from '../core/steps.ts'
import { compileRoute, type RouteParts } from './compile-route.ts'
import { HostTable, isHostPattern } from './hosts.ts'
import { type CompiledMatch, MatchCompiler } from './match.ts'
import { type PathCandidate, PathIndex } from './path-index.ts'
import type { Route } from './route.ts'
import { isFor, type Scope } from './scope.ts'
import { type HostRoutes, RouteTable } from './table.ts'

/** A mistake in the route at `route` of the list, at a key of it. */
export interface RouteProblem {
  readonly route: number
  readonly path: readonly (string | number)[]
  readonly message: string
}

export interface RouteContext<S> extends RouteParts<S> {
  /** All hosts that mean the same as this one, itself included, in an order that is the same for each of them. */
  aliases(host: string): readonly string[]
  /** Whose traffic the table is for; left out: whatever routes say of that. */
  readonly scope?: Scope
}

type Entry<S> = CompiledMatch & { readonly route: Route<S>; readonly precedence: Precedence; readonly order: number }

interface Compiled<S> {
  readonly table: RouteTable<S>
  readonly problems: RouteProblem[]
}

const ROUTES_A_STEP = 100
const A_HOST = 'a name such as "catalog.shop", "*.example.com" or "*", with or without a port'
const EVERYTHING: readonly RouteMatchConfig[] = [{ ignoreCase: false, headers: {}, withoutHeaders: {}, query: {} }]

/**
 * Precedence, as Gateway API has it: the most specific host, then (before all that Gateway API knows) the highest priority, then exact
 * path, regular expression (longest pattern first), longest prefix, then a method, more header fields, more query parameters, and at
 * last the order of `routes`. Where no route of a host matches, those of a less specific pattern are asked. A route with a mistake is
 * left out.
 */
export function* compileRoutesInSteps<S>(routes: readonly RouteConfig[], context: RouteContext<S>): Steps<Compiled<S>> {
  const problems: RouteProblem[] = []
  const matches = new MatchCompiler(context.pathNormalization)
  const parts = { ...context, fields: matches.fields.bind(matches) }
  const hosts = new Map<string, { pattern: string; names: readonly string[]; entries: Entry<S>[] }>()
  for (const [index, config] of routes.entries()) {
    if (index % ROUTES_A_STEP === ROUTES_A_STEP - 1) yield
    if (context.scope !== undefined && !isFor(config, context.scope)) continue
    const before = problems.length
    const report = (path: readonly (string | number)[], message: string): void => {
      problems.push({ route: index, path, message })
    }
    const all = config.matches.length > 0 ? config.matches : EVERYTHING
    const compiled = all.map((match, i) => matches.compile(match, (path, message) => report(['matches', i, ...path], message)))
    const found = compileRoute(config, compiled, parts, report)
    config.hosts.forEach((host, i) => {
      if (!isHostPattern(host)) report(['hosts', i], `"${host}" is not a host: expected ${A_HOST}`)
    })
    if (problems.length > before) continue
    const own = new Set<string>()
    for (const pattern of config.hosts.length > 0 ? config.hosts : ['*']) {
      const names = context.aliases(pattern)
      const key = (names[0] ?? pattern).toLowerCase()
      if (own.has(key)) continue
      own.add(key)
      let host = hosts.get(key)
      if (host === undefined) hosts.set(key, (host = { pattern, names, entries: [] }))
      const { entries } = host
      compiled.forEach((match, i) => {
        const precedence = precedenceOf(all[i] as RouteMatchConfig, config.priority)
        entries.push({ ...match, route: found[i] as Route<S>, precedence, order: entries.length })
      })
    }
  }
  yield
  const table = new HostTable<HostRoutes<S>>()
  for (const { pattern, names, entries } of hosts.values()) {
    const found = { pattern, paths: new PathIndex(ranked(entries)) }
    for (const name of names) table.set(name, found)
  }
  return { table: new RouteTable(table), problems }
}

/** As `compileRoutesInSteps`, at once. */
export function compileRoutes<S>(routes: readonly RouteConfig[], context: RouteContext<S>): Compiled<S> {
  return atOnce(compileRoutesInSteps(routes, context))
}

function ranked<S>(entries: readonly Entry<S>[]): PathCandidate<Route<S>>[] {
  return [...entries]
    .sort(byPrecedence)
    .map(({ route, path, conditions }, rank) => ({ route, path: path.rule, conditions, rank }))
}

function byPrecedence(a: Entry<unknown>, b: Entry<unknown>): number {
  return comparePrecedence(a.precedence, b.precedence) || a.order - b.order
}
