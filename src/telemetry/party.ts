// Makes the two ends of an exchange as metrics and logs name them, from what Kubernetes or the settings say of a workload.
import type { Party } from './outcome.ts'

interface WorkloadFacts {
  readonly name?: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  /** Verified SPIFFE identity. */
  readonly principal?: string
  readonly cluster?: string
}

interface ServiceFacts {
  readonly host: string
  readonly name: string
  readonly namespace: string
}

/** Labels are read in the order in which Istio reads them. */
export function partyOf(workload: WorkloadFacts, service?: ServiceFacts): Party {
  const labels = workload.labels ?? {}
  const app = labels['app'] ?? labels['app.kubernetes.io/name'] ?? ''
  const version = labels['version'] ?? labels['app.kubernetes.io/version'] ?? ''
  const name = workload.name ?? ''
  return {
    workload: name,
    namespace: workload.namespace ?? '',
    app,
    version,
    principal: workload.principal ?? '',
    service: service?.host ?? '',
    serviceName: service?.name ?? '',
    serviceNamespace: service?.namespace ?? '',
    canonicalService: labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? labels['app'] ?? name,
    canonicalRevision:
      labels['service.istio.io/canonical-revision'] ?? labels['app.kubernetes.io/version'] ?? labels['version'] ?? 'latest',
    cluster: workload.cluster ?? '',
  }
}

/** Somebody of whom nothing is known. */
export const UNKNOWN: Party = partyOf({})

/** Outbound traffic to no known service, passed on or refused; the names are what Istio's dashboards and Kiali look for. */
export const PASSTHROUGH: Party = partyOf({}, { host: 'PassthroughCluster', name: 'PassthroughCluster', namespace: '' })
export const BLACK_HOLE: Party = partyOf({}, { host: 'BlackHoleCluster', name: 'BlackHoleCluster', namespace: '' })
