// One and two workers, which share all cores with load and origin: what a second core brings, and what sharing costs.
import { cpus } from 'node:os'
import { costs, interleave } from '../lib/compare.ts'
import { tree } from '../lib/proc.ts'
import { type Proxy, startProxy, stopAll } from '../lib/proxies.ts'
import { type Context, PLAIN, type Samples, type Scenario } from '../lib/scenario.ts'

export const workers: Scenario = {
  name: 'workers',
  title: 'One and two workers, unpinned, 1 KiB, 64 connections',
  budgets: [{ figure: 'cpuMicros', of: 'outrigger ×2', against: 'outrigger ×1', limit: 1.25 }],
  run,
}

async function run(context: Context): Promise<Samples | undefined> {
  const proxies: Proxy[] = []
  const cores = `0-${cpus().length - 1}`
  try {
    for (const peer of context.peers) {
      if (peer.cannot?.includes('workers') || peer.name === 'envoy+rbac') continue
      for (const count of [1, 2]) {
        const proxy = await startProxy(context, peer, {
          setup: { ...PLAIN, workers: count },
          name: `${peer.name} ×${count}`,
          cores,
        })
        if (proxy === undefined) continue
        proxies.push(proxy)
        if (peer.name !== 'outrigger' || count === 1 || tree(proxy.child.pid).length > 1) continue
        context.say('  skipped: `workers: 2` starts no second process in this checkout')
        return undefined
      }
    }
    return await interleave(context, proxies, (proxy, seconds) => costs(proxy, { connections: 64, path: '/r0', seconds, cores }))
  } finally {
    await stopAll(proxies)
  }
}
