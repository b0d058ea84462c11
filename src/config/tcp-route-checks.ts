// Checks of routes of connections: names and references.
import { isBlock } from '../core/address.ts'
import type { Draft, Located } from './draft.ts'
import type { Problems } from './problem.ts'
import { formatPlace, quote } from './problem.ts'
import type { TcpRouteConfig } from './schema/tcp-routes.ts'
import { checkReference } from './service-checks.ts'

export function checkTcpRoutes(draft: Draft, problems: Problems): void {
  const names = new Map<string, Located<TcpRouteConfig>>()
  // those of resources were checked where they were compiled
  for (const route of draft.tcpRoutes.slice(0, draft.settings.value.tcpRoutes.length)) {
    const { name, services, destinations } = route.value
    const first = names.get(name)
    if (first === undefined) names.set(name, route)
    else
      problems.error(
        route.at(['name']),
        `${route.label}: the route ${quote(name)} is there twice, first at ${formatPlace(first.at(['name']))}`,
      )
    if (services.length === 0) problems.error(route.at([]), `${route.label}: the route ${quote(name)} has no services`)
    else if (services.every(({ weight }) => weight === 0))
      problems.error(route.at(['services']), `${route.label}: all weights are 0, so no connection could go anywhere`)
    for (const [index, { service }] of services.entries()) {
      const place = route.at(['services', index, 'service'])
      checkReference(draft, service, { place, name: `${route.label}.services[${index}].service` }, problems)
    }
    for (const [index, text] of destinations.entries()) checkDestination(draft, route, { index, text }, problems)
  }
}

/** A service without its port means all of its ports. */
function checkDestination(
  draft: Draft,
  route: Located<TcpRouteConfig>,
  { index, text }: { readonly index: number; readonly text: string },
  problems: Problems,
): void {
  if (isBlock(text) || draft.references.resolve(text).kind === 'several-ports') return
  const place = route.at(['destinations', index])
  checkReference(draft, text, { place, name: `${route.label}.destinations[${index}]` }, problems)
}
