// Kubernetes' v1 Service and discovery.k8s.io/v1 EndpointSlice: what a service is, by what is ready behind it.
import { z } from 'zod'
import { formatHostPort } from '../../../core/address.ts'
import type { Problems } from '../../problem.ts'
import type { EndpointConfig, ServiceConfig } from '../../schema/services.ts'
import { serviceSchema } from '../../schema/services.ts'
import { label, port as portNumber } from '../../types.ts'
import type { Kind, Resource, Resources } from '../resource.ts'
import { metadata, placeIn } from '../resource.ts'
import type { Pod } from './pod.ts'
import { POD, readyPods } from './pod.ts'
import { selectProtocol } from './protocol.ts'

const servicePort = z.object({
  name: z.string().nullish(),
  port: portNumber(),
  protocol: z.string().nullish(),
  appProtocol: z.string().nullish(),
  targetPort: z.union([z.number(), z.string()]).nullish(),
})

export const SERVICE = {
  name: 'Service',
  namespaced: true,
  schema: z.object({
    metadata: metadata.extend({ name: label() }),
    spec: z
      .object({
        type: z.string().nullish(),
        clusterIP: z.string().nullish(),
        clusterIPs: z.array(z.string()).nullish(),
        externalIPs: z.array(z.string()).nullish(),
        externalName: z.string().nullish(),
        ipFamilies: z.array(z.string()).nullish(),
        selector: z.record(z.string(), z.string()).nullish(),
        publishNotReadyAddresses: z.boolean().nullish(),
        ports: z.array(servicePort).nullish(),
      })
      .refine(({ type, externalName }) => type !== 'ExternalName' || (externalName ?? '') !== '', {
        error: 'missing; the type ExternalName needs it',
        path: ['externalName'],
      }),
  }),
} as const satisfies Kind

export const ENDPOINT_SLICE = {
  name: 'EndpointSlice',
  namespaced: true,
  schema: z.object({
    metadata,
    addressType: z.string(),
    ports: z
      .array(z.object({ name: z.string().nullish(), port: z.number().int().nullish(), protocol: z.string().nullish() }))
      .nullish(),
    endpoints: z
      .array(
        z.object({
          addresses: z.array(z.string()),
          conditions: z
            .object({ ready: z.boolean().nullish(), serving: z.boolean().nullish(), terminating: z.boolean().nullish() })
            .nullish(),
          nodeName: z.string().nullish(),
          zone: z.string().nullish(),
          targetRef: z
            .object({ kind: z.string().nullish(), name: z.string().nullish(), namespace: z.string().nullish() })
            .nullish(),
        }),
      )
      .nullish(),
  }),
} as const satisfies Kind

type Service = Resource<z.output<typeof SERVICE.schema>>
type Slice = Resource<z.output<typeof ENDPOINT_SLICE.schema>>
type SliceEndpoint = NonNullable<Slice['value']['endpoints']>[number]
type ServicePort = z.output<typeof servicePort>

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'

export interface CompiledService {
  readonly config: ServiceConfig
  readonly resource: Resource
}

/** One service for every TCP port; other transports are not carried. */
export function compileServices(resources: Resources, problems: Problems): CompiledService[] {
  const slices = slicesByService(resources.of(ENDPOINT_SLICE), problems)
  const pods = new Map(resources.of(POD).map((pod) => [`${pod.namespace}/${pod.name}`, pod]))
  const compiled: CompiledService[] = []
  for (const service of resources.of(SERVICE)) {
    const own = preferredFamily(service, slices.get(`${service.namespace}/${service.name}`) ?? [])
    for (const port of service.value.spec.ports ?? []) {
      if ((port.protocol ?? 'TCP') !== 'TCP') continue
      compiled.push({ config: compilePort(service, port, own, pods), resource: service })
    }
  }
  return compiled
}

function compilePort(
  service: Service,
  port: ServicePort,
  slices: readonly Slice[],
  pods: ReadonlyMap<string, Pod>,
): ServiceConfig {
  const { spec } = service.value
  const config = serviceSchema.parse({
    name: service.name,
    namespace: service.namespace,
    port: port.port,
    protocol: selectProtocol(port.port, port.name ?? '', port.appProtocol ?? undefined),
    ...(spec.type === 'ExternalName' ? { dns: { name: spec.externalName, port: port.port } } : {}),
  })
  if (spec.type === 'ExternalName') return config
  const addresses = [...(spec.clusterIPs ?? [spec.clusterIP]), ...(spec.externalIPs ?? [])]
  const endpoints = slices.length > 0 ? fromSlices(port, slices, pods) : fromPods(service, port, [...pods.values()])
  return { ...config, addresses: addresses.filter(isVirtual), endpoints }
}

