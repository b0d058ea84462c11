// Two sidecars in a row with mutual TLS between them, as in a mesh: plain HTTP in front and behind. What both of a pair use is added up.
import { join } from 'node:path'
import { Authority } from '../../src/ca/authority.ts'
import type { Peer, Setup } from '../peers/peer.ts'
import { Child, freePort, PROXY_CORES } from './child.ts'
import { costs, interleave } from './compare.ts'
import { cpuSeconds } from './proc.ts'
import { type Proxy, startProxy } from './proxies.ts'
import { type Context, type Figures, PLAIN, type Samples } from './scenario.ts'

const LIFE = { lifeMs: 3_600_000, nowMs: Date.now() }

export interface PairRow {
  readonly peer: Peer
  /** By default the peer's. */
  readonly name?: string
  /** How requests travel between the two, where the peer has a choice. */
  readonly transport?: 'h1' | 'h2'
}

interface Pair {
  readonly near: Proxy
  readonly far: Child
}

export async function comparePairs(context: Context, rows: readonly PairRow[], connections: number): Promise<Samples> {
  const folders = certificates(context)
  const pairs: Pair[] = []
  try {
    for (const row of rows) {
      const pair = await startPair(context, row, folders)
      if (pair !== undefined) pairs.push(pair)
    }
    const farOf = new Map(pairs.map(({ near, far }) => [near, far]))
    const measure = async (near: Proxy, seconds: number): Promise<Figures> => {
      const { pid } = farOf.get(near) as Child
      const before = cpuSeconds(pid)
      const figures = await costs(near, { connections, path: '/r0', seconds })
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
  { peer, name = peer.name, transport }: PairRow,
  folders: { near: string; far: string },
): Promise<Pair | undefined> {
  const mesh = (side: 'near' | 'far'): NonNullable<Setup['mesh']> => ({
    side,
    certificate: join(folders[side], 'tls.crt'),
    key: join(folders[side], 'tls.key'),
    bundle: join(folders[side], 'ca.crt'),
    peer: `spiffe://cluster.local/ns/bench/sa/${side === 'near' ? 'far' : 'near'}`,
    ...(transport && { transport }),
  })
  const port = await freePort()
  const { originPort } = context
  const command = peer.prepare({ ...PLAIN, folder: context.folder(), port, originPort, mesh: mesh('far') })
  if (command === undefined) {
    context.say(`  ${peer.name} is left out; needed: ${peer.needs}`)
    return undefined
  }
  const far = new Child(command, { cores: PROXY_CORES })
  const near = await startProxy({ ...context, originPort: port }, peer, { name, setup: { ...PLAIN, mesh: mesh('near') } })
  if (near !== undefined) return { near, far }
  context.say(far.output)
  await far.stop()
  return undefined
}
