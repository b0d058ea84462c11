// Checks of routes: names, destinations, actions; route-shadows.ts looks whether any request can ever reach them.
import type { Draft, Located } from './draft.ts'
import type { Problems } from './problem.ts'
import { formatPlace, quote } from './problem.ts'
import { checkRetries } from './retry-checks.ts'
import { checkShadows } from './route-shadows.ts'
import type { RouteConfig } from './schema/routes.ts'
import { checkReference } from './service-checks.ts'

export function checkRoutes(draft: Draft, problems: Problems): void {
  const names = new Map<string, Located<RouteConfig>>()
  // those of resources were checked where they were compiled
  for (const route of draft.routes.slice(0, draft.settings.value.routes.length)) {
    const { name } = route.value
    const first = names.get(name)
    if (first === undefined) names.set(name, route)
    else
      problems.error(
        route.at(['name']),
        `${route.label}: the route ${quote(name)} is there twice, first at ${formatPlace(first.at(['name']))}`,
      )
    checkDestinations(draft, route, problems)
    if (route.value.at === 'inbound') checkInbound(route, problems)
    else checkAction(route, problems)
    checkRetries(route, problems)
  }
  checkShadows(draft, problems)
}

function checkDestinations(draft: Draft, route: Located<RouteConfig>, problems: Problems): void {
  const { services, mirrors } = route.value
  for (const [list, entries] of Object.entries({ services, mirrors })) {
    for (const [index, { service }] of entries.entries()) {
      const place = route.at([list, index, 'service'])
      checkReference(draft, service, { place, name: `${route.label}.${list}[${index}].service` }, problems)
    }
  }
  if (services.length > 0 && services.every(({ weight }) => weight === 0)) {
    problems.error(route.at(['services']), `${route.label}: all weights are 0, so no request could go anywhere`)
  }
}

/** What comes to the workload goes on to its application, and there is nothing to choose. */
function checkInbound(route: Located<RouteConfig>, problems: Problems): void {
  const { services, sources, gateways, sticky, retry, hedge, redirect, reply } = route.value
  const wrong = {
    services: services.length > 0,
    sources: sources.length > 0,
    gateways: gateways.length > 0,
    sticky: sticky !== undefined,
    retry: retry !== undefined,
    hedge: hedge !== undefined,
    reply: reply !== undefined && redirect !== undefined,
  }
  for (const [key, there] of Object.entries(wrong))
    if (there) problems.error(route.at([key]), `${route.label}: ${key} means nothing in a route of inbound calls`)
}

/** Exactly one of services, redirect and reply. */
function checkAction(route: Located<RouteConfig>, problems: Problems): void {
  const { name, services, redirect, reply } = route.value
  const all = { services: services.length > 0, redirect: redirect !== undefined, reply: reply !== undefined }
  const [first, second] = Object.entries(all).flatMap(([key, there]) => (there ? [key] : []))
  if (first === undefined)
    problems.error(route.at([]), `${route.label}: the route ${quote(name)} has no services`, 'it could redirect or reply instead')
  else if (second !== undefined)
    problems.error(route.at([second]), `${route.label}: ${second} can never happen, because there is ${first} as well`)
  if (redirect !== undefined && Object.entries(redirect).every(([key, value]) => key === 'status' || value === undefined))
    problems.error(
      route.at(['redirect']),
      `${route.label}.redirect: it changes nothing, so that callers would go round in circles`,
    )
}
