// The `http` routes of a VirtualService as native routes, in the order in which they are written.
import type { Located } from '../../../draft.ts'
import type { Path, Problems } from '../../../problem.ts'
import type { RouteConfig } from '../../../schema/routes.ts'
import { routeSchema } from '../../../schema/routes.ts'
import { placeIn } from '../../resource.ts'
import type { HttpEntry } from './delegates.ts'
import type { Destinations } from './destinations.ts'
import type { Destination } from './fields.ts'
import { actionsOf, hostIn, type RouteInput } from './http-actions.ts'
import { type MatchInput, matchOf, NOT_AS_HEADERS, rewriteOf } from './http-matches.ts'
import { type Audience, isForMesh, type Source, sourcesOf } from './route-scope.ts'
import type { HttpMatch, HttpRoute, VirtualService } from './virtual-service.ts'

/** The first route's; each further one has one less. A namespace's own come before those of others. */
const FIRST = 900_000
const FIRST_OWN = 1_000_000

export interface HttpContext {
  readonly resource: VirtualService
  readonly audience: Audience
  /** As the resource that a route is written in names them. */
  readonly destinationsOf: (resource: VirtualService) => Destinations
  readonly problems: Problems
}

/** Matches that are for the same callers and rewrite the same way. */
interface Group {
  readonly sources: readonly Source[]
  readonly rewrite: RouteInput['rewrite']
  readonly matches: MatchInput[]
}

/** Asked from the first to the last, as they stand here. */
export function compileHttp(entries: readonly HttpEntry[], context: HttpContext): Located<RouteConfig>[] {
  const places = placesOf(entries, context)
  return entries.flatMap((entry, index) => {
    const priority = (context.audience.own ? FIRST_OWN : FIRST) - index
    return compileOne(entry, { ...context, places, priority })
  })
}

function compileOne(
  { route, resource, at, name }: HttpEntry,
  context: HttpContext & { readonly places: readonly Called[]; readonly priority: number },
): Located<RouteConfig>[] {
  const { problems, priority } = context
  const label = `VirtualService ${context.resource.namespace}/${context.resource.name} ${name}`
  const destinations = context.destinationsOf(resource)
  check(route, { at, resource }, context)
  const groups = groupsOf(route, context)
  const compiled: Located<RouteConfig>[] = []
  for (const { hosts, port } of context.places) {
    const actions = actionsOf(route, { destinations, at, port }, (path, message, hint) =>
      problems.error(placeIn(resource, [...at, ...path]), message, hint),
    )
    for (const { sources, rewrite, matches } of groups) {
      const unique = compiled.length === 0 ? label : `${label} (${compiled.length + 1})`
      const native = { ...actions, name: unique, priority, hosts: [...hosts], sources, matches, ...(rewrite ? { rewrite } : {}) }
      compiled.push({ value: routeSchema.parse(native), label: unique, at: () => placeIn(resource, at) })
    }
  }
  return compiled
}

interface Called {
  readonly hosts: readonly string[]
  readonly port: number | undefined
}

/**
 * All hosts as one, or one for each port where a destination follows the port that is called: then for all the routes, because a host
 * with a port goes before one without, and the routes are to be asked in their order.
 */
function placesOf(entries: readonly HttpEntry[], { audience, destinationsOf }: HttpContext): Called[] {
  const ports = [...new Set(audience.hosts.flatMap(({ services }) => services.map(({ port }) => port)))]
  const hosts = audience.hosts.map(({ pattern }) => pattern)
  if (
    ports.length < 2 ||
    !entries.some((entry) => targetsOf(entry.route).some((one) => destinationsOf(entry.resource).followsPort(one)))
  )
    return [{ hosts, port: ports.length === 1 ? ports[0] : undefined }]
  const named = ports.map((port) => ({
    hosts: audience.hosts
      .filter(({ services }) => services.some((one) => one.port === port))
      .map(({ pattern }) => `${pattern}:${port}`),
    port,
  }))
  const others = audience.hosts.filter(({ services }) => services.length === 0).map(({ pattern }) => pattern)
  return others.length === 0 ? named : [...named, { hosts: others, port: undefined }]
}

function targetsOf({ route, mirror, mirrors }: HttpRoute): Destination[] {
  return [...(route ?? []), ...(mirrors ?? [])].map(({ destination }) => destination).concat(mirror ?? [])
}

function groupsOf(route: HttpRoute, { audience }: HttpContext): Group[] {
  const groups = new Map<string, Group>()
  const all: (HttpMatch | undefined)[] = (route.match ?? []).length > 0 ? (route.match ?? []) : [undefined]
  for (const match of all) {
    const sources = sourcesOf(match ?? {}, audience)
    if (sources === undefined || !isForMesh(match?.gateways)) continue
    const rewrite = rewriteFor(route, match)
    const key = JSON.stringify([sources, rewrite])
    const group = groups.get(key) ?? { sources, rewrite, matches: [] }
    groups.set(key, group)
    group.matches.push(match === undefined ? {} : matchOf(match))
  }
  return [...groups.values()]
}

function rewriteFor({ rewrite, headers }: HttpRoute, match: HttpMatch | undefined): RouteInput['rewrite'] {
  const { uri, authority, uriRegexRewrite } = rewrite ?? {}
  const host = authority ?? (headers?.request ? hostIn(headers.request).host : undefined)
  const path = uriRegexRewrite
    ? { regex: { pattern: uriRegexRewrite.match, replacement: uriRegexRewrite.rewrite } }
    : uri
      ? rewriteOf(uri, match)
      : {}
  return host === undefined && Object.keys(path).length === 0 ? undefined : { ...path, ...(host === undefined ? {} : { host }) }
}

/** What is read and does nothing here. */
function check(
  { match, retries, redirect, directResponse, rewrite }: HttpRoute,
  { at, resource }: Pick<HttpEntry, 'at' | 'resource'>,
  { audience, problems }: HttpContext,
): void {
  const warn = (path: Path, message: string): void => problems.warning(placeIn(resource, [...at, ...path]), message)
  if (retries?.retryRemoteLocalities)
    warn(['retries', 'retryRemoteLocalities'], 'retryRemoteLocalities is ignored: retries go where balancing sends them')
  if (rewrite && (redirect || directResponse)) warn(['rewrite'], 'nothing is rewritten of what is answered here')
  for (const [index, one] of (match ?? []).entries()) {
    const path = ['match', index]
    if (one.statPrefix !== undefined) warn([...path, 'statPrefix'], 'statPrefix is ignored')
    if (!isForMesh(one.gateways))
      warn([...path, 'gateways'], 'this match is for gateways of Istio alone, which are not carried here')
    if (sourcesOf(one, audience) === undefined)
      warn([...path, 'sourceNamespace'], `nothing is exported to ${one.sourceNamespace}: this match is for nobody`)
    for (const key of ['headers', 'withoutHeaders'] as const) {
      const unread = Object.keys(one[key] ?? {}).find((name) => NOT_AS_HEADERS.has(name))
      if (unread !== undefined)
        warn([...path, key, unread], `${key}.${unread} is ignored, as Istio does: ${unread} has a key of its own`)
    }
  }
}
