// TCPRoute and TLSRoute as native routes of connections.
import type { z } from 'zod'
import type { Draft } from '../../draft.ts'
import { tcpRouteSchema } from '../../schema/tcp-routes.ts'
import { byAge } from '../age.ts'
import type { Resource } from '../resource.ts'
import { placeIn } from '../resource.ts'
import { attach, type ServiceParent } from './attach.ts'
import { backendService, nowhere } from './backends.ts'
import { type Context } from './context.ts'
import { type PlainRule, TCP_ROUTE, TLS_ROUTE } from './kinds.ts'
import type { Gateways } from './listeners.ts'

type TcpInput = z.input<typeof tcpRouteSchema>
type PlainRoute = Resource<ReturnType<typeof TLS_ROUTE.schema.parse>> | Resource<ReturnType<typeof TCP_ROUTE.schema.parse>>

interface Scope {
  readonly tag: string
  readonly input: Partial<TcpInput>
  readonly exempt: ReadonlySet<string>
}

const CONSUMER_PRIORITY = 2
const NONE: ReadonlySet<string> = new Set()

export function compilePlainRoutes(context: Context, gateways: Gateways): Draft['tcpRoutes'] {
  const routes = [...context.resources.of(TCP_ROUTE), ...context.resources.of(TLS_ROUTE)].sort(byAge)
  return routes.flatMap((route) => {
    const scopes = scopesOf(context, gateways, route)
    return route.value.spec.rules.flatMap((rule, index) => {
      // nothing but their order tells the rules of such a route apart
      if (index > 0) {
        context.warn(route, ['spec', 'rules', index], 'the rule is never reached: every connection goes by the first one')
        return []
      }
      return scopes.map((scope) => nativeRoute(context, route, scope, { rule, index }))
    })
  })
}

function scopesOf(context: Context, gateways: Gateways, route: PlainRoute): Scope[] {
  const { parentRefs = [], useDefaultGateways } = route.value.spec
  const hosts = 'hostnames' in route.value.spec ? (route.value.spec.hostnames ?? []) : []
  const { produced, consumed, listeners } = attach(context, gateways, {
    resource: route,
    parentRefs,
    hostnames: hosts,
    useDefaultGateways: useDefaultGateways === 'All',
  })
  const scopes: Scope[] = []
  if (produced.length > 0) scopes.push({ tag: '', input: { hosts, destinations: produced.map(destinationOf) }, exempt: NONE })
  if (consumed.length > 0) {
    const sources = [{ namespace: route.namespace }]
    const input = { hosts, destinations: consumed.map(destinationOf), sources, priority: CONSUMER_PRIORITY }
    scopes.push({ tag: '@consumer', input, exempt: new Set(consumed.map(({ namespace, name }) => `${namespace}/${name}`)) })
  }
  if (listeners.length > 0) {
    const input = { hosts, gateways: listeners.map(({ gateway, name }) => `${gateway}/${name}`) }
    scopes.push({ tag: scopes.length === 0 ? '' : '@gateway', input, exempt: NONE })
  }
  return scopes
}

function nativeRoute(
  context: Context,
  route: PlainRoute,
  { tag, input, exempt }: Scope,
  { rule, index }: { readonly rule: PlainRule; readonly index: number },
): Draft['tcpRoutes'][number] {
  const path = ['spec', 'rules', index]
  const refs = rule.backendRefs.filter(({ weight }) => weight !== 0)
  if (refs.length === 0) context.warn(route, [...path, 'backendRefs'], 'all weights are 0: every connection is closed')
  const services = rule.backendRefs.map((ref, i) => {
    const service = backendService(context, route, ref, {
      path: [...path, 'backendRefs', i],
      exempt,
      lost: 'its share of the connections is closed',
    })
    return { service, weight: ref.weight ?? 1 }
  })
  const name = `${route.kind}/${route.namespace}/${route.name}/${rule.name ?? index}${tag}`
  const value = tcpRouteSchema.parse({
    name,
    ...input,
    services: refs.length === 0 ? [{ service: nowhere('nothing') }] : services,
  })
  const own = placeIn(route, path)
  return { value, label: `${route.kind} ${route.namespace}/${route.name}`, at: () => own }
}

function destinationOf({ name, namespace, port }: ServiceParent): string {
  return `${name}.${namespace}${port === undefined ? '' : `:${port}`}`
}
