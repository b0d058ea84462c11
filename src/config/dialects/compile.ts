// From all resources to parts of a Config, one function for every dialect. First what there is, then what is done with it.
import type { Draft } from '../draft.ts'
import type { Problems } from '../problem.ts'
import type { ServiceConfig } from '../schema/services.ts'
import { compileGatewayApi } from './gateway-api/compile.ts'
import { compileAuthorizationPolicies } from './istio/authorization-policy.ts'
import { compilePeerAuthentications } from './istio/peer-authentication.ts'
import { compileRequestAuthentications } from './istio/request-authentication.ts'
import { compileNamespaces } from './kubernetes/namespace.ts'
import { compileNetworkPolicies } from './kubernetes/network-policy.ts'
import { compileWorkloads } from './kubernetes/pod.ts'
import { compileServices } from './kubernetes/service.ts'
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

/** `native`: services that the settings tell of; resources may refer to them as to any other. */
export function compileResources(resources: Resources, native: readonly ServiceConfig[], problems: Problems): CompiledResources {
  const services = compileServices(resources, problems)
  const workloads = compileWorkloads(resources, problems)
  const namespaces = compileNamespaces(resources)
  const known = { services: [...native, ...services.map(({ config }) => config)], namespaces }
  const gatewayApi = compileGatewayApi(resources, known, problems)
  const smi = compileSmi(resources, known.services, problems)
  return {
    services: services.map(({ config, resource }) => ({
      value: config,
      label: `${resource.kind} ${resource.namespace}/${resource.name}`,
      at: () => placeIn(resource),
    })),
    gateways: gatewayApi.gateways,
    routes: [...gatewayApi.routes, ...smi.routes],
    tcpRoutes: [...gatewayApi.tcpRoutes, ...smi.tcpRoutes],
    workloads,
    namespaces,
    networkPolicies: compileNetworkPolicies(resources, workloads, problems),
    policies: [...compileAuthorizationPolicies(resources, problems), ...smi.policies],
    tokens: compileRequestAuthentications(resources, problems),
    peerAuthentications: compilePeerAuthentications(resources, problems),
  }
}
