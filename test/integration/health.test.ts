// Health checks through a whole sidecar, of every kind.
import { Server, ServerCredentials } from '@grpc/grpc-js'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { tcpOrigin } from '../support/origin.ts'
import { scriptedOrigin } from '../support/scripted-origin.ts'
import { startSidecar } from '../support/sidecar.ts'

const QUICK = { interval: '50ms', jitter: '0', timeout: '2s', healthy: 1, unhealthy: 1 }

async function checked(t: Test, address: string, health: Record<string, unknown>, service: Record<string, unknown> = {}) {
  const { metric, sidecar } = await startSidecar(t, {
    listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
    services: [{ name: 'catalog', port: 80, endpoints: [{ address }], health: { ...QUICK, ...health }, ...service }],
  })
  const isWell = async (): Promise<boolean> => (await metric('outrigger_upstream_endpoints', { state: 'ready' })) === 1
  const reason = (): string => {
    for (const { name, carrier } of sidecar.registry.all())
      if (name.startsWith('catalog')) return carrier.services[0]?.endpoints[0]?.state.reason ?? ''
    return ''
  }
  return { isWell, reason, metric }
}

for (const protocol of ['http', 'http2'] as const) {
  t.test(`http over ${protocol}: the status decides, without any traffic`, async (t) => {
    const origin = await scriptedOrigin(t, protocol, { status: 200 })
    const { isWell, reason, metric } = await checked(t, origin.address, { path: '/healthz', host: 'catalog.shop' }, { protocol })
    await eventually(() => origin.requests.length > 1)
    t.ok(await isWell())
    t.equal(origin.requests[0]?.method, 'GET')
    t.equal(origin.requests[0]?.headers[protocol === 'http' ? 'host' : ':authority'], 'catalog.shop')
    origin.script({ status: 503 })
    await eventually(async () => !(await isWell()))
    t.equal(reason(), 'status 503')
    origin.script({ status: 200 })
    await eventually(isWell)
    t.ok((await metric('outrigger_upstream_endpoint_events_total', { event: 'healthy' })) >= 1)
  })
}

t.test('an endpoint that does not answer is not well', async (t) => {
  const origin = await scriptedOrigin(t, 'http', 'hang')
  const { isWell, reason } = await checked(t, origin.address, { timeout: '100ms' })
  await eventually(async () => !(await isWell()))
  t.equal(reason(), 'no answer in time')
})

t.test('tcp: whether it can be connected to', async (t) => {
  const origin = await tcpOrigin(t, (socket) => void socket.resume())
  const { isWell } = await checked(t, origin.address, { type: 'tcp' }, { protocol: 'tcp' })
  await eventually(() => origin.seen() > 1)
  t.ok(await isWell())
  await origin.close()
  await eventually(async () => !(await isWell()))
})

t.test('grpc: what the health service says of the named service', async (t) => {
  const server = new Server()
  let status = 1
  const asked: string[] = []
  const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value }
  const check = {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes.serialize,
    requestDeserialize: bytes.deserialize,
    responseSerialize: bytes.serialize,
    responseDeserialize: bytes.deserialize,
  }
  server.addService(
    { check },
    {
      check: (call: { request: Buffer }, done: (error: null, value: Buffer) => void) => {
        asked.push(call.request.toString('latin1'))
        done(null, Buffer.from([8, status]))
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  t.teardown(() => server.forceShutdown())
  const { isWell, reason } = await checked(
    t,
    `127.0.0.1:${port}`,
    { type: 'grpc', service: 'shop.Catalog' },
    { protocol: 'grpc' },
  )
  await eventually(() => asked.length > 1)
  t.ok(await isWell())
  t.equal(asked[0], '\n\u000cshop.Catalog')
  status = 2
  await eventually(async () => !(await isWell()))
  t.equal(reason(), 'not serving')
})
