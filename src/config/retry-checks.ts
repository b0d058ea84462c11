// Checks of a route's timeouts, retries and hedging: what can never strike, and what is asked for without what it needs.
import type { Located } from './draft.ts'
import type { Path, Problems } from './problem.ts'
import type { RouteConfig } from './schema/routes.ts'

export function checkRetries(route: Located<RouteConfig>, problems: Problems): void {
  const { timeouts, retry, hedge } = route.value
  const report = (path: Path, message: string): void => problems.error(route.at(path), `${route.label}: ${message}`)
  const { request } = timeouts
  if (request > 0 && timeouts.attempt > request) {
    report(['timeouts', 'attempt'], 'timeouts.attempt is longer than timeouts.request, so it can never strike')
  }
  if (retry !== undefined) {
    if (request > 0 && (retry.attemptTimeout ?? 0) > request) {
      report(['retry', 'attemptTimeout'], 'retry.attemptTimeout is longer than timeouts.request, so it can never strike')
    }
    const { base, max } = retry.backoff
    if (max !== undefined && max < base) report(['retry', 'backoff', 'max'], 'retry.backoff.max is shorter than base')
    if (retry.on.includes('retriable-status-codes') && retry.statusCodes.length === 0) {
      report(['retry', 'on'], 'retry.on has retriable-status-codes, but retry.statusCodes names none')
    }
    if (retry.on.includes('retriable-headers') && Object.keys(retry.headers).length === 0) {
      report(['retry', 'on'], 'retry.on has retriable-headers, but retry.headers names none')
    }
  }
  if (hedge === undefined) return
  const attemptTimeout = retry?.attemptTimeout ?? timeouts.attempt
  if (hedge.after === undefined && !hedge.onAttemptTimeout) {
    report(['hedge'], 'hedge has neither after nor onAttemptTimeout, so it never strikes')
  } else if (hedge.onAttemptTimeout && attemptTimeout === 0) {
    report(['hedge', 'onAttemptTimeout'], 'hedge.onAttemptTimeout needs timeouts.attempt')
  }
}
