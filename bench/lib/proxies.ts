// Starts the proxies of a scenario, and ends them.
import { HOST, type Peer, type Setup } from '../peers/peer.ts'
import { Child, freePort, PROXY_CORES } from './child.ts'
import { answers, answersHttp2 } from './ready.ts'
import type { Context } from './scenario.ts'

export interface Proxy {
  readonly name: string
  readonly child: Child
  readonly url: string
  readonly readyMs: number
  /** It runs on a just-in-time compiler. */
  readonly compiles: boolean
}

export interface StartOptions {
  readonly setup: Pick<Setup, 'routes' | 'endpoints' | 'workers' | 'tls' | 'mesh' | 'http2' | 'policies'>
  readonly name?: string
  readonly cores?: string
  /** Path that says whether it is ready. */
  readonly path?: string
  /** By default the run's. */
  readonly originPort?: number
}

/** Undefined, and said so, when the peer is not on this machine. */
export async function startProxy(context: Context, peer: Peer, options: StartOptions): Promise<Proxy | undefined> {
  const { setup, name = peer.name, cores = PROXY_CORES, path = '/r0' } = options
  const [folder, port] = [context.folder(), await freePort()]
  const command = peer.prepare({ ...setup, folder, port, originPort: options.originPort ?? context.originPort })
  if (command === undefined) {
    context.say(`  ${peer.name} is left out; needed: ${peer.needs}`)
    return undefined
  }
  const child = new Child(command, { cores })
  const url = `${setup.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  try {
    const readyMs = await (setup.http2 === true ? answersHttp2 : answers)(child, url + path, HOST)
    return { name, child, url, readyMs, compiles: command[0] === process.execPath }
  } catch (error) {
    await child.stop()
    context.say(`  ${peer.name} is left out: ${(error as Error).message}`)
    return undefined
  }
}

export async function startAll(
  context: Context,
  setup: StartOptions['setup'],
  peers: readonly Peer[] = context.peers,
): Promise<Proxy[]> {
  const all: Proxy[] = []
  for (const peer of peers) {
    const proxy = await startProxy(context, peer, { setup })
    if (proxy !== undefined) all.push(proxy)
  }
  return all
}

export async function stopAll(proxies: readonly Proxy[]): Promise<void> {
  for (const { child } of proxies) await child.stop()
}
