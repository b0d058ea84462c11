// The root of a mesh is changed under load: A, then A and B, then B alone. Nothing is lost.
import { Agent, request } from 'node:http'
import t, { type Test } from 'tap'
import { TestAuthority } from '../support/certificates.ts'
import { eventually } from '../support/eventually.ts'
import { httpOrigin } from '../support/origin.ts'
import { startSidecar, type TestSidecar } from '../support/sidecar.ts'

const HOUR_MS = 3_600_000
const FRONT = 'spiffe://cluster.local/ns/web/sa/front'
const CATALOG = 'spiffe://cluster.local/ns/shop/sa/catalog'
/** Callers at once. */
const CALLERS = 8

interface Load {
  readonly statuses: Map<string, number>
  /** Resolves when so many more have been answered. */
  more(count: number): Promise<void>
  stop(): Promise<void>
}

function load(t: Test, port: number): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS })
  const statuses = new Map<string, number>()
  let answered = 0
  const end = new AbortController()
  const once = (): Promise<string> =>
    new Promise((resolve) => {
      const options = { host: '127.0.0.1', port, path: '/items', method: 'POST', headers: { host: 'catalog.shop' }, agent }
      const asked = request(options, (response) => {
        response.resume().on('end', () => resolve(String(response.statusCode)))
        response.on('error', (error) => resolve(error.message))
      })
      asked.on('error', (error) => resolve(error.message)).end('x'.repeat(5000))
    })
  const caller = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const status = await once()
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      answered++
    }
  }
  const callers = Array.from({ length: CALLERS }, caller)
  t.teardown(() => agent.destroy())
  return {
    statuses,
    async more(count) {
      const goal = answered + count
      await eventually(() => answered >= goal, { timeoutMs: 30_000 })
    },
    async stop() {
      end.abort()
      await Promise.all(callers)
    },
  }
}

for (const protocol of ['http', 'http2'] as const) {
  t.test(`changes the root under load and loses nothing: ${protocol}`, { timeout: 90_000 }, async (t) => {
    const ours = new TestAuthority(t)
    const [nearFolder, farFolder] = [ours.workload('web', 'front'), ours.workload('shop', 'catalog')]
    const app = await httpOrigin(t)
    const far = await startSidecar(t, {
      identity: { folder: farFolder },
      listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address, mtls: 'strict', appProtocol: 'http' }] },
    })
    const near = await startSidecar(t, {
      identity: { folder: nearFolder },
      listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
      services: [
        {
          name: 'catalog',
          namespace: 'shop',
          port: 80,
          protocol,
          endpoints: [{ address: `127.0.0.1:${far.inbound}`, serviceAccount: 'catalog' }],
          tls: { mode: 'mesh' },
        },
      ],
    })
    const taken = async ({ metric }: TestSidecar): Promise<number> =>
      metric('outrigger_identity_reloads_total', { result: 'success' })
    const traffic = load(t, near.outbound)
    await traffic.more(50)
    let { authority } = ours
    for (const [round, step] of (['announced', 'switched', 'forgotten'] as const).entries()) {
      const rotated = authority.rotate(HOUR_MS, Date.now())
      ;({ authority } = rotated)
      t.equal(rotated.step, step)
      // one after the other, as it happens: between them the two sides differ
      authority.issueInto(nearFolder, FRONT, { lifeMs: HOUR_MS, nowMs: Date.now() })
      await eventually(async () => (await taken(near)) === round + 1)
      await traffic.more(50)
      authority.issueInto(farFolder, CATALOG, { lifeMs: HOUR_MS, nowMs: Date.now() })
      await eventually(async () => (await taken(far)) === round + 1)
      await traffic.more(50)
    }
    await traffic.stop()
    t.same([...traffic.statuses.keys()], ['200'])
    t.equal(await near.metric('istio_requests_total', { response_code: '200' }), traffic.statuses.get('200'))
    t.ok((await far.metric('outrigger_downstream_connections_total')) >= 4, 'connections were opened anew')
    t.equal(await far.metric('outrigger_identity_reloads_total', { result: 'failure' }), 0)
  })
}
