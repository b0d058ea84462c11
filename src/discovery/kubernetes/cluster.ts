// How to reach the API of a cluster, and as whom: from within a Pod, or by a kubeconfig file.
import { join } from 'node:path'
import { fileSource, parseDocuments } from '../../config/document.ts'
import { formatProblem, Problems } from '../../config/problem.ts'
import { formatHostPort } from '../../core/address.ts'
import { readNamed } from '../../core/read-failure.ts'

export interface Cluster {
  /** Of the workload: where its own policies are. */
  readonly namespace: string
  /** 'https://10.96.0.1:443' */
  readonly server: string
  /** PEM; undefined: the authorities of the system. */
  readonly ca: string | undefined
  /** A client certificate in PEM. */
  readonly certificate: { readonly cert: string; readonly key: string } | undefined
  /** Read anew each time: tokens of Pods live for an hour. */
  readonly token: () => string | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Where Kubernetes mounts the token of a Pod's service account. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** `kubeconfig`: a file; '' stands for the Pod's own, and outside of Pods for KUBECONFIG. Throws with words for the user. */
export function findCluster(kubeconfig: string, env: Environment): Cluster {
  const host = env['KUBERNETES_SERVICE_HOST']
  if (kubeconfig === '' && host !== undefined) return ofPod(host, env)
  const file =
    kubeconfig === '' ? (env['KUBECONFIG'] ?? (env['HOME'] === undefined ? '' : join(env['HOME'], '.kube/config'))) : kubeconfig
  if (file === '') throw new Error('--kubernetes: this is no Pod, and no kubeconfig is named')
  return ofKubeconfig(file, env)
}

function ofPod(host: string, env: Environment): Cluster {
  return {
    server: `https://${formatHostPort(host, Number(env['KUBERNETES_SERVICE_PORT'] ?? '443'))}`,
    namespace: env['POD_NAMESPACE'] ?? read(join(SERVICE_ACCOUNT, 'namespace')).trim(),
    ca: read(join(SERVICE_ACCOUNT, 'ca.crt')),
    certificate: undefined,
    token: () => read(join(SERVICE_ACCOUNT, 'token')).trim(),
  }
}

interface Named {
  readonly name?: unknown
  readonly [key: string]: unknown
}

function ofKubeconfig(file: string, env: Environment): Cluster {
  const problems = new Problems()
  const [document] = parseDocuments(fileSource(file, Buffer.from(read(file)), problems), problems)
  const [problem] = problems.sorted()
  if (problem !== undefined) throw new Error(`--kubernetes: ${formatProblem(problem)}`)
  const config = (document?.value ?? {}) as Record<string, unknown>
  const wanted = config['current-context']
  const context = entry(config['contexts'], wanted, 'context')
  const cluster = entry(config['clusters'], context?.['cluster'], 'cluster')
  const user = entry(config['users'], context?.['user'], 'user')
  const server = cluster?.['server']
  const namespace = context?.['namespace']
  if (typeof server !== 'string') throw new Error(`--kubernetes: ${file}: the current context names no server`)
  if (cluster?.['insecure-skip-tls-verify'] === true)
    throw new Error(`--kubernetes: ${file}: insecure-skip-tls-verify is not supported; name the certificate-authority`)
  const cert = pem(user, 'client-certificate')
  const key = pem(user, 'client-key')
  return {
    server: server.replace(/\/+$/, ''),
    namespace: env['POD_NAMESPACE'] ?? (typeof namespace === 'string' ? namespace : 'default'),
    ca: pem(cluster, 'certificate-authority'),
    certificate: cert === undefined || key === undefined ? undefined : { cert, key },
    token: () => tokenOf(user),
  }
}

function entry(list: unknown, name: unknown, key: string): Record<string, unknown> | undefined {
  const found = (Array.isArray(list) ? (list as Named[]) : []).find((item) => item.name === name)
  return found?.[key] as Record<string, unknown> | undefined
}

/** In the file itself or in one that it names. */
function pem(of: Record<string, unknown> | undefined, key: string): string | undefined {
  const data = of?.[`${key}-data`]
  if (typeof data === 'string') return Buffer.from(data, 'base64').toString('utf8')
  const file = of?.[key]
  return typeof file === 'string' ? read(file) : undefined
}

function tokenOf(user: Record<string, unknown> | undefined): string | undefined {
  const { token, tokenFile } = user ?? {}
  if (typeof token === 'string') return token
  return typeof tokenFile === 'string' ? read(tokenFile).trim() : undefined
}

function read(file: string): string {
  return readNamed(file, '--kubernetes: cannot read').toString('utf8')
}
