// What one route does, compiled: everything that does not depend on the request is made here, once.
import type { RouteConfig } from '../config/schema/routes.ts'
import { compileEdits } from './edits.ts'
import type { CompiledMatch } from './match.ts'
import type { Route } from './route.ts'
import { Split } from './split.ts'
import { compileTimeouts } from './timeouts.ts'

type Report = (path: readonly (string | number)[], message: string) => void

export interface RouteParts<S> {
  /** The service of a reference such as 'catalog.shop:80'. */
  resolve(ref: string): S | undefined
  /** 0 ≤ x < 1. */
  random(): number
}

/** One for each match, the same where the match makes no difference. */
export function compileRoute<S>(
  config: RouteConfig,
  matches: readonly CompiledMatch[],
  parts: RouteParts<S>,
  report: Report,
): Route<S>[] {
  const services = config.services.map(({ service: ref, weight }) => ({ ref, weight, service: parts.resolve(ref) }))
  const route = {
    id: config.name,
    services: new Split(services, () => parts.random()),
    requestEdits: compileEdits(config.requestHeaders, 'request', (key, message) => report(['requestHeaders', ...key], message)),
    responseEdits: compileEdits(config.responseHeaders, 'response', (key, message) =>
      report(['responseHeaders', ...key], message),
    ),
    timeouts: compileTimeouts(config.timeouts),
    reply: null,
  }
  return matches.map(() => route)
}
