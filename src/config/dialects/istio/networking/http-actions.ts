// What a VirtualService does with requests, as parts of native routes.
import type { z } from 'zod'
import { didYouMean } from '../../../nearest.ts'
import type { Path } from '../../../problem.ts'
import { RETRY_CONDITIONS } from '../../../retry-conditions.ts'
import type { routeSchema } from '../../../schema/routes.ts'
import type { Destinations } from './destinations.ts'
import type { StringMatch } from './fields.ts'
import type { FieldOperations, HttpRoute } from './virtual-service.ts'

export type RouteInput = z.input<typeof routeSchema>
export type Report = (path: Path, message: string, hint?: string) => void

interface Sending {
  readonly destinations: Destinations
  /** Where the route stands. */
  readonly at: Path
  /** Port that callers named, where destinations follow it. */
  readonly port: number | undefined
}

/** Everything but what matches, and rewriting, which depends on what has matched. */
export function actionsOf(route: HttpRoute, sending: Sending, error: Report): Partial<RouteInput> {
  const { timeout, retries, fault, corsPolicy, headers, redirect, directResponse } = route
  const own = redirect || directResponse
  return {
    ...(own ? {} : { services: servicesOf(route, sending), mirrors: mirrorsOf(route, sending) }),
    ...(redirect ? { redirect: redirectOf(redirect) } : {}),
    ...(directResponse ? { reply: replyOf(directResponse) } : {}),
    // Istio has no timeout unless it is told one
    timeouts: { request: timeout ?? '0' },
    ...(own ? {} : { retry: retryOf(retries ?? {}, error) }),
    ...(fault ? { fault: faultOf(fault) } : {}),
    ...(corsPolicy ? { cors: corsOf(corsPolicy) } : {}),
    ...(headers?.request ? { requestHeaders: editsOf(headers.request) } : {}),
    ...(headers?.response ? { responseHeaders: editsOf(headers.response) } : {}),
  }
}

function servicesOf({ route }: HttpRoute, { destinations, at, port }: Sending): RouteInput['services'] {
  const list = route ?? []
  return list.map(({ destination, weight, headers }, index) => ({
    ...destinations.reference(destination, [...at, 'route', index, 'destination'], port),
    weight: list.length === 1 ? 1 : (weight ?? 0),
    ...(headers?.request ? { requestHeaders: editsOf(headers.request), ...hostIn(headers.request) } : {}),
    ...(headers?.response ? { responseHeaders: editsOf(headers.response) } : {}),
  }))
}

function mirrorsOf({ mirror, mirrors, mirrorPercent, mirrorPercentage }: HttpRoute, sending: Sending): RouteInput['mirrors'] {
  const { destinations, at, port } = sending
  const single = mirror
    ? [{ ...destinations.reference(mirror, [...at, 'mirror'], port), percent: mirrorPercentage?.value ?? mirrorPercent ?? 100 }]
    : []
  const more = (mirrors ?? []).map(({ destination, percentage }, index) => ({
    ...destinations.reference(destination, [...at, 'mirrors', index, 'destination'], port),
    percent: percentage?.value ?? 100,
  }))
  return [...single, ...more]
}

function redirectOf({
  uri,
  authority,
  port,
  derivePort,
  scheme,
  redirectCode,
}: NonNullable<HttpRoute['redirect']>): RouteInput['redirect'] {
  const colon = authority?.lastIndexOf(':') ?? -1
  const named = authority && colon > authority.lastIndexOf(']') ? Number(authority.slice(colon + 1)) : undefined
  const host = named === undefined ? authority : authority?.slice(0, colon)
  // what arrives here from the mesh is plain HTTP
  const usual = derivePort === 'FROM_PROTOCOL_DEFAULT' ? (scheme === 'https' ? 443 : 80) : undefined
  const number = port ?? usual ?? named
  return {
    status: (redirectCode as 301 | null | undefined) ?? 301,
    ...(uri ? { path: uri } : {}),
    ...(host ? { host } : {}),
    ...(number === undefined ? {} : { port: number }),
    ...(scheme ? { scheme } : {}),
  }
}

