// A real kube-apiserver with a real etcd, as long as the test lasts.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { freePort } from './origin.ts'
import { missing } from './programs.ts'
import { temporaryFolder } from './sidecar-process.ts'

interface Owner {
  teardown(run: () => unknown): void
}

const ETCD = process.env['ETCD'] ?? 'etcd'
const KUBE_APISERVER = process.env['KUBE_APISERVER'] ?? 'kube-apiserver'
const TOKEN = 'admin-token'

/** false, or why there is none here. */
export function noApiServer(): string | false {
  const absent = missing(ETCD, KUBE_APISERVER, 'openssl')
  return absent !== false && `${absent} (ETCD and KUBE_APISERVER name the programs)`
}

export class KubeApiServer {
  readonly folder: string
  readonly port: number
  readonly #agent: Agent

  private constructor(folder: string, port: number) {
    this.folder = folder
    this.port = port
    this.#agent = new Agent({ ca: readFileSync(join(folder, 'server.crt')), keepAlive: true })
  }

  static async start(t: Owner): Promise<KubeApiServer> {
    const folder = temporaryFolder(t)
    const [etcd, peer, port] = [await freePort(), await freePort(), await freePort()]
    const inFolder = (name: string): string => join(folder, name)
    mkdirSync(inFolder('etcd'), { mode: 0o700 })
    certificate(folder)
    writeFileSync(inFolder('tokens.csv'), `${TOKEN},admin,1,"system:masters"\nreader-token,reader,2\n`)
    const [clients, peers] = [`http://127.0.0.1:${etcd}`, `http://127.0.0.1:${peer}`]
    child(t, ETCD, [
      `--data-dir=${inFolder('etcd')}`,
      `--listen-client-urls=${clients}`,
      `--advertise-client-urls=${clients}`,
      `--listen-peer-urls=${peers}`,
      `--initial-advertise-peer-urls=${peers}`,
      `--initial-cluster=default=${peers}`,
    ])
    child(t, KUBE_APISERVER, [
      `--etcd-servers=${clients}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${port}`,
      `--tls-cert-file=${inFolder('server.crt')}`,
      `--tls-private-key-file=${inFolder('server.key')}`,
      `--token-auth-file=${inFolder('tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--service-account-issuer=https://test.invalid',
      `--service-account-key-file=${inFolder('server.key')}`,
      `--service-account-signing-key-file=${inFolder('server.key')}`,
      '--disable-admission-plugins=ServiceAccount',
    ])
    const server = new KubeApiServer(folder, port)
    t.teardown(() => server.#agent.destroy())
    await eventually(async () => (await server.send('GET', '/readyz')).status === 200, { timeoutMs: 90_000, everyMs: 200 })
    return server
  }

  /** As an administrator; what the API answers. */
  async send(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: Record<string, unknown>; text: string }> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': type }
    const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: this.port, method, path, headers, agent: this.#agent }, (response) => {
        let read = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (read += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: read }))
      })
      sent.on('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
    return { status, text, body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} }
  }

  /** Throws what the API says when it does not take the object. */
  async create(path: string, object: object): Promise<Record<string, unknown>> {
    const { status, body, text } = await this.send('POST', path, object)
    if (status !== 201) throw new Error(`${path}: ${status} ${text}`)
    return body
  }

  /** A kubeconfig with the rights of the user `reader`, who has none of its own. */
  kubeconfig(namespace: string): string {
    const file = join(this.folder, 'kubeconfig')
    const cluster = { server: `https://127.0.0.1:${this.port}`, 'certificate-authority': join(this.folder, 'server.crt') }
    const config = {
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'reader', namespace } }],
      clusters: [{ name: 'test', cluster }],
      users: [{ name: 'reader', user: { token: 'reader-token' } }],
    }
    writeFileSync(file, JSON.stringify(config))
    return file
  }
}

/** One that its own server is believed by, in `server.crt` and `server.key`. */
function certificate(folder: string): void {
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc'
  const files = ['-keyout', join(folder, 'server.key'), '-out', join(folder, 'server.crt')]
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...files, '-subj', '/CN=test', '-addext', names],
    { stdio: 'ignore' },
  )
}

function child(t: Owner, program: string, args: readonly string[]): void {
  const started = spawn(program, args, { stdio: 'ignore' })
  const gone = new Promise((resolve) => started.on('close', resolve))
  t.teardown(async () => {
    started.kill('SIGKILL')
    await gone
  })
}
