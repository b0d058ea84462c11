// From VirtualServices to native routes.
import type { Draft, Located } from '../../../draft.ts'
import type { Path, Problems } from '../../../problem.ts'
import { byAge } from '../../age.ts'
import type { Resources } from '../../resource.ts'
import { placeIn } from '../../resource.ts'
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
  for (const resource of [...resources.of(VIRTUAL_SERVICE)].sort(byAge)) {
    const { gateways } = resource.value.spec
    if (!isForMesh(gateways)) {
      const message = 'this VirtualService is for gateways of Istio alone, which are not carried here: it is ignored'
      problems.warning(placeIn(resource, ['spec', 'gateways']), message, 'the gateway `mesh` stands for sidecars')
      continue
    }
    const destinations = new Destinations(resource, mesh, problems)
    for (const audience of audiencesOf(resource, mesh, problems)) {
      const left = untaken(audience, resource, taken, problems)
      if (left.hosts.length === 0 || audience.namespaces?.length === 0) continue
      const context = { resource, audience: left, destinations, problems }
      routes.push(...compileHttp(context).map((route) => located(route, resource)))
      tcpRoutes.push(...compilePlain(context).map((route) => located(route, resource)))
    }
  }
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
  const where = /(http|tls|tcp)\[(\d+)\](?: \(\d+\))?$/.exec(value.name)
  const named = (resource.value.spec.http ?? []).findIndex(({ name }) => name && value.name.includes(` ${name}`))
  const path: Path = where ? ['spec', where[1] as string, Number(where[2])] : named < 0 ? ['spec'] : ['spec', 'http', named]
  return { value, label: value.name, at: () => placeIn(resource, path) }
}
