// Resident memory: after the start, and with 1,000 kept-alive connections under load.
import { setTimeout as sleep } from 'node:timers/promises'
import { saturate } from '../lib/load.ts'
import { residentMiB } from '../lib/proc.ts'
import { startProxy } from '../lib/proxies.ts'
import { type Context, PLAIN, record, type Samples, type Scenario } from '../lib/scenario.ts'
import { HOST, type Peer } from '../peers/peer.ts'

const SETTLE_MS = 500
const CONNECTIONS = 1000

export const memory: Scenario = {
  name: 'memory',
  title: 'Resident memory, idle and at 1,000 connections under load (MiB)',
  budgets: [
    { figure: 'idleMiB', limit: 70 },
    { figure: 'loadedMiB', against: 'envoy', limit: 1.1 },
  ],
  async run(context) {
    const samples: Samples = new Map()
    for (let round = 0; round < context.rounds; round++) for (const peer of context.peers) await measure(context, peer, samples)
    return samples
  },
}

async function measure(context: Context, peer: Peer, samples: Samples): Promise<void> {
  const proxy = await startProxy(context, peer, { setup: PLAIN })
  if (proxy === undefined) return
  const { child, url } = proxy
  try {
    await sleep(SETTLE_MS)
    const idleMiB = residentMiB(child.pid)
    const load = saturate({ url: `${url}/r0`, host: HOST, connections: CONNECTIONS, seconds: context.seconds })
    let loadedMiB = 0
    const look = setInterval(() => (loadedMiB = Math.max(loadedMiB, residentMiB(child.pid))), 200)
    const { errors } = await load.finally(() => clearInterval(look))
    record(samples, peer.name, { idleMiB, loadedMiB, errors })
    context.say(`  ${peer.name.padEnd(16)} idle ${idleMiB.toFixed(0)} loaded ${loadedMiB.toFixed(0)}`)
  } finally {
    await child.stop()
  }
}
