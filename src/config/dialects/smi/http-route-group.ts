// SMI's HTTPRouteGroup: requests by path, method and header fields, under names that other resources refer to.
import { z } from 'zod'
import type { RouteMatchConfig } from '../../schema/route-match.ts'
import { routeMatch } from '../../schema/route-match.ts'
import { regex } from '../regex.ts'
import type { Kind, Resource, Resources } from '../resource.ts'
import { metadata } from '../resource.ts'
import { inSpecSince } from './version.ts'

const METHODS = ['*', 'GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const

const headers = z.union([z.record(z.string(), regex()), z.array(z.record(z.string(), regex()))], {
  error: 'expected a mapping of header fields to regular expressions',
})

const match = z.strictObject({
  name: z.string().min(1),
  pathRegex: regex().nullish(),
  methods: z.array(z.enum(METHODS)).nullish(),
  headers: headers.nullish(),
})

const matches = z.array(match).min(1)

export const HTTP_ROUTE_GROUP = {
  name: 'HTTPRouteGroup',
  namespaced: true,
  schema: z
    .strictObject({
      apiVersion: z.string(),
      kind: z.string(),
      metadata,
      matches: matches.optional(),
      spec: z.strictObject({ matches }).optional(),
    })
    .superRefine(inSpecSince('v1alpha3', ['matches'])),
} as const satisfies Kind

export type RouteGroup = Resource<z.output<typeof HTTP_ROUTE_GROUP.schema>>

/** One of the requests that a group tells of. */
export interface RequestMatch {
  readonly name: string
  /** For the whole path, without the query; undefined: any. */
  readonly pathRegex: string | undefined
  /** Empty: any. */
  readonly methods: readonly string[]
  /** Regular expressions for whole values; all must match. */
  readonly headers: readonly (readonly [name: string, regex: string])[]
}

export class RouteGroups {
  readonly #groups: ReadonlyMap<string, RouteGroup>

  constructor(resources: Resources) {
    this.#groups = new Map(resources.of(HTTP_ROUTE_GROUP).map((group) => [`${group.namespace}/${group.name}`, group]))
  }

  /** undefined: there is no such group. */
  matchesOf(namespace: string, name: string): readonly RequestMatch[] | undefined {
    const { value } = this.#groups.get(`${namespace}/${name}`) ?? {}
    return (value?.spec?.matches ?? value?.matches)?.map((one) => ({
      name: one.name,
      pathRegex: one.pathRegex ?? undefined,
      methods: one.methods?.includes('*') === true ? [] : (one.methods ?? []),
      headers: Object.entries(Array.isArray(one.headers) ? Object.assign({}, ...one.headers) : (one.headers ?? {})),
    }))
  }

  namesIn(namespace: string): string[] {
    return [...this.#groups.values()].filter((group) => group.namespace === namespace).map(({ name }) => name)
  }
}

/** The same as matches of routes, one for each method. */
export function routeMatches({ pathRegex, methods, headers: fields }: RequestMatch): RouteMatchConfig[] {
  const common = {
    ...(pathRegex === undefined ? {} : { path: { regex: pathRegex } }),
    headers: Object.fromEntries(fields.map(([name, pattern]) => [name, { regex: pattern }])),
  }
  if (methods.length === 0) return [routeMatch.parse(common)]
  return methods.map((method) => routeMatch.parse({ ...common, method }))
}
