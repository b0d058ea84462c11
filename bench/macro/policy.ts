// What policies cost each request: none, one, 1,000 and 10,000 for the workload, of which the last one decides.
import { costs, interleave } from '../lib/compare.ts'
import { type Proxy, startProxy, stopAll } from '../lib/proxies.ts'
import { type Context, PLAIN, type Samples, type Scenario } from '../lib/scenario.ts'

const SIZES = [1, 1000, 10_000]
const row = (count: number): string => `outrigger, policies: ${count}`

export const policy: Scenario = {
  name: 'policy',
  title: 'Policies: 1, 1,000 and 10,000 against none',
  budgets: [
    { figure: 'cpuMicros', of: row(1), against: 'outrigger', limit: 1.05 },
    { figure: 'cpuMicros', of: row(1000), against: row(1), limit: 1.2 },
    { figure: 'cpuMicros', of: row(10_000), against: row(1), limit: 1.2 },
  ],
  run,
}

async function run(context: Context): Promise<Samples | undefined> {
  const peer = context.peers.find(({ name }) => name === 'outrigger')
  if (peer === undefined) return undefined
  const proxies: Proxy[] = []
  try {
    for (const policies of [0, ...SIZES]) {
      const setup = { ...PLAIN, policies }
      const name = policies === 0 ? peer.name : row(policies)
      const proxy = await startProxy(context, peer, { setup, name, path: '/r0/item' })
      if (proxy !== undefined) proxies.push(proxy)
    }
    return await interleave(context, proxies, (proxy, seconds) => costs(proxy, { connections: 64, path: '/r0/item', seconds }))
  } finally {
    await stopAll(proxies)
  }
}
