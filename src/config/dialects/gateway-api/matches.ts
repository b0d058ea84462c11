// Matches of HTTPRoute and GRPCRoute in the native form.
import type { RouteMatchConfig } from '../../schema/route-match.ts'
import { routeMatch } from '../../schema/route-match.ts'
import type { GrpcRule, HttpRule, TextMatch } from './kinds.ts'

type HttpMatch = NonNullable<HttpRule['matches']>[number]
type GrpcMatch = NonNullable<GrpcRule['matches']>[number]

/** What stands for a name that a match leaves open. */
const ANY_SEGMENT = '[^/]+'

export function httpMatch({ path, headers, queryParams, method }: HttpMatch): RouteMatchConfig {
  return routeMatch.parse({
    ...(path === undefined ? {} : { path: pathTest(path.type ?? 'PathPrefix', path.value ?? '/') }),
    ...(method === undefined ? {} : { method }),
    headers: textTests(headers ?? [], (name) => name.toLowerCase()),
    query: textTests(queryParams ?? [], (name) => name),
  })
}

/** gRPC writes service and method as a path of two segments. */
export function grpcMatch({ method, headers }: GrpcMatch): RouteMatchConfig {
  const path = method === undefined ? undefined : grpcPath(method)
  return routeMatch.parse({
    ...(path === undefined ? {} : { path }),
    headers: textTests(headers ?? [], (name) => name.toLowerCase()),
  })
}

function grpcPath({ type, service, method }: NonNullable<GrpcMatch['method']>) {
  if (type === 'RegularExpression') return { regex: `/${inGroup(service)}/${inGroup(method)}` }
  if (service === undefined) return { regex: `/${ANY_SEGMENT}/${literally(method as string)}` }
  return method === undefined ? { prefix: `/${service}` } : { exact: `/${service}/${method}` }
}

function inGroup(pattern: string | undefined): string {
  return pattern === undefined ? ANY_SEGMENT : `(?:${pattern})`
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function pathTest(type: 'Exact' | 'PathPrefix' | 'RegularExpression', value: string) {
  if (type === 'Exact') return { exact: value }
  return type === 'PathPrefix' ? { prefix: value } : { regex: value }
}

/** Of two entries for one name the first counts, as the API says. */
function textTests(tests: readonly TextMatch[], spell: (name: string) => string): Record<string, object> {
  const found: Record<string, object> = {}
  for (const { type, name, value } of tests) {
    const key = spell(name)
    if (!Object.hasOwn(found, key)) found[key] = type === 'RegularExpression' ? { regex: value } : { exact: value }
  }
  return found
}
