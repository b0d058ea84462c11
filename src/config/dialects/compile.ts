// From all resources to parts of a Config, one function for every dialect. First what there is, then what is done with it.
import type { Draft } from '../draft.ts'
import type { Problems } from '../problem.ts'
import { compileNamespaces } from './kubernetes/namespace.ts'
import { compileWorkloads } from './kubernetes/pod.ts'
import { compileServices } from './kubernetes/service.ts'
import type { Resources } from './resource.ts'
import { placeIn } from './resource.ts'

/** What resources say, in the native form; every part knows the resource that it came from. */
export type CompiledResources = Pick<Draft, 'services' | 'routes' | 'tcpRoutes' | 'workloads' | 'namespaces'>

export function compileResources(resources: Resources, problems: Problems): CompiledResources {
  return {
    services: compileServices(resources, problems).map(({ config, resource }) => ({
      value: config,
      label: `${resource.kind} ${resource.namespace}/${resource.name}`,
      at: () => placeIn(resource),
    })),
    routes: [],
    tcpRoutes: [],
    workloads: compileWorkloads(resources, problems),
    namespaces: compileNamespaces(resources),
  }
}
