// Routes of the configuration into a table, with every mistake reported.
import type { RouteMatchConfig } from '../config/schema/route-match.ts'
import type { RouteConfig } from '../config/schema/routes.ts'
import { compileEdits } from './edits.ts'
import { HostTable, isHostPattern } from './hosts.ts'
import { type CompiledMatch, MatchCompiler } from './match.ts'
import type { PathMode } from './normalize.ts'
import { type PathCandidate, PathIndex } from './path-index.ts'
import type { Route } from './route.ts'
import { Split } from './split.ts'
import { type HostRoutes, RouteTable } from './table.ts'
import { compileTimeouts } from './timeouts.ts'

/** A mistake in the route at `route` of the list, at a key of it. */
export interface RouteProblem {
  readonly route: number
  readonly path: readonly (string | number)[]
  readonly message: string
}

export interface RouteContext<S> {
  /** The service of a reference such as 'catalog.shop:80'. */
  resolve(ref: string): S | undefined
  /** All hosts that mean the same as this one, itself included, in an order that is the same for each of them. */
  aliases(host: string): readonly string[]
  readonly pathNormalization: PathMode
  /** 0 ≤ x < 1. */
  random(): number
}

type Entry<S> = CompiledMatch & { readonly route: Route<S>; readonly order: number }

const A_HOST = 'a name such as "catalog.shop", "*.example.com" or "*", with or without a port'
const EVERYTHING: readonly RouteMatchConfig[] = [{ ignoreCase: false, headers: {}, withoutHeaders: {}, query: {} }]

/**
 * Precedence, as Gateway API has it: the most specific host, then exact path, regular expression (longest pattern first), longest
 * prefix, then a method, more header fields, more query parameters, and at last the order of `routes`. Where no route of a host
 * matches, those of a less specific pattern are asked. A route with a mistake is left out.
 */
export function compileRoutes<S>(
  routes: readonly RouteConfig[],
  context: RouteContext<S>,
): { table: RouteTable<S>; problems: RouteProblem[] } {
  const problems: RouteProblem[] = []
  const matches = new MatchCompiler(context.pathNormalization)
  const hosts = new Map<string, { pattern: string; names: readonly string[]; entries: Entry<S>[] }>()
  routes.forEach((config, index) => {
    const before = problems.length
    const report = (path: readonly (string | number)[], message: string): void => {
      problems.push({ route: index, path, message })
    }
    const route = compileRoute(config, context, report)
    const compiled = (config.matches.length > 0 ? config.matches : EVERYTHING).map((match, i) =>
      matches.compile(match, (path, message) => report(['matches', i, ...path], message)),
    )
    config.hosts.forEach((host, i) => {
      if (!isHostPattern(host)) report(['hosts', i], `"${host}" is not a host: expected ${A_HOST}`)
    })
    if (problems.length > before) return
    const own = new Set<string>()
    for (const pattern of config.hosts.length > 0 ? config.hosts : ['*']) {
      const names = context.aliases(pattern)
      const key = (names[0] ?? pattern).toLowerCase()
      if (own.has(key)) continue
      own.add(key)
      let host = hosts.get(key)
      if (host === undefined) hosts.set(key, (host = { pattern, names, entries: [] }))
      for (const match of compiled) host.entries.push({ ...match, route, order: host.entries.length })
    }
  })
  const table = new HostTable<HostRoutes<S>>()
  for (const { pattern, names, entries } of hosts.values()) {
    const found = { pattern, paths: new PathIndex(ranked(entries)) }
    for (const name of names) table.set(name, found)
  }
  return { table: new RouteTable(table), problems }
}

function compileRoute<S>(
  config: RouteConfig,
  context: RouteContext<S>,
  report: (path: readonly (string | number)[], message: string) => void,
): Route<S> {
  const services = config.services.map(({ service: ref, weight }) => ({ ref, weight, service: context.resolve(ref) }))
  return {
    id: config.name,
    services: new Split(services, () => context.random()),
    requestEdits: compileEdits(config.requestHeaders, 'request', (key, message) => report(['requestHeaders', ...key], message)),
    responseEdits: compileEdits(config.responseHeaders, 'response', (key, message) =>
      report(['responseHeaders', ...key], message),
    ),
    timeouts: compileTimeouts(config.timeouts),
    reply: null,
  }
}

function ranked<S>(entries: readonly Entry<S>[]): PathCandidate<Route<S>>[] {
  return [...entries].sort(bySpecificity).map(({ route, path, conditions }, rank) => ({ route, path, conditions, rank }))
}

const KIND_ORDER = { exact: 0, regex: 1, prefix: 2 } as const

function bySpecificity(a: Entry<unknown>, b: Entry<unknown>): number {
  return (
    KIND_ORDER[a.path.kind] - KIND_ORDER[b.path.kind] ||
    b.pathLength - a.pathLength ||
    b.methods - a.methods ||
    b.fields - a.fields ||
    b.parameters - a.parameters ||
    a.order - b.order
  )
}
