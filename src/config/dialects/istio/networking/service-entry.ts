// Istio's ServiceEntry: services that Kubernetes does not know of.
import { z } from 'zod'
import { formatHostPort, isIp } from '../../../../core/address.ts'
import type { Problems } from '../../../problem.ts'
import type { WorkloadConfig } from '../../../schema/config.ts'
import type { EndpointConfig, ServiceConfig } from '../../../schema/services.ts'
import { serviceSchema } from '../../../schema/services.ts'
import { port } from '../../../types.ts'
import { byAge } from '../../age.ts'
import { selectProtocol } from '../../kubernetes/protocol.ts'
import type { Kind, Resource, Resources } from '../../resource.ts'
import { placeIn } from '../../resource.ts'
import { datedMetadata, exportTo, hostPattern, namedLabels } from './fields.ts'
import { isClusterHost, nativeHost } from './mesh.ts'
import { namespacesOf } from './route-scope.ts'
import { WORKLOAD_ENTRY, type WorkloadEntry, workloadEntry, zoneOf } from './workload-entry.ts'

const PROTOCOLS = ['HTTP', 'HTTPS', 'GRPC', 'HTTP2', 'MONGO', 'TCP', 'TLS'] as const

const servicePort = z.strictObject({
  number: port(),
  name: z.string().min(1),
  protocol: z
    .string()
    .transform((text) => text.toUpperCase())
    .pipe(z.enum(PROTOCOLS))
    .nullish(),
  targetPort: port().nullish(),
})

export const SERVICE_ENTRY = {
  name: 'ServiceEntry',
  namespaced: true,
  schema: z.strictObject({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: datedMetadata,
    spec: z
      .strictObject({
        hosts: z.array(hostPattern).min(1),
        addresses: z.array(z.string()).nullish(),
        ports: z.array(servicePort).min(1),
        location: z.enum(['MESH_EXTERNAL', 'MESH_INTERNAL']).nullish(),
        resolution: z.enum(['NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN']).nullish(),
        endpoints: z.array(workloadEntry).nullish(),
        workloadSelector: z.strictObject({ labels: namedLabels }).nullish(),
        exportTo,
        subjectAltNames: z.array(z.string()).nullish(),
      })
      .superRefine(({ hosts, resolution, endpoints, workloadSelector }, context) => {
        const add = (path: (string | number)[], message: string): void => context.addIssue({ code: 'custom', path, message })
        const some = (endpoints ?? []).length > 0
        if (some && workloadSelector) add(['endpoints'], 'endpoints and workloadSelector exclude each other')
        if (resolution === 'STATIC' && !some && !workloadSelector)
          add(['endpoints'], 'STATIC needs endpoints or a workloadSelector')
        if ((resolution ?? 'NONE') === 'NONE' && some) add(['endpoints'], 'resolution NONE has no endpoints')
        for (const [index, host] of hosts.entries()) {
          if (host === '*') add(['hosts', index], 'expected a host, not all of them')
        }
      }),
    status: z.unknown().optional(),
  }),
} as const satisfies Kind

type ServiceEntry = Resource<z.output<typeof SERVICE_ENTRY.schema>>
type ServicePort = z.output<typeof servicePort>

export interface CompiledEntry {
  readonly config: ServiceConfig
  readonly resource: Resource
}

interface EntryContext {
  readonly pods: readonly WorkloadConfig[]
  /** name.namespace of all others. */
  readonly services: ReadonlySet<string>
  /** Namespace of the own workload: what is not exported to it does not exist. */
  readonly own: string
  readonly problems: Problems
}

/** Those of the own namespace first, then the oldest: of two for one host the first one counts. */
export function compileServiceEntries(resources: Resources, context: EntryContext): CompiledEntry[] {
  const { own, problems } = context
  const names = new Set<string>()
  const hosts = new Map<string, ServiceEntry>()
  const visible = resources.of(SERVICE_ENTRY).filter(({ namespace, value }) => {
    const to = namespacesOf(value.spec.exportTo ?? ['*'], namespace)
    return to === undefined || to.includes(own)
  })
  const entries = [...resources.of(WORKLOAD_ENTRY)].map(({ namespace, value }) => ({
    namespace,
    ...value.spec,
    labels: { ...value.metadata.labels, ...value.spec.labels },
  }))
  const inOrder = visible.sort((a, b) => Number(b.namespace === own) - Number(a.namespace === own) || byAge(a, b))
  return inOrder.flatMap((resource) => {
    warnOfUnused(resource, problems)
    const selected = selectedBy(resource, entries, context.pods)
    return freeHosts(resource, hosts, context).flatMap((host) => {
      const name = uniqueName(host, names)
      return resource.value.spec.ports.map((one) => ({
        config: compilePort(resource, { host, name, port: one }, selected),
        resource,
      }))
    })
  })
}