function replyOf({ status, body }: NonNullable<HttpRoute['directResponse']>): RouteInput['reply'] {
  const bytes = body?.bytes === undefined ? undefined : Buffer.from(body.bytes, 'base64').toString('utf8')
  return { status, body: body?.string ?? bytes ?? '' }
}

function retryOf(retries: Partial<NonNullable<HttpRoute['retries']>>, error: Report): RouteInput['retry'] {
  const { attempts = 2, perTryTimeout, retryOn, retryIgnorePreviousHosts, backoff } = retries
  const codes: number[] = []
  const on = new Set<string>()
  for (const text of (retryOn || 'connect-failure,refused-stream,unavailable,cancelled').split(',')) {
    const condition = text.trim()
    if (/^\d{3}$/.test(condition)) codes.push(Number(condition))
    else if ((RETRY_CONDITIONS as readonly string[]).includes(condition)) on.add(condition)
    else
      error(
        ['retries', 'retryOn'],
        `unknown condition ${JSON.stringify(condition)}`,
        didYouMean(condition, [...RETRY_CONDITIONS]),
      )
  }
  if (codes.length > 0) on.add('retriable-status-codes')
  return {
    attempts: attempts + 1,
    on: [...on] as NonNullable<RouteInput['retry']>['on'],
    statusCodes: codes,
    ...(perTryTimeout ? { attemptTimeout: perTryTimeout } : {}),
    ...(backoff ? { backoff: { base: backoff } } : {}),
    // whoever says which conditions are to be retried means them for every method
    nonIdempotent: Boolean(retryOn),
    otherHost: retryIgnorePreviousHosts ?? true,
  }
}

function faultOf({ delay, abort }: NonNullable<HttpRoute['fault']>): RouteInput['fault'] {
  return {
    // without a percentage nothing happens, as Istio has it
    ...(delay ? { delay: { time: delay.fixedDelay, percent: delay.percentage?.value ?? delay.percent ?? 0 } } : {}),
    ...(abort
      ? {
          abort: {
            ...(abort.httpStatus === undefined ? {} : { status: abort.httpStatus }),
            ...(abort.grpcStatus === undefined ? {} : { grpcStatus: abort.grpcStatus }),
            percent: abort.percentage?.value ?? 0,
          },
        }
      : {}),
  }
}

function corsOf(cors: NonNullable<HttpRoute['corsPolicy']>): RouteInput['cors'] {
  const { allowOrigins, allowOrigin, allowMethods, allowHeaders, exposeHeaders, maxAge, allowCredentials } = cors
  return {
    origins: [...(allowOrigins ?? []).map(originOf), ...(allowOrigin ?? []).map((exact) => originOf({ exact }))],
    methods: allowMethods ?? [],
    headers: allowHeaders ?? [],
    exposeHeaders: exposeHeaders ?? [],
    ...(maxAge ? { maxAge } : {}),
    credentials: allowCredentials ?? false,
    forwardUnmatched: cors.unmatchedPreflights !== 'IGNORE',
  }
}

function originOf({
  exact,
  prefix,
  regex,
}: StringMatch): { exact: string } | { prefix: string } | { regex: string } | { wildcard: string } {
  if (prefix !== undefined) return { prefix }
  if (regex !== undefined) return { regex }
  return exact === undefined || exact === '*' ? { wildcard: '*' } : { exact }
}

/** `host` is no field like others: see `hostIn`. */
export function editsOf({ set, add, remove }: FieldOperations): {
  set: Record<string, string>
  add: Record<string, string>
  remove: string[]
} {
  return { set: plain(set), add: plain(add), remove: remove ?? [] }
}

/** The host that a request is told by its fields. */
export function hostIn({ set }: FieldOperations): { host?: string } {
  const host = Object.entries(set ?? {}).find(([name]) => isHost(name))?.[1]
  return host === undefined ? {} : { host }
}

function plain(fields: Readonly<Record<string, string>> | null | undefined): Record<string, string> {
  const others = Object.entries(fields ?? {}).filter(([name]) => !isHost(name))
  return Object.fromEntries(others.map(([name, value]) => [name, value.replaceAll('%%', '%')]))
}

function isHost(name: string): boolean {
  return name.toLowerCase() === 'host' || name.toLowerCase() === ':authority'
}
