// HTTPRoute and GRPCRoute as native routes: one for each rule, for each way in which the route attaches.
import type { Draft } from '../../draft.ts'
import type { RouteMatchConfig } from '../../schema/route-match.ts'
import { type RouteConfig, routeSchema } from '../../schema/routes.ts'
import { byAge } from '../age.ts'
import type { Resource } from '../resource.ts'
import { placeIn } from '../resource.ts'
import { type RouteInput, type Rule, ruleActions } from './actions.ts'
import { type Attachment, attach, type ServiceParent } from './attach.ts'
import { type Context } from './context.ts'
import { GRPC_ROUTE, type GrpcRule, HTTP_ROUTE, type HttpRule } from './kinds.ts'
import type { GatewayListener } from './listener.ts'
import type { Gateways } from './listeners.ts'
import { grpcMatch, httpMatch } from './matches.ts'

/** What both kinds of route come to. */
interface Source {
  readonly resource: Resource
  readonly hostnames: readonly string[]
  readonly attachment: Attachment
  readonly rules: readonly (Rule & { readonly matches: readonly RouteMatchConfig[] })[]
}

/** One way in which a route attaches. */
interface Scope {
  /** Tells the native routes of one rule apart. */
  readonly tag: string
  readonly input: Pick<RouteInput, 'hosts' | 'gateways' | 'sources' | 'priority'>
  readonly exempt: ReadonlySet<string>
}

/** A consumer's routes come before those of the service's own namespace, and so does what they leave over. */
const CONSUMER_PRIORITY = 2
const LEFT_OVER_PRIORITY = 1
const NONE: ReadonlySet<string> = new Set()

export function compileRoutes(context: Context, gateways: Gateways): Draft['routes'] {
  const http = context.resources.of(HTTP_ROUTE).map((route) => sourceOf(context, gateways, route, httpRules(context, route)))
  const grpc = context.resources.of(GRPC_ROUTE).map((route) => sourceOf(context, gateways, route, grpcRules(route)))
  const sources = [...http, ...grpc].sort((a, b) => byAge(a.resource, b.resource))
  return withoutRivals(context, sources).flatMap((source) => nativeRoutes(context, source))
}

type HttpRoute = Resource<ReturnType<typeof HTTP_ROUTE.schema.parse>>
type GrpcRoute = Resource<ReturnType<typeof GRPC_ROUTE.schema.parse>>

function sourceOf(context: Context, gateways: Gateways, route: HttpRoute | GrpcRoute, rules: Source['rules']): Source {
  const { hostnames = [], parentRefs = [], useDefaultGateways } = route.value.spec
  const attaching = { resource: route, hostnames, parentRefs, useDefaultGateways: useDefaultGateways === 'All' }
  return { resource: route, hostnames, attachment: attach(context, gateways, attaching), rules }
}

/** No rules at all mean one that matches everything and leads nowhere. */
function httpRules(context: Context, route: HttpRoute): Source['rules'] {
  const rules: readonly HttpRule[] = route.value.spec.rules ?? [EMPTY_RULE]
  return rules.map((rule, index) => {
    checkPrefix(context, route, rule, index)
    return {
      ...rule,
      filters: rule.filters ?? [],
      backendRefs: rule.backendRefs ?? [],
      matches: (rule.matches ?? []).map(httpMatch),
    }
  })
}

function grpcRules(route: GrpcRoute): Source['rules'] {
  const rules: readonly GrpcRule[] = route.value.spec.rules ?? [EMPTY_RULE]
  return rules.map((rule) => {
    const backendRefs = (rule.backendRefs ?? []).map((ref) => ({ ...ref, filters: ref.filters?.map(asHttp) }))
    const filters = (rule.filters ?? []).map(asHttp)
    return { ...rule, timeouts: undefined, retry: undefined, filters, backendRefs, matches: (rule.matches ?? []).map(grpcMatch) }
  })
}

const EMPTY_RULE = {
  name: undefined,
  matches: undefined,
  filters: undefined,
  backendRefs: undefined,
  timeouts: undefined,
  retry: undefined,
  sessionPersistence: undefined,
}

function asHttp(filter: NonNullable<GrpcRule['filters']>[number]): Rule['filters'][number] {
  return { ...filter, requestRedirect: undefined, urlRewrite: undefined, cors: undefined, externalAuth: undefined }
}

/** What replaces a prefix needs one to replace. */
function checkPrefix(context: Context, route: HttpRoute, rule: HttpRule, index: number): void {
  const all = [...(rule.filters ?? []), ...(rule.backendRefs ?? []).flatMap(({ filters = [] }) => filters)]
  const replaces = all.some((filter) => (filter.urlRewrite ?? filter.requestRedirect)?.path?.replacePrefixMatch !== undefined)
  const matches = rule.matches ?? []
  const onePrefix = matches.length <= 1 && (matches[0]?.path?.type ?? 'PathPrefix') === 'PathPrefix'
  if (replaces && !onePrefix)
    context.refuse(route, ['spec', 'rules', index, 'matches'], 'replacePrefixMatch needs exactly one match, of type PathPrefix')
  if (rule.filters?.some(({ type }) => type === 'RequestRedirect') && (rule.backendRefs ?? []).length > 0)
    context.refuse(route, ['spec', 'rules', index, 'backendRefs'], 'a rule that redirects sends nothing to backends')
}

