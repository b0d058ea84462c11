// Copies of requests: the mirror gets what the service gets, and nothing that it does is felt by the caller.
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { freePort, tcpOrigin } from '../support/origin.ts'
import { rawClient } from '../support/raw-client.ts'
import { routeScene, type Version } from '../support/route-scenes.ts'

const MIRRORED = 'outrigger_mirrored_requests_total'

for (const version of ['HTTP/1.1', 'HTTP/2'] as const satisfies Version[]) {
  t.test(`the mirror gets what the service gets, marked as a copy, over ${version}`, async (t) => {
    const { ask, log, sidecar } = await routeScene(t, version, {
      routes: [
        {
          name: 'r',
          hosts: ['a.shop'],
          services: [{ service: 'a.shop' }],
          mirrors: [{ service: 'b.shop' }],
          matches: [{ path: { prefix: '/old' } }],
          rewrite: { prefix: '/new' },
          requestHeaders: { set: { 'x-a': '1' } },
        },
      ],
    })
    const body = 'outrigger'.repeat(20_000)
    for (const asked of [{ path: '/old/x?y' }, { path: '/old', method: 'POST', body, headers: { expect: '100-continue' } }]) {
      log.length = 0
      const answer = await ask(asked)
      t.equal(answer.seen?.service, 'a')
      await eventually(() => log.length === 2)
      const [own, copy] = ['a', 'b'].map((name) => log.find(({ service }) => service === name))
      t.equal(copy?.host, 'a.shop-shadow')
      t.equal(own?.host, 'a.shop')
      t.equal(copy?.headers['x-outrigger-mirror'], 'true')
      t.notOk(own?.headers['x-outrigger-mirror'])
      t.match(copy, { path: own?.path, method: own?.method, headers: { 'x-a': '1' } })
      t.equal(copy?.body, asked.body ?? '')
      t.equal(own?.body, asked.body ?? '')
    }
    await eventually(async () => (await sidecar.metric(MIRRORED, { result: 'answered' })) === 2)
    t.equal(await sidecar.metric('istio_requests_total', { response_code: '200' }), 2, 'copies are no requests of the caller')
  })
}

t.test('a share of the requests is copied', async (t) => {
  const { ask, sidecar } = await routeScene(t, 'HTTP/1.1', {
    routes: [{ name: 'r', hosts: ['a.shop'], services: [{ service: 'a.shop' }], mirrors: [{ service: 'b.shop', percent: 50 }] }],
  })
  for (let i = 0; i < 200; i++) await ask({})
  let copies = 0
  // until no more come
  await eventually(async () => {
    const before = copies
    copies = await sidecar.metric(MIRRORED, { result: 'answered' })
    return copies > 0 && copies === before && (await sidecar.metric('outrigger_upstream_active_requests')) === 0
  })
  t.ok(copies > 50 && copies < 150, `${copies} of 200`)
})

t.test('a mirror that takes nothing is given up, and nobody waits for it', async (t) => {
  const deaf = await tcpOrigin(t, (socket) => socket.pause())
  const { ask, sidecar } = await routeScene(t, 'HTTP/1.1', {
    services: [{ name: 'deaf', namespace: 'shop', port: 80, endpoints: [{ address: deaf.address }] }],
    routes: [{ name: 'r', hosts: ['a.shop'], services: [{ service: 'a.shop' }], mirrors: [{ service: 'deaf.shop' }] }],
  })
  const body = 'x'.repeat(16 * 1024 * 1024)
  const answer = await ask({ method: 'POST', body })
  t.equal(answer.status, 200)
  await eventually(async () => (await sidecar.metric(MIRRORED, { result: 'dropped' })) === 1)
  t.equal((await ask({})).status, 200, 'a copy that is never answered')
})

t.test('a copy is not copied again', async (t) => {
  const { ask, log, sidecar } = await routeScene(t, 'HTTP/1.1', {
    routes: [{ name: 'r', hosts: ['a.shop'], services: [{ service: 'a.shop' }], mirrors: [{ service: 'b.shop' }] }],
  })
  t.equal((await ask({ headers: { 'x-outrigger-mirror': 'true' } })).status, 200)
  t.equal((await ask({})).status, 200)
  await eventually(async () => (await sidecar.metric(MIRRORED)) === 1)
  t.same(log.map(({ service }) => service).sort(), ['a', 'a', 'b'])
})

t.test('a mirror that is not there costs nothing but its count', async (t) => {
  const port = await freePort()
  const { ask, sidecar } = await routeScene(t, 'HTTP/1.1', {
    services: [{ name: 'gone', namespace: 'shop', port: 80, endpoints: [{ address: `127.0.0.1:${port}` }] }],
    routes: [
      {
        name: 'r',
        hosts: ['a.shop'],
        services: [{ service: 'a.shop' }],
        mirrors: [{ service: 'gone.shop' }, { service: 'b.shop' }],
      },
    ],
  })
  t.equal((await ask({ method: 'POST', body: 'hello' })).status, 200)
  await eventually(async () => (await sidecar.metric(MIRRORED, { result: 'failed' })) === 1)
  await eventually(async () => (await sidecar.metric(MIRRORED, { result: 'answered' })) === 1)
})

t.test('who gives up in the middle of a body takes the copy along', async (t) => {
  const { sidecar, log } = await routeScene(t, 'HTTP/1.1', {
    routes: [{ name: 'r', hosts: ['a.shop'], services: [{ service: 'a.shop' }], mirrors: [{ service: 'b.shop' }] }],
  })
  const client = rawClient(t, sidecar.outbound)
  client.send('POST / HTTP/1.1\r\nHost: a.shop\r\nContent-Length: 100\r\n\r\nhalf')
  await eventually(async () => (await sidecar.metric('outrigger_upstream_active_requests')) === 2)
  client.socket.destroy()
  await eventually(async () => (await sidecar.metric(MIRRORED, { result: 'dropped' })) === 1)
  await eventually(async () => (await sidecar.metric('outrigger_upstream_active_requests')) === 0)
  t.same(log, [])
})
