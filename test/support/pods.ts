// Pods on one machine: network namespaces on a bridge, with real iptables rules, an application and a sidecar in each, as several users.
import { type ChildProcess, execFileSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventually } from './eventually.ts'
import { missing } from './programs.ts'
import { type Exit, PROGRAM, run, temporaryFolder } from './sidecar-process.ts'

interface Owner {
  teardown(run: () => unknown): void
}

const APP = fileURLToPath(new URL('pod-app.ts', import.meta.url))
const WEB_SOCKET = fileURLToPath(new URL('pod-web-socket.ts', import.meta.url))
const GRPC = fileURLToPath(new URL('pod-grpc.ts', import.meta.url))
const SIDECAR_USER = 1337
const APP_USER = 1000
const NETWORK = '10.77.0'
const NETWORK6 = 'fd77::'
/** The checkout may be where only root may look. */
const MAY_READ = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']

/** false, or why there can be no Pods here. */
export function noPods(): string | false {
  const absent = missing('ip', 'iptables-nft-restore', 'setpriv', 'curl')
  if (absent !== false) return absent
  if (process.getuid?.() !== 0) return 'only root may make network namespaces'
  try {
    execFileSync('unshare', ['--net', 'iptables-nft-save', '-t', 'nat'], { stdio: 'ignore' })
    return false
  } catch {
    return 'network namespaces or iptables are not open to us here'
  }
}

export interface Running {
  readonly child: ChildProcess
  readonly exit: Promise<Exit>
  stdout(): string
  stderr(): string
  stop(): Promise<Exit>
}

/** A machine of its own: a bridge that its Pods hang on. */
export class Node {
  readonly #owner: Owner
  readonly #prefix = `or${process.pid.toString(36)}${Math.floor(performance.now()).toString(36)}`
  #pods = 0

  constructor(owner: Owner) {
    this.#owner = owner
    this.#namespace('node')
    const inside = this.#in('node')
    inside('ip', 'link', 'add', 'br0', 'type', 'bridge')
    inside('ip', 'addr', 'add', `${NETWORK}.1/24`, 'dev', 'br0')
    inside('ip', '-6', 'addr', 'add', `${NETWORK6}1/64`, 'dev', 'br0', 'nodad')
    inside('ip', 'link', 'set', 'br0', 'up')
  }

  pod(name: string): Pod {
    const number = 10 + ++this.#pods
    this.#namespace(name)
    const inside = this.#in(name)
    const [outer, inner] = [`v${number}`, 'eth0']
    this.#in('node')('ip', 'link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', `${this.#prefix}${name}`)
    this.#in('node')('ip', 'link', 'set', outer, 'master', 'br0', 'up')
    inside('ip', 'addr', 'add', `${NETWORK}.${number}/24`, 'dev', inner)
    inside('ip', '-6', 'addr', 'add', `${NETWORK6}${number}/64`, 'dev', inner, 'nodad')
    inside('ip', 'link', 'set', inner, 'up')
    // as container runtimes have it: any user may listen on any port
    inside('sh', '-c', 'echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start')
    // clusterIPs and the world
    inside('ip', 'route', 'add', 'default', 'via', `${NETWORK}.1`)
    inside('ip', '-6', 'route', 'add', 'default', 'via', `${NETWORK6}1`)
    return new Pod(this.#owner, {
      name,
      namespace: `${this.#prefix}${name}`,
      ip: `${NETWORK}.${number}`,
      ip6: `${NETWORK6}${number}`,
    })
  }

  #namespace(name: string): void {
    const full = `${this.#prefix}${name}`
    execFileSync('ip', ['netns', 'add', full])
    this.#owner.teardown(() => execFileSync('ip', ['netns', 'del', full]))
    this.#in(name)('ip', 'link', 'set', 'lo', 'up')
  }

  #in(name: string): (...command: string[]) => void {
    return (...command) =>
      execFileSync('ip', ['netns', 'exec', `${this.#prefix}${name}`, ...command], { stdio: ['ignore', 'ignore', 'pipe'] })
  }
}

export class Pod {
  readonly name: string
  readonly ip: string
  readonly ip6: string
  readonly #owner: Owner
  readonly #namespace: string

