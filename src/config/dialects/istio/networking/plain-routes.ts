// The `tls` and `tcp` routes of a VirtualService as native routes of connections.
import type { z } from 'zod'
import type { Path, Problems } from '../../../problem.ts'
import type { TcpRouteConfig } from '../../../schema/tcp-routes.ts'
import { tcpRouteSchema } from '../../../schema/tcp-routes.ts'
import { placeIn } from '../../resource.ts'
import type { Destinations } from './destinations.ts'
import { referenceOf } from './mesh.ts'
import { type Audience, isForMesh, sourcesOf } from './route-scope.ts'
import type { TcpRoute, TlsRoute, VirtualService } from './virtual-service.ts'

export interface PlainContext {
  readonly resource: VirtualService
  readonly audience: Audience
  readonly destinations: Destinations
  readonly problems: Problems
}

type PlainMatch = NonNullable<TcpRoute['match']>[number] & { readonly sniHosts?: readonly string[] }
type RouteInput = z.input<typeof tcpRouteSchema>

const FIRST = 900_000
const FIRST_OWN = 1_000_000

export function compilePlain(context: PlainContext): TcpRouteConfig[] {
  const { tls, tcp } = context.resource.value.spec
  return [
    ...(tls ?? []).flatMap((route, index) => compileOne(route, ['spec', 'tls', index], context)),
    ...(tcp ?? []).flatMap((route, index) => compileOne(route, ['spec', 'tcp', index], context)),
  ]
}

function compileOne(route: TlsRoute | TcpRoute, at: Path, context: PlainContext): TcpRouteConfig[] {
  const { resource, audience } = context
  const [, kind, index] = at
  const name = `VirtualService ${resource.namespace}/${resource.name} ${kind}[${index}]`
  const matches: (PlainMatch | undefined)[] = (route.match ?? []).length > 0 ? [...(route.match ?? [])] : [undefined]
  const compiled: TcpRouteConfig[] = []
  for (const [position, match] of matches.entries()) {
    const sources = sourcesOf(match ?? {}, audience)
    if (sources === undefined || !isForMesh(match?.gateways)) continue
    for (const place of placesOf(match, [...at, 'match', position], context)) {
      const native: RouteInput = {
        name: compiled.length === 0 ? name : `${name} (${compiled.length + 1})`,
        priority: (audience.own ? FIRST_OWN : FIRST) - Number(index),
        sources,
        ...place.match,
        services: route.route.map(({ destination, weight }, i) => ({
          ...context.destinations.reference(destination, [...at, 'route', i, 'destination'], place.port),
          weight: route.route.length === 1 ? 1 : (weight ?? 0),
        })),
      }
      compiled.push(tcpRouteSchema.parse(native))
    }
  }
  return compiled
}

interface Placed {
  readonly match: Pick<RouteInput, 'hosts' | 'destinations' | 'ports'>
  readonly port: number | undefined
}

/** What connections address: names of TLS, blocks of addresses, or the services that the hosts are. */
function placesOf(match: PlainMatch | undefined, at: Path, { audience, resource, problems }: PlainContext): Placed[] {
  const { sniHosts = [], destinationSubnets, port } = match ?? {}
  const ports = port ? [port] : []
  const subnets = destinationSubnets ?? []
  const names = [...sniHosts].map((host) => host.toLowerCase())
  if (names.length > 0 || subnets.length > 0)
    return [{ match: { hosts: names, destinations: subnets, ports }, port: port ?? portOf(audience) }]
  const services = audience.hosts.flatMap((host) => host.services).filter((one) => !port || one.port === port)
  if (services.length === 0) {
    const message = port
      ? `no host of this VirtualService is a service with the port ${port}`
      : 'no host of this VirtualService is a service'
    problems.warning(placeIn(resource, at), `${message}: no connection is for this route`)
  }
  return services.map((service) => ({ match: { destinations: [referenceOf(service)] }, port: service.port }))
}

function portOf({ hosts }: Audience): number | undefined {
  const ports = new Set(hosts.flatMap(({ services }) => services.map(({ port }) => port)))
  return ports.size === 1 ? [...ports][0] : undefined
}
