// From SMI's resources to routes and policies in the native form. The entry of this folder.
import type { Draft, Located } from '../../draft.ts'
import type { Problems } from '../../problem.ts'
import type { ServiceConfig } from '../../schema/services.ts'
import type { Resource, Resources } from '../resource.ts'
import { placeIn } from '../resource.ts'
import { RouteGroups } from './http-route-group.ts'
import { portsOfTcpRoutes } from './tcp-route.ts'
import { compileSplits } from './traffic-split.ts'
import { compileTargets } from './traffic-target.ts'

export function compileSmi(
  resources: Resources,
  services: readonly ServiceConfig[],
  problems: Problems,
): Pick<Draft, 'routes' | 'tcpRoutes' | 'policies'> {
  const groups = new RouteGroups(resources)
  const splits = compileSplits(resources, { ports: portsOf(services), groups, problems })
  return {
    policies: compileTargets(resources, { groups, tcpRoutes: portsOfTcpRoutes(resources), problems }),
    routes: splits.flatMap(({ routes, resource }) => routes.map((route) => located(route, resource))),
    tcpRoutes: splits.flatMap(({ tcpRoutes, resource }) => tcpRoutes.map((route) => located(route, resource))),
  }
}

function located<T>(value: T, resource: Resource): Located<T> {
  return { value, label: `${resource.kind} ${resource.namespace}/${resource.name}`, at: () => placeIn(resource) }
}

function portsOf(services: readonly ServiceConfig[]): Map<string, number[]> {
  const ports = new Map<string, number[]>()
  for (const { name, namespace, port } of services) {
    const key = `${name}.${namespace}`
    const list = ports.get(key)
    if (list === undefined) ports.set(key, [port])
    else list.push(port)
  }
  return ports
}
