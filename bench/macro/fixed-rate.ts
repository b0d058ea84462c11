// Latency that a proxy adds at 3,000 requests a second: the percentiles through it, less those of the origin alone in the same round.
import { interleave } from '../lib/compare.ts'
import { atRate, type LoadResult } from '../lib/load.ts'
import { startAll, stopAll } from '../lib/proxies.ts'
import { type Context, PLAIN, type Samples, type Scenario } from '../lib/scenario.ts'
import { HOST } from '../peers/peer.ts'

const PER_SECOND = 3000
const CONNECTIONS = 60

export const fixedRate: Scenario = {
  name: 'fixed-rate',
  title: 'Latency added at 3,000 requests/s, 60 connections',
  budgets: [
    { figure: 'addedP50Ms', against: 'envoy', limit: 0.6 },
    { figure: 'addedP99Ms', against: 'envoy', limit: 0.6 },
  ],
  run,
}

async function run(context: Context): Promise<Samples> {
  const proxies = await startAll(context, PLAIN)
  let direct: LoadResult | undefined
  try {
    return await interleave(context, proxies, async ({ name, url }, seconds) => {
      if (direct === undefined || name === proxies[0]?.name)
        direct = await load(`http://127.0.0.1:${context.originPort}/`, seconds)
      const { requests, p50Ms, p99Ms, errors } = await load(`${url}/r0`, seconds)
      const added = { addedP50Ms: p50Ms - direct.p50Ms, addedP99Ms: p99Ms - direct.p99Ms }
      return { ...added, p50Ms, p99Ms, perSecond: requests / seconds, errors }
    })
  } finally {
    await stopAll(proxies)
  }
}

function load(url: string, seconds: number): Promise<LoadResult> {
  return atRate({ url, host: HOST, connections: CONNECTIONS, seconds }, PER_SECOND)
}
