// Numbers that somebody keeps anyway: read when they are asked for.
import type { Discovery } from '../discovery/directory.ts'
import type { KubernetesDocuments } from '../discovery/kubernetes/documents.ts'
import type { Load } from '../upstream/pool/load.ts'
import type { SidecarParts } from './parts.ts'

interface GaugeParts extends Pick<SidecarParts, 'metrics' | 'registry' | 'listeners'> {
  readonly discovery: Discovery
}

type Read = (service: string, load: Load, pools: { open: number; idle: number }) => void

export function collectGauges({ metrics, registry, listeners, discovery }: GaugeParts): void {
  metrics.collectFrom('downstreamConnections', (put) => {
    for (const listener of listeners.values()) put({ listener: listener.name }, listener.open)
  })
  const each = (read: Read): void => {
    for (const { name, carrier, kind } of registry.all()) {
      // callers choose the names of these
      if (kind === 'passthrough') continue
      for (const service of carrier.services) read(name, service.load, service.pools)
      for (const [subset, { services }] of carrier.subsets) {
        for (const service of services) read(`${name}/${subset}`, service.load, service.pools)
      }
    }
  }
  metrics.collectFrom('upstreamPending', (put) => each((service, load) => put({ service }, load.pending)))
  metrics.collectFrom('upstreamRequests', (put) => each((service, load) => put({ service }, load.requests)))
  metrics.collectFrom('upstreamConnects', (put) => each((service, load) => put({ service }, load.connects)))
  metrics.collectFrom('upstreamConnectFailures', (put) => each((service, load) => put({ service }, load.connectFailures)))
  metrics.collectFrom('upstreamStray', (put) => each((service, load) => put({ service }, load.strays)))
  metrics.collectFrom('upstreamOverflows', (put) => each((service, load) => put({ service }, load.overflows)))
  metrics.collectFrom('upstreamRetries', (put) => each((service, load) => put({ service }, load.retries)))
  metrics.collectFrom('retryOverflows', (put) => each((service, load) => put({ service }, load.retryOverflows)))
  metrics.collectFrom('upstreamConnections', (put) =>
    each((service, _load, { open, idle }) => {
      put({ service, state: 'idle' }, idle)
      put({ service, state: 'active' }, open - idle)
    }),
  )
  metrics.collectFrom('upstreamEndpoints', (put) => {
    for (const { name, carrier, kind } of registry.all()) {
      if (kind === 'passthrough') continue
      for (const { state } of carrier.services[0]?.endpoints ?? []) put({ service: name, state: state.state }, 1)
    }
  })
  metrics.collectFrom('dnsStale', (put) => {
    for (const { kind, name, status } of discovery.states().values())
      if (kind === 'dns') put({ name }, status === 'stale' ? 1 : 0)
  })
}

/** What is known of each resource of the Kubernetes API. */
export function collectKubernetes(metrics: SidecarParts['metrics'], documents: Pick<KubernetesDocuments, 'states'>): void {
  metrics.collectFrom('kubernetesObjects', (put) => {
    for (const [resource, { objects }] of documents.states) put({ resource }, objects)
  })
  metrics.collectFrom('kubernetesBehind', (put) => {
    for (const [resource, { state }] of documents.states) put({ resource }, state === 'behind' ? 1 : 0)
  })
}
