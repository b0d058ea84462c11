// The Kubernetes API as a source of documents for `run`: waits until it has told everything once.
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { findCluster } from '../discovery/kubernetes/cluster.ts'
import { KubernetesDocuments } from '../discovery/kubernetes/documents.ts'
import type { Io } from './io.ts'

const SAY_EVERY_MS = 10_000

/**
 * `kubeconfig`: a file, '' for the Pod's own. Throws with words for the user when it is not known where to ask; that nobody answers is
 * waited out.
 */
export async function openKubernetes(kubeconfig: string, io: Io, log: Log, clock: Clock): Promise<KubernetesDocuments> {
  const cluster = findCluster(kubeconfig, io.env)
  const documents = new KubernetesDocuments({ cluster, namespace: cluster.namespace, clock, log })
  const stopSaying = clock.every(SAY_EVERY_MS, () => log.warn('waiting for the Kubernetes API', { missing: documents.missing }))
  const stopped = new Promise((resolve) => io.stop.addEventListener('abort', resolve, { once: true }))
  await Promise.race([documents.synced, stopped])
  stopSaying()
  return documents
}
