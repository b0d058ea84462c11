// What a reload of a large mesh costs those who are being served: the longest wait of a caller around each change, next to the longest
// in as long a time without one.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Probe } from '../lib/probe.ts'
import { startProxy } from '../lib/proxies.ts'
import { PLAIN, record, type Samples, type Scenario } from '../lib/scenario.ts'
import { outrigger } from '../peers/outrigger.ts'

const ROUTES = 1000
const ENDPOINTS = 10_000
/** Long enough for a change to be noticed, read and taken over. */
const WINDOW_MS = 3000
const CHANGES_PER_ROUND = 4
const WARM_UP_MS = 3000

export const reload: Scenario = {
  name: 'reload',
  title: 'Reload of 1,000 routes and 10,000 endpoints: the longest wait of a caller (ms)',
  budgets: [
    { figure: 'longestMs', limit: 20 },
    { figure: 'errors', limit: 0 },
  ],
  async run(context) {
    const samples: Samples = new Map()
    let folder = ''
    const inFolder = { ...context, folder: () => (folder = context.folder()) }
    const path = `/r${ROUTES - 1}`
    // the thread that reads the change has the other core, as it has in a Pod with more than one
    const proxy = await startProxy(inFolder, outrigger, {
      setup: { ...PLAIN, routes: ROUTES, endpoints: ENDPOINTS },
      path,
      cores: '0,1',
    })
    if (proxy === undefined) return undefined
    const file = join(folder, 'outrigger.json')
    const settings = JSON.parse(readFileSync(file, 'utf8')) as { services: { endpoints: unknown[] }[]; routes: unknown[] }
    const probe = await Probe.start(Number(new URL(proxy.url).port), path)
    try {
      await sleep(WARM_UP_MS)
      for (let change = 1; change <= context.rounds * CHANGES_PER_ROUND; change++) {
        probe.longestMs()
        await sleep(WINDOW_MS)
        record(samples, 'quiet', { longestMs: probe.longestMs() })
        settings.services[change]?.endpoints.pop()
        settings.routes.reverse()
        writeFileSync(`${file}.new`, JSON.stringify(settings))
        renameSync(`${file}.new`, file)
        await sleep(WINDOW_MS)
        record(samples, 'outrigger', { longestMs: probe.longestMs(), errors: probe.bad })
      }
      return samples
    } finally {
      probe.stop()
      await proxy.child.stop()
    }
  },
}