/** HTTP and gRPC routes for the same hosts do not mix: on a listener the older one stays, at a service gRPC does. */
function withoutRivals(context: Context, sources: readonly Source[]): Source[] {
  const grpc = sources.filter(({ resource }) => resource.kind === GRPC_ROUTE.name)
  if (grpc.length === 0 || grpc.length === sources.length) return [...sources]
  const claims = new Map<GatewayListener, Map<string, Source>>()
  return sources.map((source) => {
    const { attachment, resource } = source
    const listeners = attachment.listeners.filter((listener) => {
      const rival = claim(claims, listener, source)
      if (rival === undefined) return true
      const of = `the listener ${listener.spec.name} has a ${rival.resource.kind} for the same hosts`
      context.warn(resource, [], `${of}, which is older; this one is not attached there`)
      return false
    })
    const left = { ...source, attachment: { ...attachment, listeners } }
    return resource.kind === HTTP_ROUTE.name ? yielding(context, left, grpc) : left
  })
}

/** Whoever has claimed one of the hosts for another kind of route; undefined: they are the source's now. */
function claim(claims: Map<GatewayListener, Map<string, Source>>, listener: GatewayListener, source: Source): Source | undefined {
  let hosts = claims.get(listener)
  if (hosts === undefined) claims.set(listener, (hosts = new Map()))
  const wanted = source.hostnames.length === 0 ? [''] : source.hostnames
  for (const host of wanted) {
    const owner = hosts.get(host)
    if (owner !== undefined && owner.resource.kind !== source.resource.kind) return owner
  }
  for (const host of wanted) if (!hosts.has(host)) hosts.set(host, source)
  return undefined
}

/** An HTTPRoute without the services that gRPC routes are for, each seen from the same namespaces. */
function yielding(context: Context, source: Source, grpc: readonly Source[]): Source {
  const left = (key: 'produced' | 'consumed') => {
    const rivals = grpc.filter(({ resource }) => key === 'produced' || resource.namespace === source.resource.namespace)
    return source.attachment[key].filter((parent) => {
      const taken = rivals.some(({ attachment }) => attachment[key].some((other) => isSamePort(parent, other)))
      if (taken)
        context.warn(source.resource, [], `a GRPCRoute is for ${hostOf(parent)}, which comes first; this one is not for it`)
      return !taken
    })
  }
  return { ...source, attachment: { ...source.attachment, produced: left('produced'), consumed: left('consumed') } }
}

/** A route for all ports leaves those to gRPC that are gRPC's alone: only the same claim yields. */
function isSamePort(a: ServiceParent, b: ServiceParent): boolean {
  return a.namespace === b.namespace && a.name === b.name && a.port === b.port
}

function nativeRoutes(context: Context, source: Source): Draft['routes'][number][] {
  const scopes = scopesOf(source)
  return scopes.flatMap((scope) => {
    const routes = source.rules.map((rule, index) => nativeRoute(context, source, scope, { rule, index }))
    return scope.tag === '@consumer' ? [...routes, nothingElse(source, scope)] : routes
  })
}

function scopesOf({ resource, hostnames, attachment: { produced, consumed, listeners } }: Source): Scope[] {
  const scopes: Scope[] = []
  if (produced.length > 0) scopes.push({ tag: '', input: { hosts: produced.map(hostOf) }, exempt: NONE })
  if (consumed.length > 0) {
    const input = { hosts: consumed.map(hostOf), sources: [{ namespace: resource.namespace }], priority: CONSUMER_PRIORITY }
    scopes.push({ tag: '@consumer', input, exempt: new Set(consumed.map(({ namespace, name }) => `${namespace}/${name}`)) })
  }
  if (listeners.length > 0) {
    const input = { hosts: [...hostnames], gateways: listeners.map(({ gateway, name }) => `${gateway}/${name}`) }
    scopes.push({ tag: scopes.length === 0 ? '' : '@gateway', input, exempt: NONE })
  }
  return scopes
}

function nativeRoute(
  context: Context,
  { resource }: Source,
  scope: Scope,
  { rule, index }: { readonly rule: Source['rules'][number]; readonly index: number },
): Draft['routes'][number] {
  const path = ['spec', 'rules', index]
  const name = `${nameOf(resource)}/${rule.name ?? index}${scope.tag}`
  const actions = ruleActions(context, rule, { route: resource, path, exempt: scope.exempt })
  return located(resource, routeSchema.parse({ name, ...scope.input, ...actions, matches: rule.matches }), path)
}

/** Where a consumer has routes of its own, those of the service's namespace are not asked for what these do not match. */
function nothingElse({ resource }: Source, scope: Scope): Draft['routes'][number] {
  const name = `${nameOf(resource)}/none${scope.tag}`
  return located(resource, routeSchema.parse({ name, ...scope.input, priority: LEFT_OVER_PRIORITY, reply: { status: 404 } }), [
    'spec',
  ])
}

function located(resource: Resource, value: RouteConfig, path: readonly (string | number)[]): Draft['routes'][number] {
  const own = placeIn(resource, placeable(resource, path))
  return { value, label: `${resource.kind} ${resource.namespace}/${resource.name}`, at: () => own }
}

/** The rule, where the document has one. */
function placeable(resource: Resource, path: readonly (string | number)[]): readonly (string | number)[] {
  return (resource as HttpRoute).value.spec.rules === undefined ? ['spec'] : path
}

function nameOf({ kind, namespace, name }: Resource): string {
  return `${kind}/${namespace}/${name}`
}

function hostOf({ name, namespace, port }: ServiceParent): string {
  return `${name}.${namespace}${port === undefined ? '' : `:${port}`}`
}
