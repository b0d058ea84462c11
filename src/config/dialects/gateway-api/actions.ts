// What a rule of HTTPRoute or GRPCRoute does, in the native form: filters, backends, timeouts, retries.
import type { z } from 'zod'
import type { Path } from '../../problem.ts'
import type { routeSchema } from '../../schema/routes.ts'
import { formatDuration } from '../../types.ts'
import type { Resource } from '../resource.ts'
import { type BackendPlace, backendService, nowhere } from './backends.ts'
import type { Context } from './context.ts'
import type { HeaderModifier, HttpFilter, Mirror, PathModifier } from './filters.ts'
import type { HttpRule } from './kinds.ts'

export type RouteInput = z.input<typeof routeSchema>
type ServiceInput = NonNullable<RouteInput['services']>[number]
type Filters = readonly HttpFilter[]

/** Of both kinds of route; those of GRPCRoute lack the filters that only HTTP has. */
export interface Rule extends Pick<HttpRule, 'name' | 'timeouts' | 'retry' | 'sessionPersistence'> {
  readonly filters: Filters
  readonly backendRefs: NonNullable<HttpRule['backendRefs']>
}

export interface RulePlace extends BackendPlace {
  readonly route: Resource
}

/** Attempts that a native route may make. */
const MAX_RETRIES = 19
const LONGEST_MS = 24 * 86_400_000
/** How long browsers may keep the answer to a preflight where the filter says nothing. */
const CORS_MAX_AGE_S = 5
/** No browser keeps it longer than a day. */
const CORS_LONGEST_S = 86_400

export function ruleActions(context: Context, rule: Rule, place: RulePlace): Partial<RouteInput> {
  const broken = brokenFilter(context, rule.filters, place)
  const common = { ...limitsOf(context, rule, place), ...stickyOf(context, rule, place) }
  if (broken !== undefined) return { ...common, services: [{ service: nowhere(broken) }] }
  // only one service to go to: what is said of it may as well be said of the route
  const [only] = rule.backendRefs.length === 1 ? rule.backendRefs : []
  const lone = only?.filters ?? []
  const actions = [
    ...rule.filters.map((filter, index) => filterAction(context, filter, at(place, 'filters', index))),
    ...lone.map((filter, index) => loneAction(context, filter, at(place, 'backendRefs', 0, 'filters', index))),
  ]
  const mirrors = actions.flatMap((action) => action.mirrors ?? [])
  const merged: Partial<RouteInput> = Object.assign({}, ...actions, common, mirrors.length === 0 ? {} : { mirrors })
  if (merged.redirect !== undefined) return merged
  return { ...merged, services: servicesOf(context, rule, place) }
}

/** A rule that leads nowhere answers 500, as the API asks. */
function servicesOf(context: Context, { backendRefs }: Rule, place: RulePlace): ServiceInput[] {
  if (backendRefs.every(({ weight }) => weight === 0)) {
    const path = backendRefs.length === 0 ? place.path : [...place.path, 'backendRefs']
    context.warn(place.route, path, 'the rule sends its traffic to no service; it gets 500')
    return [{ service: nowhere('nothing') }]
  }
  return backendRefs.map((ref, index) => {
    const own = at(place, 'backendRefs', index)
    const filters = ref.filters ?? []
    const broken = brokenFilter(context, filters, own)
    const service = broken === undefined ? backendService(context, place.route, ref, own) : nowhere(broken)
    const changes = filters.map((filter, i) => serviceAction(context, filter, backendRefs.length, at(own, 'filters', i)))
    return Object.assign({ service, weight: ref.weight ?? 1 }, ...changes) as ServiceInput
  })
}

/** A filter that nothing here understands must not be skipped: what it was for gets 500. */
function brokenFilter(context: Context, filters: Filters, place: RulePlace): string | undefined {
  let broken: string | undefined
  for (const [index, { type, extensionRef }] of filters.entries()) {
    const path = [...place.path, 'filters', index]
    if (type === 'ExternalAuth')
      context.refuse(
        place.route,
        path,
        'the filter ExternalAuth is not understood yet',
        'nothing may pass without it, so it is not ignored',
      )
    if (type !== 'ExtensionRef' || extensionRef === undefined) continue
    broken = `${extensionRef.kind}.${extensionRef.group}`
    context.warn(
      place.route,
      path,
      `there is no filter of the kind ${extensionRef.kind} of ${extensionRef.group}; the traffic gets 500`,
    )
  }
  return broken
}

function filterAction(context: Context, filter: HttpFilter, place: RulePlace): Partial<RouteInput> {
  const { requestHeaderModifier, responseHeaderModifier, requestRedirect, urlRewrite, requestMirror, cors } = filter
  if (requestHeaderModifier !== undefined) return { requestHeaders: edits(requestHeaderModifier) }
  if (responseHeaderModifier !== undefined) return { responseHeaders: edits(responseHeaderModifier) }
  if (requestMirror !== undefined) return { mirrors: mirrorOf(context, requestMirror, place) }
  if (urlRewrite !== undefined) {
    const { hostname: host, path } = urlRewrite
    return { rewrite: { ...(host === undefined ? {} : { host }), ...pathOf(path) } }
  }
  if (requestRedirect !== undefined) {
    const { statusCode: status = 302, scheme, hostname: host, port, path } = requestRedirect
    return { redirect: { status, ...defined({ scheme, host, port }), ...pathOf(path) } }
  }
  if (cors === undefined) return {}
  const { allowOrigins = [], allowMethods = [], allowHeaders = [], exposeHeaders = [], allowCredentials, maxAge } = cors
  return {
    cors: {
      origins: allowOrigins.map((origin) => (origin.includes('*') ? { wildcard: origin } : { exact: origin })),
      methods: allowMethods,
      headers: allowHeaders,
      exposeHeaders,
      credentials: allowCredentials ?? false,
      maxAge: `${Math.min(maxAge ?? CORS_MAX_AGE_S, CORS_LONGEST_S)}s`,
    },
  }
}