/** The ready ones; when there is none, those that still serve while they terminate, as kube-proxy does. */
function fromSlices(port: ServicePort, slices: readonly Slice[], pods: ReadonlyMap<string, Pod>): EndpointConfig[] {
  const ready = new Map<string, EndpointConfig>()
  const serving = new Map<string, EndpointConfig>()
  for (const slice of slices) {
    const number = slicePort(slice, port)
    if (number === undefined) continue
    for (const endpoint of slice.value.endpoints ?? []) {
      const into = isReady(endpoint) ? ready : isServing(endpoint) ? serving : undefined
      // an endpoint's addresses all stand for the same Pod: the first one will do
      const [host] = endpoint.addresses
      if (into === undefined || host === undefined) continue
      const address = formatHostPort(host, number)
      into.set(address, sliceEndpoint(address, endpoint, slice.namespace, pods))
    }
  }
  return [...(ready.size > 0 ? ready : serving).values()]
}

function sliceEndpoint(
  address: string,
  endpoint: SliceEndpoint,
  namespace: string,
  pods: ReadonlyMap<string, Pod>,
): EndpointConfig {
  const { targetRef } = endpoint
  const pod = targetRef?.kind === 'Pod' ? pods.get(`${targetRef.namespace ?? namespace}/${targetRef.name}`) : undefined
  return {
    address,
    weight: 1,
    labels: pod?.value.metadata.labels ?? {},
    ...(pod === undefined ? {} : { serviceAccount: accountOf(pod) }),
    ...(endpoint.zone ? { zone: endpoint.zone } : {}),
    ...(endpoint.nodeName ? { node: endpoint.nodeName } : {}),
  }
}

/** Without slices, the Pods that the selector finds, as the cluster's own controller would. */
function fromPods(service: Service, port: ServicePort, pods: readonly Pod[]): EndpointConfig[] {
  const { selector, publishNotReadyAddresses } = service.value.spec
  if (!selector || Object.keys(selector).length === 0) return []
  const endpoints: EndpointConfig[] = []
  for (const pod of readyPods(pods, publishNotReadyAddresses === true)) {
    const labels = pod.value.metadata.labels ?? {}
    const host = pod.value.status?.podIP
    const number = podPort(pod, port)
    if (pod.namespace !== service.namespace || !host || number === undefined) continue
    if (!Object.entries(selector).every(([key, value]) => labels[key] === value)) continue
    const node = pod.value.spec?.nodeName
    endpoints.push({
      address: formatHostPort(host, number),
      weight: 1,
      labels,
      serviceAccount: accountOf(pod),
      ...(node ? { node } : {}),
    })
  }
  return endpoints
}

function accountOf({ value }: Pod): string {
  return value.spec?.serviceAccountName || 'default'
}

function podPort(pod: Pod, { port, targetPort }: ServicePort): number | undefined {
  if (typeof targetPort !== 'string') return targetPort ?? port
  for (const container of pod.value.spec?.containers ?? []) {
    for (const named of container.ports ?? []) if (named.name === targetPort) return named.containerPort
  }
  return undefined
}

/** Ports of a slice bear the names of the service's ports; a slice without ports stands for all of them. */
function slicePort(slice: Slice, port: ServicePort): number | undefined {
  const { ports } = slice.value
  const fallback = typeof port.targetPort === 'number' ? port.targetPort : port.port
  if (!ports) return fallback
  const match = ports.find((candidate) => (candidate.name ?? '') === (port.name ?? '') && (candidate.protocol ?? 'TCP') === 'TCP')
  return match === undefined ? undefined : (match.port ?? fallback)
}

function slicesByService(slices: readonly Slice[], problems: Problems): Map<string, Slice[]> {
  const byService = new Map<string, Slice[]>()
  for (const slice of slices) {
    const service = slice.value.metadata.labels?.[SERVICE_NAME_LABEL]
    if (service === undefined) {
      problems.warning(
        placeIn(slice, ['metadata']),
        `EndpointSlice ${slice.name} belongs to no service`,
        `it needs the label ${SERVICE_NAME_LABEL}`,
      )
    } else if (slice.value.addressType === 'FQDN') {
      problems.warning(placeIn(slice, ['addressType']), `EndpointSlice ${slice.name} holds names, not addresses; it is ignored`)
    } else {
      const key = `${slice.namespace}/${service}`
      byService.set(key, [...(byService.get(key) ?? []), slice])
    }
  }
  return byService
}

/** A Pod with two address families stands in two slices; one of them is enough. */
function preferredFamily(service: Service, slices: readonly Slice[]): readonly Slice[] {
  const { ipFamilies, clusterIP } = service.value.spec
  const family = ipFamilies?.[0] ?? (clusterIP?.includes(':') ? 'IPv6' : 'IPv4')
  const preferred = slices.filter((slice) => slice.value.addressType === family && (slice.value.endpoints ?? []).length > 0)
  return preferred.length > 0 ? preferred : slices
}

function isReady(endpoint: SliceEndpoint): boolean {
  return endpoint.conditions?.ready ?? true
}

function isServing(endpoint: SliceEndpoint): boolean {
  return endpoint.conditions?.serving ?? isReady(endpoint)
}

/** 'None' marks a headless service. */
function isVirtual(address: string | null | undefined): address is string {
  return address !== undefined && address !== null && address !== '' && address !== 'None'
}