  constructor(owner: Owner, { name, namespace, ip, ip6 }: { name: string; namespace: string; ip: string; ip6: string }) {
    this.name = name
    this.ip = ip
    this.ip6 = ip6
    this.#owner = owner
    this.#namespace = namespace
  }

  /** As the init container does. */
  capture(...options: string[]): void {
    this.#root(process.execPath, PROGRAM, 'capture', ...options)
  }

  /** The application: HTTP on `http`, HTTP/2 on `http2`, a greeting on `greet`, bytes sent back on `echo`. */
  async app(ports: {
    http?: number
    http6?: number
    http2?: number
    grpc?: number
    greet?: number
    echo?: number
  }): Promise<Running> {
    const app = this.start(APP_USER, process.execPath, APP, JSON.stringify({ name: this.name, ...ports }))
    await eventually(() => app.stdout().includes('ready'), { timeoutMs: 15_000, everyMs: 20 })
    return app
  }

  /** `documents`: file name → text of further documents, all of which the test may change in `folder`. */
  async sidecar(
    settings: Record<string, unknown>,
    documents: Readonly<Record<string, string>> = {},
  ): Promise<Running & { readonly folder: string }> {
    const folder = temporaryFolder(this.#owner)
    chmodSync(folder, 0o755)
    const own = { telemetry: { listen: '0.0.0.0:15020' }, admin: { listen: '127.0.0.1:15000' }, ...settings }
    writeFileSync(join(folder, 'settings.json'), JSON.stringify(own))
    for (const [name, text] of Object.entries(documents)) writeFileSync(join(folder, name), text)
    const sidecar = this.start(SIDECAR_USER, process.execPath, PROGRAM, 'run', '--config', folder)
    await eventually(() => sidecar.stderr().includes('"msg":"ready"'), { timeoutMs: 20_000, everyMs: 20 }).catch(
      (error: unknown) => {
        throw new Error(`the sidecar of ${this.name} is not ready; it wrote:\n${sidecar.stderr()}`, { cause: error })
      },
    )
    return { ...sidecar, folder }
  }

  /** Anything, as a user of the Pod, until the test is over. */
  start(user: number, ...command: string[]): Running {
    return run(this.#owner, ['ip', ...this.#as(user, command)])
  }

  /** What curl prints, and whether it came to its end. */
  async curl(...options: string[]): Promise<{ code: number | null; text: string }> {
    const curl = this.start(APP_USER, 'curl', '--silent', '--show-error', '--max-time', '10', ...options)
    const { code } = await curl.exit
    return { code, text: curl.stdout() + curl.stderr() }
  }

  /** A curl that is answered by the JSON of a Pod's application. */
  async ask(...options: string[]): Promise<Told> {
    const { code, text } = await this.curl(...options)
    if (code !== 0) throw new Error(`curl ${options.join(' ')} exits ${code}: ${text}`)
    return JSON.parse(text) as Told
  }

  /** A WebSocket that says hello and stays; what it prints: 'open', messages, 'close CODE'. */
  webSocket(url: string): Running {
    return this.start(APP_USER, process.execPath, WEB_SOCKET, url)
  }

  /** A gRPC stream that says hello and stays; what it prints: messages, 'status CODE'. */
  grpc(address: string): Running {
    return this.start(APP_USER, process.execPath, GRPC, address)
  }

  async metrics(): Promise<string> {
    return (await this.curl('http://127.0.0.1:15020/metrics')).text
  }

  #as(user: number, command: readonly string[]): string[] {
    const ids = ['--reuid', String(user), '--regid', String(user), '--clear-groups', ...MAY_READ]
    return ['netns', 'exec', this.#namespace, 'setpriv', ...ids, 'env', '-u', 'NODE_OPTIONS', ...command]
  }

  #root(...command: string[]): void {
    execFileSync('ip', ['netns', 'exec', this.#namespace, 'env', '-u', 'NODE_OPTIONS', ...command], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  }
}

/** What the application of a Pod saw of a request. */
export interface Told {
  readonly pod: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** host:port of both ends of its connection. */
  readonly remote: string
  readonly local: string
}