/** Where there is one backend only, what its own service can't have is the route's. */
function loneAction(context: Context, filter: HttpFilter, place: RulePlace): Partial<RouteInput> {
  const ofService = filter.requestHeaderModifier ?? filter.responseHeaderModifier ?? filter.urlRewrite
  return ofService === undefined ? filterAction(context, filter, place) : {}
}

/** What a backend's filters are for it alone; a redirect or a mirror is the route's. */
function serviceAction(context: Context, filter: HttpFilter, backends: number, place: RulePlace): Partial<ServiceInput> {
  const { type, requestHeaderModifier, responseHeaderModifier, urlRewrite } = filter
  if (requestHeaderModifier !== undefined) return { requestHeaders: edits(requestHeaderModifier) }
  if (responseHeaderModifier !== undefined) return { responseHeaders: edits(responseHeaderModifier) }
  if (urlRewrite !== undefined) {
    const path = pathOf(urlRewrite.path)
    return { ...defined({ host: urlRewrite.hostname }), ...(urlRewrite.path === undefined ? {} : { rewrite: path }) }
  }
  if (backends === 1 || type === 'ExtensionRef' || type === 'ExternalAuth') return {}
  context.refuse(
    place.route,
    place.path,
    `a filter of type ${type} for one of several backends is not understood`,
    'put it into a rule of its own',
  )
  return {}
}

function mirrorOf(
  context: Context,
  { backendRef, percent, fraction }: Mirror,
  place: RulePlace,
): NonNullable<RouteInput['mirrors']> {
  const service = backendService(context, place.route, backendRef, {
    ...at(place, 'requestMirror', 'backendRef'),
    lost: 'nothing is mirrored there',
  })
  if (service.startsWith('!')) return []
  const share = fraction === undefined ? (percent ?? 100) : (100 * fraction.numerator) / (fraction.denominator ?? 100)
  return [{ service, percent: share }]
}

function limitsOf(context: Context, { timeouts, retry }: Rule, place: RulePlace): Partial<RouteInput> {
  const { request = 0, backendRequest = 0 } = timeouts ?? {}
  if (request > 0 && backendRequest > request)
    context.refuse(
      place.route,
      [...place.path, 'timeouts', 'backendRequest'],
      'backendRequest is longer than request, so it can never strike',
    )
  // the API leaves open what holds where nothing is said: here, no limit, as without a route
  const limits = { timeouts: { request: formatDuration(request), attempt: formatDuration(backendRequest) } }
  if (retry === undefined) return limits
  const { attempts = 1, codes = [], backoff } = retry
  const on: NonNullable<NonNullable<RouteInput['retry']>['on']> = ['connect-failure', 'refused-stream', 'reset']
  if (codes.length > 0) on.push('retriable-status-codes')
  return {
    ...limits,
    retry: {
      on,
      statusCodes: codes,
      attempts: Math.min(attempts, MAX_RETRIES) + 1,
      // the API asks for a least pause; drawn from twice that, half of them are longer
      ...(backoff === undefined || backoff === 0
        ? {}
        : { backoff: { min: formatDuration(backoff), base: formatDuration(Math.min(2 * backoff, LONGEST_MS)) } }),
    },
  }
}

function stickyOf(context: Context, { sessionPersistence, backendRefs }: Rule, place: RulePlace): Partial<RouteInput> {
  if (sessionPersistence === undefined) return {}
  const message =
    'sessionPersistence keeps a caller with its service; which endpoint of it answers is left to the balancer of the service'
  context.warn(place.route, [...place.path, 'sessionPersistence'], message)
  if (backendRefs.length < 2) return {}
  const { type = 'Cookie', cookie, header, absoluteTimeout = 0 } = sessionPersistence
  if (type === 'Header') return header === undefined ? {} : { sticky: { header: header.name } }
  const ttl = cookie?.lifetimeType === 'Permanent' ? formatDuration(absoluteTimeout) : '0'
  return { sticky: { cookie: cookie?.name ?? 'outrigger-session', ttl } }
}

function edits({ set = [], add = [], remove = [] }: HeaderModifier) {
  return { set: record(set), add: record(add), remove }
}

function record(headers: readonly { readonly name: string; readonly value: string }[]): Record<string, string> {
  return Object.fromEntries(headers.map(({ name, value }) => [name, value]))
}

function pathOf(path: PathModifier | undefined): { path?: string; prefix?: string } {
  if (path?.replaceFullPath !== undefined) return { path: path.replaceFullPath }
  return path?.replacePrefixMatch === undefined ? {} : { prefix: path.replacePrefixMatch }
}

function at(place: RulePlace, ...path: Path): RulePlace {
  return { ...place, path: [...place.path, ...path] }
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
}
