// What a large mesh costs each request: 1,000 routes (the last one is called, the others have every feature there is) and 10,000 endpoints
// against one of each.
import { costs, interleave } from '../lib/compare.ts'
import { type Proxy, startProxy, stopAll } from '../lib/proxies.ts'
import { type Context, PLAIN, type Samples, type Scenario } from '../lib/scenario.ts'

const ROUTES = 1000
const ENDPOINTS = 10_000
const LARGE = ' large'

export const size: Scenario = {
  name: 'size',
  title: '1,000 routes and 10,000 endpoints against one of each',
  budgets: [
    { figure: 'cpuMicros', of: `outrigger${LARGE}`, against: 'outrigger', limit: 1.2 },
    { figure: 'cpuMicros', of: `outrigger${LARGE}`, against: `envoy${LARGE}`, limit: 0.5 },
  ],
  run,
}

async function run(context: Context): Promise<Samples> {
  const proxies: Proxy[] = []
  try {
    for (const peer of context.peers) {
      if (peer.cannot?.includes('routes') || peer.name === 'envoy+rbac') continue
      const plain = await startProxy(context, peer, { setup: PLAIN })
      const large = await startProxy(context, peer, {
        setup: { ...PLAIN, routes: ROUTES, endpoints: ENDPOINTS },
        name: peer.name + LARGE,
        path: `/r${ROUTES - 1}`,
      })
      for (const proxy of [plain, large]) if (proxy !== undefined) proxies.push(proxy)
    }
    return await interleave(context, proxies, (proxy, seconds) =>
      costs(proxy, { connections: 64, path: pathFor(proxy.name), seconds }),
    )
  } finally {
    await stopAll(proxies)
  }
}

function pathFor(name: string): string {
  return name.endsWith(LARGE) ? `/r${ROUTES - 1}/item` : '/r0/item'
}
