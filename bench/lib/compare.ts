// The common case of a scenario: the same load on every proxy in turn, round by round, and what each request cost in CPU time.
import { HOST } from '../peers/peer.ts'
import { saturate } from './load.ts'
import { cpuSeconds } from './proc.ts'
import { type Proxy, type StartOptions, startAll, stopAll } from './proxies.ts'
import { type Context, type Figures, record, type Samples } from './scenario.ts'

/** What compiles itself while it runs is slow until it has seen enough, which takes the longer the busier the machine is. */
const WARM_UP = { seconds: 2, requests: 40_000, maxSeconds: 20 }

export interface Work {
  readonly setup: StartOptions['setup']
  readonly connections: number
  readonly path: string
}

export async function compare(context: Context, { setup, connections, path }: Work): Promise<Samples> {
  const proxies = await startAll(context, setup)
  try {
    return await interleave(context, proxies, (proxy, seconds) => costs(proxy, { connections, path, seconds }))
  } finally {
    await stopAll(proxies)
  }
}

/** A B C A B C: what the machine does meanwhile hits all alike. Before it, every proxy is warmed up. */
export async function interleave(
  context: Context,
  proxies: readonly Proxy[],
  measure: (proxy: Proxy, seconds: number) => Promise<Figures>,
): Promise<Samples> {
  const samples: Samples = new Map()
  for (const proxy of proxies) await warmUp(proxy, measure)
  for (let round = 0; round < context.rounds; round++) {
    for (const proxy of proxies) {
      const figures = await measure(proxy, context.seconds)
      record(samples, proxy.name, figures)
      const shown = Object.entries(figures).map(([name, value]) => `${name} ${value.toFixed(2)}`)
      context.say(`  ${round + 1}/${context.rounds} ${proxy.name.padEnd(16)} ${shown.join('  ')}`)
    }
  }
  return samples
}

async function warmUp(proxy: Proxy, measure: (proxy: Proxy, seconds: number) => Promise<Figures>): Promise<void> {
  const { seconds, requests, maxSeconds } = WARM_UP
  let seen = 0
  for (let spent = 0; spent < maxSeconds && seen < requests; spent += seconds) {
    const { perSecond = 0 } = await measure(proxy, seconds)
    seen += perSecond * seconds
    if (!proxy.compiles) return
  }
}

export interface CostOptions {
  readonly connections: number
  readonly path: string
  readonly seconds: number
  readonly cores?: string
}

export async function costs({ child, url }: Proxy, { path, ...options }: CostOptions): Promise<Figures> {
  const before = cpuSeconds(child.pid)
  const { requests, seconds, p50Ms, p99Ms, errors } = await saturate({ url: url + path, host: HOST, ...options })
  const used = cpuSeconds(child.pid) - before
  return { cpuMicros: (used / requests) * 1e6, perSecond: requests / seconds, p50Ms, p99Ms, errors }
}