/** Without what is called otherwise already: nobody takes over the host of somebody else. */
function freeHosts(resource: ServiceEntry, taken: Map<string, ServiceEntry>, { services, problems }: EntryContext): string[] {
  return resource.value.spec.hosts.filter((text, index) => {
    const host = nativeHost(text, resource.namespace)
    const other = taken.get(host)
    if (other === undefined && !services.has(host) && !isClusterHost(text)) {
      taken.set(host, resource)
      return true
    }
    const owner = other === undefined ? 'a service of Kubernetes' : `ServiceEntry ${other.namespace}/${other.name}`
    problems.warning(placeIn(resource, ['spec', 'hosts', index]), `${text} is ${owner} already: it is ignored here`)
    return false
  })
}

function compilePort(
  { namespace, value: { spec } }: ServiceEntry,
  { host, name, port: one }: { host: string; name: string; port: ServicePort },
  selected: readonly WorkloadEntry[],
): ServiceConfig {
  const entries = [...(spec.endpoints ?? []), ...selected]
  const [only] = entries
  // a single name is resolved by the sidecar itself, again and again
  const open = entries.length === 0 && host.startsWith('*')
  const lookedUp =
    entries.length === 0 ? host : entries.length === 1 && !isIp(only?.address ?? '') ? (only?.address ?? host) : undefined
  const dns = spec.workloadSelector || lookedUp === undefined || lookedUp.startsWith('unix:') ? undefined : lookedUp
  const number = (entry: WorkloadEntry | undefined): number => entry?.ports?.[one.name] ?? one.targetPort ?? one.number
  return serviceSchema.parse({
    name,
    namespace,
    port: one.number,
    protocol: protocolOf(one),
    hosts: [host],
    addresses: (spec.addresses ?? []).filter(isIp),
    ...(open
      ? { passthrough: true }
      : dns === undefined
        ? { endpoints: entries.map((entry) => endpointOf(entry, number(entry))) }
        : { dns: { name: dns, port: number(only) } }),
    ...((spec.subjectAltNames ?? []).length > 0 ? { tls: { subjectAltNames: spec.subjectAltNames } } : {}),
  })
}

function endpointOf(
  { address, labels, weight, locality, serviceAccount }: WorkloadEntry,
  number: number,
): Partial<EndpointConfig> {
  const zone = zoneOf(locality)
  const host = address ?? ''
  return {
    address: host.startsWith('unix:') ? `unix:${host.replace(/^unix:(\/\/)?/, '')}` : formatHostPort(host, number),
    labels: labels ?? {},
    ...(weight ? { weight } : {}),
    ...(zone === undefined ? {} : { zone }),
    ...(serviceAccount ? { serviceAccount } : {}),
  }
}

/** WorkloadEntries and Pods of the namespace with these labels. */
function selectedBy(
  { namespace, value }: ServiceEntry,
  entries: readonly (WorkloadEntry & { namespace: string })[],
  pods: readonly WorkloadConfig[],
): WorkloadEntry[] {
  const { workloadSelector } = value.spec
  const wanted = Object.entries(workloadSelector?.labels ?? {})
  if (wanted.length === 0) return []
  const has = (labels: Readonly<Record<string, string>>): boolean => wanted.every(([key, text]) => labels[key] === text)
  const found = pods.filter((one) => one.namespace === namespace && one.ready && has(one.labels))
  return [
    ...entries.filter((one) => one.namespace === namespace && has(one.labels ?? {})),
    ...found.flatMap(({ addresses: [address], labels, serviceAccount }) =>
      address ? [{ address, labels, serviceAccount }] : [],
    ),
  ]
}

const BY_PROTOCOL = { HTTP: 'http', HTTPS: 'tls', GRPC: 'grpc', HTTP2: 'http2', MONGO: 'tcp', TCP: 'tcp', TLS: 'tls' } as const

function protocolOf({ protocol, number, name }: ServicePort): ServiceConfig['protocol'] {
  return protocol ? BY_PROTOCOL[protocol] : selectProtocol(number, name, undefined)
}

/** A label that the host comes near to: the native form has names without dots, and finds the service by its host. */
function uniqueName(host: string, taken: Set<string>): string {
  const plain = host
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 58)
    .replace(/-+$/, '')
  let name = plain === '' ? 'service' : plain
  for (let i = 2; taken.has(name); i++) name = `${plain}-${i}`
  taken.add(name)
  return name
}

function warnOfUnused(resource: ServiceEntry, problems: Problems): void {
  const { addresses, location, endpoints } = resource.value.spec
  for (const [index, address] of (addresses ?? []).entries()) {
    if (isIp(address)) continue
    problems.warning(
      placeIn(resource, ['spec', 'addresses', index]),
      `${address} is ignored: only single addresses stand for a service`,
    )
  }
  if (location === 'MESH_INTERNAL') {
    const message = 'MESH_INTERNAL says nothing more here: endpoints that have a sidecar are known by their labels'
    problems.warning(placeIn(resource, ['spec', 'location']), message)
  }
  for (const [index, { network }] of (endpoints ?? []).entries())
    if (network)
      problems.warning(
        placeIn(resource, ['spec', 'endpoints', index, 'network']),
        'network is ignored: addresses are taken for reachable',
      )
}
