// From all resources to parts of a Config, one function for every dialect.
import type { Draft } from '../draft.ts'
import type { Problems } from '../problem.ts'
import { compileNamespaces } from './namespace.ts'
import { compileWorkloads } from './pod.ts'
import type { Resources } from './resource.ts'
import { placeIn } from './resource.ts'
import { compileServices } from './service.ts'

export function compileResources(resources: Resources, problems: Problems): Pick<Draft, 'services' | 'workloads' | 'namespaces'> {
  return {
    services: compileServices(resources, problems).map(({ config, resource }) => ({
      value: config,
      label: `${resource.kind} ${resource.namespace}/${resource.name}`,
      at: () => placeIn(resource),
    })),
    workloads: compileWorkloads(resources, problems),
    namespaces: compileNamespaces(resources),
  }
}
