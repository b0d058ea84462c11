// What one route does, compiled: everything that does not depend on the request is made here, once.
import type { WeightedServiceConfig } from '../config/schema/route-actions.ts'
import type { RouteConfig } from '../config/schema/routes.ts'
import { chain, compileEdits, type FieldEdits, NOTHING } from './edits.ts'
import { compileGuards, type GuardParts } from './guards.ts'
import { compileHedge } from './hedge.ts'
import { isHostPattern } from './hosts.ts'
import type { CompiledMatch } from './match.ts'
import { compileMirrors } from './mirror.ts'
import type { PathMode } from './normalize.ts'
import { compileRedirect, compileReply, type OwnAnswer } from './own-answer.ts'
import { compileRetry } from './retry-policy.ts'
import { compileRewrite } from './rewrite.ts'
import type { Route, WeightedService } from './route.ts'
import { latin1 } from './spelling.ts'
import { Split } from './split.ts'
import { compileSticky } from './sticky.ts'
import { compileTimeouts } from './timeouts.ts'

type Report = (path: readonly (string | number)[], message: string) => void

export interface RouteParts<S> extends Pick<GuardParts, 'limiters' | 'random'> {
  /** The service of a reference such as 'catalog.shop:80'. */
  resolve(ref: string): S | undefined
  hasSubset(service: S, subset: string): boolean
  readonly pathNormalization: PathMode
}

const NO_EDITS = { add: {}, set: {}, remove: [] }

/** One for each match, the same where the match makes no difference. */
export function compileRoute<S>(
  config: RouteConfig,
  matches: readonly CompiledMatch[],
  parts: RouteParts<S> & GuardParts,
  report: Report,
): Route<S>[] {
  const { rewrite, redirect, requestHeaders, responseHeaders } = config
  const under =
    (...keys: (string | number)[]): Report =>
    (path, message) =>
      report([...keys, ...path], message)
  const responseEdits = compileEdits(responseHeaders, 'response', under('responseHeaders'))
  const services = config.services.map((service, i) =>
    compileService(service, { parts, edits: responseEdits, report: under('services', i) }),
  )
  const requestEdits = withHost(
    compileEdits(requestHeaders, 'request', under('requestHeaders')),
    rewrite?.host,
    under('rewrite', 'host'),
  )
  const shared = {
    id: config.name,
    changesRequest:
      requestEdits !== null ||
      rewrite !== undefined ||
      services.some((one, i) => one.requestEdits !== null || config.services[i]?.rewrite !== undefined),
    services: new Split(services, () => parts.random()),
    requestEdits,
    responseEdits,
    timeouts: compileTimeouts(config.timeouts),
    mirrors: compileMirrors(config.mirrors, parts, under()),
    guards: compileGuards(config, parts, under()),
    sticky: config.sticky === undefined ? null : compileSticky(config.sticky, under('sticky')),
    retry: config.retry === undefined ? null : compileRetry(config.retry, under('retry')),
    hedge: config.hedge === undefined ? null : compileHedge(config.hedge),
  }
  const reply = config.reply === undefined ? null : compileReply(config.reply, under('reply'))
  const mode = parts.pathNormalization
  const once = tellOnce(under())
  const tell =
    (key: string): Report =>
    (path, message) =>
      once([key, ...path], message)
  const compile = (literal: string | undefined): Route<S> => {
    const own: OwnAnswer | null = redirect === undefined ? reply : compileRedirect(redirect, literal, mode, tell('redirect'))
    const path = rewrite === undefined ? null : compileRewrite(rewrite, literal, mode, tell('rewrite'))
    const split = rewritten(services, config, { literal, mode, report: tell('services') })
    return { ...shared, own, rewrite: path, ...(split === services ? {} : { services: new Split(split, () => parts.random()) }) }
  }
  // what takes the place of a prefix is another for each of them
  const byPrefix = [rewrite, redirect, ...config.services.map((one) => one.rewrite)].some((one) => one?.prefix !== undefined)
  const made = new Map<string | undefined, Route<S>>()
  return matches.map(({ path }) => {
    const literal = byPrefix ? path.literal : ''
    const route = made.get(literal) ?? compile(literal)
    made.set(literal, route)
    return route
  })
}

/** Services with rewrites of their own, for what a match's path begins with; the very list where none has one. */
function rewritten<S>(
  services: WeightedService<S>[],
  config: RouteConfig,
  { literal, mode, report }: { readonly literal: string | undefined; readonly mode: PathMode; readonly report: Report },
): WeightedService<S>[] {
  if (config.services.every(({ rewrite }) => rewrite === undefined)) return services
  return services.map((service, i) => {
    const own = config.services[i]?.rewrite
    if (own === undefined) return service
    return {
      ...service,
      rewrite: compileRewrite(own, literal, mode, (path, message) => report([i, 'rewrite', ...path], message)),
    }
  })
}

/** Several matches may find the same mistake. */
function tellOnce(report: Report): Report {
  const told = new Set<string>()
  return (path, message) => {
    const key = `${path.join('.')} ${message}`
    if (!told.has(key)) report(path, message)
    told.add(key)
  }
}

function compileService<S>(
  config: WeightedServiceConfig,
  { parts, edits, report }: { parts: RouteParts<S>; edits: FieldEdits | null; report: Report },
): WeightedService<S> {
  const { service: ref, subset = '', weight, host } = config
  const service = ref === '' ? undefined : parts.resolve(ref)
  if (service !== undefined && subset !== '' && !parts.hasSubset(service, subset))
    report(['subset'], `the service "${ref}" has no subset "${subset}"`)
  const under =
    (key: string): Report =>
    (path, message) =>
      report([key, ...path], message)
  const requestEdits = compileEdits(config.requestHeaders ?? NO_EDITS, 'request', under('requestHeaders'))
  const responseEdits = compileEdits(config.responseHeaders ?? NO_EDITS, 'response', under('responseHeaders'))
  return {
    ref,
    service,
    subset,
    weight,
    rewrite: null,
    requestEdits: withHost(requestEdits, host, under('host')),
    responseEdits: chain(responseEdits, edits),
  }
}

/** Where the fields set no host of their own. */
function withHost(edits: FieldEdits | null, host: string | undefined, report: Report): FieldEdits | null {
  if (host === undefined) return edits
  if (host.startsWith('*') || !isHostPattern(host)) report([], `"${host}" is not a host`)
  return (edits ?? NOTHING).withAuthority(latin1(host))
}
