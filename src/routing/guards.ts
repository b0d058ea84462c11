// What stands between a request and its route's services: CORS, faults, limits. A route with none of them has no guards.
import type { RouteConfig } from '../config/schema/routes.ts'
import { fieldName } from '../core/fields.ts'
import type { Condition } from './conditions.ts'
import { type Cors, compileCors } from './cors.ts'
import { Fault } from './fault.ts'
import type { RateLimiter, RateLimiters } from './rate-limit.ts'

type Report = (path: readonly (string | number)[], message: string) => void

export interface Guards {
  readonly cors: Cors | null
  readonly fault: Fault | null
  readonly limits: readonly RateLimiter[] | null
  /** Of a request body; Infinity: any. */
  readonly maxRequestBytes: number
}

export interface GuardParts {
  readonly limiters: RateLimiters
  random(): number
  /** Conditions on header fields. */
  fields(
    tests: NonNullable<RouteConfig['fault']>['headers'],
    report: (name: string, message: string) => void,
  ): readonly Condition[]
}

/** null: none. */
export function compileGuards(config: RouteConfig, parts: GuardParts, report: Report): Guards | null {
  const { cors, fault, rateLimits, maxRequestBytes } = config
  if (cors === undefined && fault === undefined && rateLimits.length === 0 && maxRequestBytes === undefined) return null
  return {
    cors: cors === undefined ? null : compileCors(cors, (path, message) => report(['cors', ...path], message)),
    fault: fault === undefined ? null : compileFault(fault, parts, (path, message) => report(['fault', ...path], message)),
    limits:
      rateLimits.length === 0
        ? null
        : rateLimits.map((limit, i) => {
            if (typeof limit.by === 'object' && fieldName(limit.by.header) === undefined)
              report(['rateLimits', i, 'by', 'header'], `"${limit.by.header}" is not the name of a header field`)
            return parts.limiters.get(`${config.name} ${i}`, limit)
          }),
    maxRequestBytes: maxRequestBytes ?? Infinity,
  }
}

function compileFault(config: NonNullable<RouteConfig['fault']>, parts: GuardParts, report: Report): Fault {
  const { delay, abort, byHeader } = config
  if (delay === undefined && abort === undefined && !byHeader) report([], 'it does nothing: expected delay, abort or byHeader')
  if (abort !== undefined && (abort.status === undefined) === (abort.grpcStatus === undefined))
    report(['abort'], 'expected exactly one of status, grpcStatus')
  const conditions = parts.fields(config.headers, (name, message) => report(['headers', name], message))
  return new Fault(config, conditions, () => parts.random())
}
