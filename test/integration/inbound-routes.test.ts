// Routes of inbound calls: what a workload does with those that come to it, before its application sees them.
import t from 'tap'
import { TestAuthority } from '../support/certificates.ts'
import { eventually } from '../support/eventually.ts'
import { httpOrigin } from '../support/origin.ts'
import { startSidecar } from '../support/sidecar.ts'

async function ask(port: number, path: string, init: RequestInit & { duplex?: 'half' } = {}): Promise<Response> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init })
  await response.clone().arrayBuffer()
  return response
}

t.test('calls to the workload are guarded, edited and answered by its routes; others go straight on', async (t) => {
  const app = await httpOrigin(t)
  const { inbound, metric } = await startSidecar(t, {
    workload: { name: 'cart-1', namespace: 'shop' },
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address }] },
    routes: [
      {
        name: 'limited',
        at: 'inbound',
        matches: [{ path: { prefix: '/limited' } }],
        rateLimits: [{ requests: 1, per: '1h', by: 'address' }],
      },
      { name: 'small', at: 'inbound', matches: [{ path: { prefix: '/small' } }], maxRequestBytes: 3 },
      { name: 'moved', at: 'inbound', matches: [{ path: { exact: '/moved' } }], redirect: { path: '/new' } },
      {
        name: 'edited',
        at: 'inbound',
        matches: [{ path: { prefix: '/old' } }],
        rewrite: { prefix: '/new' },
        requestHeaders: { set: { 'x-a': '1' } },
        responseHeaders: { set: { 'x-b': '2' } },
      },
      { name: 'outbound', matches: [{ path: { exact: '/plain' } }], reply: { status: 500 } },
    ],
  })
  t.equal((await ask(inbound, '/limited')).status, 200)
  const refused = await ask(inbound, '/limited')
  t.equal(refused.status, 429)
  t.ok(refused.headers.get('retry-after'))
  t.equal((await ask(inbound, '/small', { method: 'POST', body: 'abcd' })).status, 413)
  t.equal((await ask(inbound, '/small', { method: 'POST', body: 'abc' })).status, 200)
  t.match((await ask(inbound, '/moved')).headers.get('location'), /^http:\/\/127\.0\.0\.1:\d+\/new$/)
  const edited = await ask(inbound, '/old/x')
  t.match(await edited.json(), { url: '/new/x', headers: { 'x-a': '1' } })
  t.equal(edited.headers.get('x-b'), '2')
  t.equal((await ask(inbound, '/plain')).status, 200)
  await eventually(
    async () =>
      (await metric('istio_requests_total', {
        response_flags: 'RL',
        reporter: 'destination',
        destination_workload: 'cart-1',
      })) === 1,
  )
})

t.test('a preflight is answered before policies ask who calls, but not to who may ask for nothing', async (t) => {
  const app = await httpOrigin(t)
  const policies = (rule: object): Record<string, unknown> => ({
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address }] },
    routes: [{ name: 'cors', at: 'inbound', cors: { origins: [{ exact: 'https://w' }], methods: ['PUT'] } }],
    policies: [rule],
  })
  const preflight = { method: 'OPTIONS', headers: { origin: 'https://w', 'access-control-request-method': 'PUT' } }
  const known = await startSidecar(t, policies({ name: 'put', rules: [{ to: [{ methods: ['PUT'] }] }] }))
  const answer = await ask(known.inbound, '/', preflight)
  t.equal(answer.status, 204)
  t.equal(answer.headers.get('access-control-allow-origin'), 'https://w')
  t.equal((await ask(known.inbound, '/', { method: 'OPTIONS' })).status, 403, 'what is no preflight is asked')
  const denied = await ask(known.inbound, '/', { headers: { origin: 'https://w' } })
  t.equal(denied.status, 403)
  const nobody = await startSidecar(t, policies({ name: 'far', rules: [{ from: [{ ipBlocks: ['10.9.9.9'] }] }] }))
  t.equal((await ask(nobody.inbound, '/', preflight)).status, 403)
  t.equal(app.seen(), 0)
})

t.test('limits count callers by the identity of their certificate, and by the address behind trusted hops', async (t) => {
  const ours = new TestAuthority(t)
  const app = await httpOrigin(t)
  const limit = (by: string): object => ({ requests: 2, per: '1h', by })
  const far = await startSidecar(t, {
    workload: { name: 'catalog-1', namespace: 'shop', serviceAccount: 'catalog' },
    identity: { folder: ours.workload('shop', 'catalog') },
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address, mtls: 'strict' }] },
    trustedHops: 1,
    routes: [
      { name: 'p', at: 'inbound', matches: [{ path: { exact: '/principal' } }], rateLimits: [limit('principal')] },
      { name: 'n', at: 'inbound', matches: [{ path: { exact: '/namespace' } }], rateLimits: [limit('namespace')] },
      { name: 'a', at: 'inbound', matches: [{ path: { exact: '/address' } }], rateLimits: [limit('address')] },
    ],
  })
  const callers = await Promise.all(
    [
      ['web', 'front'],
      ['web', 'back'],
      ['data', 'front'],
    ].map(([namespace = '', account = '']) =>
      startSidecar(t, {
        workload: { name: `${account}-1`, namespace, serviceAccount: account },
        identity: { folder: ours.workload(namespace, account) },
        listeners: { outbound: [{ listen: '127.0.0.1:0', service: 'catalog.shop' }] },
        services: [
          {
            name: 'catalog',
            namespace: 'shop',
            port: 80,
            endpoints: [{ address: `127.0.0.1:${far.inbound}`, serviceAccount: 'catalog' }],
            tls: { mode: 'mesh' },
          },
        ],
      }),
    ),
  )
  const [front, back, data] = callers.map(({ outbound }) => outbound) as [number, number, number]
  const statuses = async (path: string, ports: readonly number[]): Promise<number[]> => {
    const found: number[] = []
    for (const port of ports) found.push((await ask(port, path)).status)
    return found
  }
  t.same(await statuses('/principal', [front, front, front, back, data]), [200, 200, 429, 200, 200])
  t.same(await statuses('/namespace', [front, back, front, data]), [200, 200, 429, 200])
  const from = async (address: string): Promise<number> =>
    (await ask(front, '/address', { headers: { 'x-forwarded-for': address } })).status
  t.same([await from('10.0.0.1'), await from('10.0.0.1'), await from('10.0.0.1'), await from('10.0.0.2')], [200, 200, 429, 200])
})
