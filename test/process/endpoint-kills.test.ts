// No request is lost that a retry may save: of three endpoints one is killed every second while there is load.
// OUTRIGGER_KILL_SECONDS=30 makes it long.
import { Agent, get } from 'node:http'
import t from 'tap'
import { type MortalOrigin, mortalOrigin } from '../support/mortal-origin.ts'
import { freePort } from '../support/origin.ts'
import { startSidecarProcess } from '../support/sidecar-process.ts'

const SECONDS = Number(process.env['OUTRIGGER_KILL_SECONDS'] ?? 5)
const CALLERS = 16

t.setTimeout(SECONDS * 6000 + 60_000)

function call(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const sent = get({ host: '127.0.0.1', port, headers: { host: 'catalog' }, agent }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('end', () => resolve(`${response.statusCode} ${body}`))
      response.on('error', (error) => resolve(error.message))
    })
    sent.on('error', (error) => resolve(error.message))
  })
}

for (const version of ['http', 'http2'] as const) {
  t.test(`${version}: GETs see nothing of endpoints that are killed`, { timeout: SECONDS * 3000 + 30_000 }, async (t) => {
    const origins = await Promise.all([1, 2, 3].map(() => mortalOrigin(t, version)))
    const outbound = await freePort()
    await startSidecarProcess(t, {
      settings: {
        listeners: { outbound: [{ listen: `127.0.0.1:${outbound}` }] },
        services: [{ name: 'catalog', port: 80, protocol: version, endpoints: origins.map(({ address }) => ({ address })) }],
      },
    })
    const load = { stopped: false }
    let good = 0
    const bad: string[] = []
    const callers = Array.from({ length: CALLERS }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      while (!load.stopped) {
        const outcome = await call(outbound, agent)
        if (outcome === '204 ') good++
        else bad.push(outcome)
      }
      agent.destroy()
    })
    for (let second = 0; second < SECONDS; second++) {
      const victim = origins[second % origins.length] as MortalOrigin
      await victim.kill()
      await Promise.all([victim.start(), new Promise((resolve) => setTimeout(resolve, 1000))])
    }
    load.stopped = true
    await Promise.all(callers)
    t.same(bad, [], `${good} requests, ${SECONDS} kills`)
    t.ok(good > SECONDS * 100, `there was load: ${good} requests`)
  })
}
