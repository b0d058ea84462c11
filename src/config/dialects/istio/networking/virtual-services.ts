// From VirtualServices to native routes.
import type { Draft, Located } from '../../../draft.ts'
import type { Path, Problems } from '../../../problem.ts'
import { byAge } from '../../age.ts'
import type { Resources } from '../../resource.ts'
import { placeIn } from '../../resource.ts'
import { Delegates, isDelegate } from './delegates.ts'
import { Destinations } from './destinations.ts'
import { compileHttp } from './http-routes.ts'
import type { Mesh } from './mesh.ts'
import { compilePlain } from './plain-routes.ts'
import { type Audience, audiencesOf, isForMesh } from './route-scope.ts'
import type { VirtualService } from './virtual-service.ts'
import { VIRTUAL_SERVICE } from './virtual-service.ts'

/** The oldest first: of two that are for the same host and callers only it counts. */
export function compileVirtualServices(
  resources: Resources,
  mesh: Mesh,
  problems: Problems,
): Pick<Draft, 'routes' | 'tcpRoutes'> {
  const taken = new Map<string, VirtualService>()
  const routes: Draft['routes'][number][] = []
  const tcpRoutes: Draft['tcpRoutes'][number][] = []
  const all = [...resources.of(VIRTUAL_SERVICE)].sort(byAge)
  const delegates = new Delegates(all, problems)
  for (const resource of all) {
    if (isDelegate(resource)) continue
    const { gateways } = resource.value.spec
    if (!isForMesh(gateways)) {
      const message = 'this VirtualService is for gateways of Istio alone, which are not carried here: it is ignored'
      problems.warning(placeIn(resource, ['spec', 'gateways']), message, 'the gateway `mesh` stands for sidecars')
      continue
    }
    const entries = delegates.routesOf(resource)
    const destinationsOf = (one: VirtualService): Destinations => new Destinations(one, mesh, problems)
    const destinations = destinationsOf(resource)
    for (const audience of audiencesOf(resource, mesh, problems)) {
      const left = untaken(audience, resource, taken, problems)
      if (left.hosts.length === 0 || audience.namespaces?.length === 0) continue
      routes.push(...compileHttp(entries, { resource, audience: left, destinationsOf, problems }))
      tcpRoutes.push(
        ...compilePlain({ resource, audience: left, destinations, problems }).map((route) => located(route, resource)),
      )
    }
  }
  delegates.finish()
  return { routes, tcpRoutes }
}

function untaken(audience: Audience, resource: VirtualService, taken: Map<string, VirtualService>, problems: Problems): Audience {
  const hosts = audience.hosts.filter(({ pattern }) => {
    const key = `${pattern} ${audience.namespaces?.join() ?? '*'}`
    const other = taken.get(key)
    if (other === undefined || other === resource) {
      taken.set(key, resource)
      return true
    }
    const message = `VirtualService ${other.namespace}/${other.name} is for ${pattern} already: this one is not asked`
    problems.warning(placeIn(resource, ['spec', 'hosts']), message)
    return false
  })
  return { ...audience, hosts }
}

/** Findings of those who compile the native form stand at the route that it came from. */
function located<T extends { readonly name: string }>(value: T, resource: VirtualService): Located<T> {
  const where = /(tls|tcp)\[(\d+)\](?: \(\d+\))?$/.exec(value.name)
  const path: Path = where === null ? ['spec'] : ['spec', where[1] as string, Number(where[2])]
  return { value, label: value.name, at: () => placeIn(resource, path) }
}
