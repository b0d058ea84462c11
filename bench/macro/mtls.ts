// Two sidecars in a row with mutual TLS between them, as in a mesh: plain HTTP in front and behind. What both of a pair use is added up.
import { join } from 'node:path'
import { Authority } from '../../src/ca/authority.ts'
import { Child, freePort, PROXY_CORES } from '../lib/child.ts'
import { costs, interleave } from '../lib/compare.ts'
import { cpuSeconds } from '../lib/proc.ts'
import { type Proxy, startProxy } from '../lib/proxies.ts'
import { type Context, type Figures, PLAIN, type Samples, type Scenario } from '../lib/scenario.ts'
import type { Peer, Setup } from '../peers/peer.ts'

const PAIRS = ['outrigger', 'envoy']
const LIFE = { lifeMs: 3_600_000, nowMs: Date.now() }

export const mtls: Scenario = {
  name: 'mtls',
  title: 'Mutual TLS from sidecar to sidecar, HTTP/1.1 keep-alive, 1 KiB, 64 connections, both sidecars together',
  budgets: [{ figure: 'cpuMicros', against: 'envoy', limit: 0.6 }],
  run,
}

async function run(context: Context): Promise<Samples | undefined> {
  const folders = certificates(context)
  const pairs: { near: Proxy; far: Child }[] = []
  try {
    for (const peer of context.peers.filter(({ name }) => PAIRS.includes(name))) {
      const pair = await startPair(context, peer, folders)
      if (pair !== undefined) pairs.push(pair)
    }
    const farOf = new Map(pairs.map(({ near, far }) => [near, far]))
    const measure = async (near: Proxy, seconds: number): Promise<Figures> => {
      const { pid } = farOf.get(near) as Child
      const before = cpuSeconds(pid)
      const figures = await costs(near, { connections: 64, path: '/r0', seconds })
      const farMicros = ((cpuSeconds(pid) - before) / ((figures['perSecond'] as number) * seconds)) * 1e6
      const nearMicros = figures['cpuMicros'] as number
      return { ...figures, cpuMicros: nearMicros + farMicros, nearMicros, farMicros }
    }
    return await interleave(
      context,
      pairs.map(({ near }) => near),
      measure,
    )
  } finally {
    for (const { near, far } of pairs) {
      await near.child.stop()
      await far.stop()
    }
  }
}

function certificates(context: Context): { near: string; far: string } {
  const authority = Authority.create(context.folder(), { trustDomain: 'cluster.local', ...LIFE })
  const folders = { near: context.folder(), far: context.folder() }
  authority.issueInto(folders.near, 'spiffe://cluster.local/ns/bench/sa/near', LIFE)
  authority.issueInto(folders.far, 'spiffe://cluster.local/ns/bench/sa/far', LIFE)
  return folders
}

async function startPair(
  context: Context,
  peer: Peer,
  folders: { near: string; far: string },
): Promise<{ near: Proxy; far: Child } | undefined> {
  const mesh = (side: 'near' | 'far'): NonNullable<Setup['mesh']> => ({
    side,
    certificate: join(folders[side], 'tls.crt'),
    key: join(folders[side], 'tls.key'),
    bundle: join(folders[side], 'ca.crt'),
    peer: `spiffe://cluster.local/ns/bench/sa/${side === 'near' ? 'far' : 'near'}`,
  })
  const port = await freePort()
  const { originPort } = context
  const command = peer.prepare({ ...PLAIN, folder: context.folder(), port, originPort, mesh: mesh('far') })
  if (command === undefined) {
    context.say(`  ${peer.name} is left out; needed: ${peer.needs}`)
    return undefined
  }
  const far = new Child(command, { cores: PROXY_CORES })
  const near = await startProxy({ ...context, originPort: port }, peer, { setup: { ...PLAIN, mesh: mesh('near') } })
  if (near !== undefined) return { near, far }
  context.say(far.output)
  await far.stop()
  return undefined
}
