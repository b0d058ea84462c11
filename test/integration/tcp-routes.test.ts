// Routes of connections, with real ones.
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { tcpOrigin } from '../support/origin.ts'
import { rawClient } from '../support/raw-client.ts'
import { startSidecar } from '../support/sidecar.ts'

/** Services a.db and b.db, which say who they are. */
async function databases(t: Test): Promise<{ services: object[]; seen: (name: string) => number }> {
  const origins = await Promise.all(
    ['a', 'b'].map(async (name) => ({ name, origin: await tcpOrigin(t, (socket) => socket.end(name)) })),
  )
  const services = origins.map(({ name, origin }) => ({
    name,
    namespace: 'db',
    port: 5432,
    protocol: 'tcp',
    endpoints: [{ address: origin.address }],
  }))
  return { services, seen: (name) => origins.find((one) => one.name === name)?.origin.seen() ?? 0 }
}

t.test('connections to a service are split by weight, exactly', async (t) => {
  const { services, seen } = await databases(t)
  const { outbound } = await startSidecar(t, {
    listeners: { outbound: [{ listen: '127.0.0.1:0', service: 'a.db', protocol: 'tcp' }] },
    services,
    tcpRoutes: [{ name: 'split', destinations: ['a.db'], services: [{ service: 'a.db', weight: 3 }, { service: 'b.db' }] }],
  })
  for (let i = 0; i < 40; i++) t.match(await rawClient(t, outbound).seesEnd(), /^[ab]$/)
  t.ok(Math.abs(seen('b') - 10) <= 1, `${seen('b')} of 40`)
  t.equal(seen('a') + seen('b'), 40)
})

t.test('a share of what does not exist is closed', async (t) => {
  const { services } = await databases(t)
  const { outbound, metric } = await startSidecar(t, {
    listeners: { outbound: [{ listen: '127.0.0.1:0', service: 'a.db', protocol: 'tcp' }] },
    services,
    tcpRoutes: [{ name: 'gone', services: [{ service: 'gone.db' }] }],
  })
  const client = rawClient(t, outbound)
  await client.seesClose()
  t.equal(client.text, '')
  t.equal(await metric('istio_tcp_connections_opened_total', { destination_service_name: 'a' }), 0)
})

t.test('TLS goes by its server name, and is not touched', async (t) => {
  const { services, seen } = await databases(t)
  const { outbound } = await startSidecar(t, {
    listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
    services,
    tcpRoutes: [
      { name: 'exact', hosts: ['b.example'], services: [{ service: 'b.db' }] },
      { name: 'suffix', hosts: ['*.example'], services: [{ service: 'a.db' }] },
    ],
  })
  for (const [servername, name, count] of [
    ['b.example', 'b', 1],
    ['c.example', 'a', 1],
    ['x.c.example', 'a', 2],
  ] as const) {
    const socket = connectTls({ port: outbound, host: '127.0.0.1', servername, rejectUnauthorized: false })
    socket.on('error', () => {})
    t.teardown(() => socket.destroy())
    await eventually(() => seen(name) === count)
  }
})
