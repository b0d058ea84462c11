// From all resources to parts of a Config, one function for every dialect. First what there is, then what is done with it.
import type { Draft } from '../draft.ts'
import type { Problems } from '../problem.ts'
import type { WorkloadConfig } from '../schema/config.ts'
import type { Settings } from '../schema/settings.ts'
import { compileGatewayApi } from './gateway-api/compile.ts'
import { compileAuthorizationPolicies } from './istio/authorization-policy.ts'
import { applyDestinationRules } from './istio/networking/destination-rules.ts'
import { Mesh } from './istio/networking/mesh.ts'
import { compileServiceEntries } from './istio/networking/service-entry.ts'
import { compileVirtualServices } from './istio/networking/virtual-services.ts'
import { compileWorkloadEntries } from './istio/networking/workload-entry.ts'
import { compilePeerAuthentications } from './istio/peer-authentication.ts'
import { compileRequestAuthentications } from './istio/request-authentication.ts'
import { compileNamespaces } from './kubernetes/namespace.ts'
import { compileNetworkPolicies } from './kubernetes/network-policy.ts'
import { compileWorkloads } from './kubernetes/pod.ts'
import { type CompiledService, compileServices } from './kubernetes/service.ts'
import type { Resources } from './resource.ts'
import { placeIn } from './resource.ts'
import { compileSmi } from './smi/compile.ts'

/** What resources say, in the native form; every part knows the resource that it came from. */
export type CompiledResources = Pick<
  Draft,
  | 'services'
  | 'routes'
  | 'tcpRoutes'
  | 'gateways'
  | 'policies'
  | 'tokens'
  | 'workloads'
  | 'namespaces'
  | 'networkPolicies'
  | 'peerAuthentications'
>

/** Resources may refer to services that the settings tell of as to any other. */
export function compileResources(resources: Resources, settings: Settings, problems: Problems): CompiledResources {
  const pods = compileWorkloads(resources, problems)
  const workloads = [...pods, ...compileWorkloadEntries(resources, pods, problems)]
  const namespaces = compileNamespaces(resources)
  const services = allServices(resources, { pods, settings, problems })
  const known = { services: [...settings.services, ...services.map(({ config }) => config)], namespaces }
  const istio = compileVirtualServices(resources, new Mesh(known.services), problems)
  const gatewayApi = compileGatewayApi(resources, known, problems)
  const smi = compileSmi(resources, known.services, problems)
  return {
    services: services.map(({ config, resource }) => ({
      value: config,
      label: `${resource.kind} ${resource.namespace}/${resource.name}`,
      at: () => placeIn(resource),
    })),
    gateways: gatewayApi.gateways,
    routes: [...gatewayApi.routes, ...istio.routes, ...smi.routes],
    tcpRoutes: [...gatewayApi.tcpRoutes, ...istio.tcpRoutes, ...smi.tcpRoutes],
    workloads,
    namespaces,
    networkPolicies: compileNetworkPolicies(resources, workloads, problems),
    policies: [...compileAuthorizationPolicies(resources, problems), ...smi.policies],
    tokens: compileRequestAuthentications(resources, problems),
    peerAuthentications: compilePeerAuthentications(resources, problems),
  }
}

/** Kubernetes' own and what ServiceEntries add, with what DestinationRules say of them. */
function allServices(
  resources: Resources,
  { pods, settings, problems }: { pods: readonly WorkloadConfig[]; settings: Settings; problems: Problems },
): CompiledService[] {
  const own = settings.workload.namespace
  const known = compileServices(resources, problems)
  const services = new Set(
    [...settings.services, ...known.map(({ config }) => config)].map(({ name, namespace }) => `${name}.${namespace}`),
  )
  const plain = [...known, ...compileServiceEntries(resources, { pods, services, own, problems })]
  const configs = applyDestinationRules(
    plain.map(({ config }) => config),
    resources,
    { own: settings, problems },
  )
  return plain.map(({ resource }, index) => ({ config: configs[index] as CompiledService['config'], resource }))
}
