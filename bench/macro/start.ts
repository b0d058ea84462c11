// From the start of the process to the first answered request.
import { cpuSeconds } from '../lib/proc.ts'
import { startProxy } from '../lib/proxies.ts'
import { PLAIN, record, type Samples, type Scenario } from '../lib/scenario.ts'

/** A start is short and noisy: there are more of them than rounds elsewhere. */
const STARTS_PER_ROUND = 3

export const start: Scenario = {
  name: 'start',
  title: 'Process start to first answer (ms)',
  budgets: [{ figure: 'readyMs', limit: 250 }],
  async run(context) {
    const samples: Samples = new Map()
    for (let i = 0; i < context.rounds * STARTS_PER_ROUND; i++) {
      for (const peer of context.peers) {
        const proxy = await startProxy(context, peer, { setup: PLAIN })
        if (proxy === undefined) continue
        record(samples, peer.name, { readyMs: proxy.readyMs, cpuMs: cpuSeconds(proxy.child.pid) * 1000 })
        await proxy.child.stop()
      }
    }
    return samples
  },
}
