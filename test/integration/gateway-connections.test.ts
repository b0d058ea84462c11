// A gateway on real sockets for what is not HTTP: TLS passed through by server name or ended here, and plain bytes.
import { type AddressInfo, connect } from 'node:net'
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { type Document, gateway, resource, secret, serviceAt } from '../support/gateway-world.ts'
import { tcpOrigin } from '../support/origin.ts'
import { RawClient } from '../support/raw-client.ts'
import { selfSigned } from '../support/self-signed.ts'
import { startDocuments, type TestSidecar } from '../support/sidecar.ts'

const FROM_ALL = { namespaces: { from: 'All' } }
const SECURE = '127.0.0.1:0'
const BYTES = '127.0.0.2:0'

/** Says what it is, and then back what it hears. */
function answering(name: string) {
  return (socket: NodeJS.ReadWriteStream): void => {
    socket.write(`${name}:`)
    socket.pipe(socket)
  }
}

async function tlsOrigin(t: Test, commonName: string): Promise<number> {
  const { certificate, key } = selfSigned(commonName)
  const server = createTlsServer({ cert: certificate, key }, answering(commonName))
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

const route = (kind: string, name: string, sectionName: string, spec: object): Document =>
  resource(kind, { name, spec: { parentRefs: [{ name: 'public', namespace: 'edge', sectionName }], ...spec } })

async function open(t: Test): Promise<TestSidecar> {
  const backend = await tlsOrigin(t, 'db.example')
  const v1 = await tcpOrigin(t, answering('v1'))
  const v2 = await tcpOrigin(t, answering('v2'))
  const to = (name: string, weight = 1) => ({ name, port: 80, weight })
  const listeners = [
    { name: 'pass', port: 443, protocol: 'TLS', hostname: '*.example', tls: { mode: 'Passthrough' }, allowedRoutes: FROM_ALL },
    {
      name: 'end',
      port: 443,
      protocol: 'TLS',
      hostname: 'ended.example',
      tls: { mode: 'Terminate', certificateRefs: [{ name: 'ended' }] },
      allowedRoutes: FROM_ALL,
    },
    { name: 'bytes', port: 9300, protocol: 'TCP', allowedRoutes: FROM_ALL },
  ]
  const settings = {
    workload: { name: 'edge-1', namespace: 'edge' },
    listeners: {
      gateway: [
        { listen: SECURE, gateway: 'edge/public', port: 443 },
        { listen: BYTES, gateway: 'edge/public', port: 9300 },
      ],
    },
  }
  return startDocuments(t, settings, [
    gateway('public', listeners),
    secret('ended', selfSigned('ended.example')),
    ...serviceAt('db', backend),
    ...serviceAt('v1', v1.port),
    ...serviceAt('v2', v2.port),
    route('TLSRoute', 'pass', 'pass', { hostnames: ['db.example'], rules: [{ backendRefs: [to('db')] }] }),
    route('TLSRoute', 'end', 'end', { hostnames: ['ended.example'], rules: [{ backendRefs: [to('v1')] }] }),
    route('TCPRoute', 'split', 'bytes', { rules: [{ backendRefs: [to('v1', 70), to('v2', 30)] }] }),
  ])
}

function port({ sidecar }: TestSidecar, listen: string): number {
  return sidecar.listeners.get(listen)?.port ?? 0
}

function secure(t: Test, world: TestSidecar, servername: string): TLSSocket {
  const socket = connectTls({ host: '127.0.0.1', port: port(world, SECURE), servername, rejectUnauthorized: false })
  t.teardown(() => socket.destroy())
  return socket
}

t.test('TLS is passed through to the service of its server name, which shows its own certificate', async (t) => {
  const world = await open(t)
  const socket = secure(t, world, 'db.example')
  const client = new RawClient(t, socket).send('hello')
  await eventually(() => client.text === 'db.example:hello')
  t.equal(socket.getPeerCertificate().subject.CN, 'db.example')
  socket.end()
  await eventually(async () => {
    const labels = { reporter: 'source', source_workload: 'edge-1', destination_service_name: 'db' }
    return (await world.metric('istio_tcp_connections_closed_total', labels)) === 1
  })
})

t.test('TLS that ends at the gateway goes on as bytes', async (t) => {
  const socket = secure(t, await open(t), 'ended.example')
  const client = new RawClient(t, socket).send('hello')
  await eventually(() => client.text === 'v1:hello')
  t.equal(socket.getPeerCertificate().subject.CN, 'ended.example')
})

t.test('a server name that no listener, or no route of its listener, is for gets nowhere', async (t) => {
  const world = await open(t)
  for (const name of ['other.test', 'other.example']) {
    const client = new RawClient(t, secure(t, world, name))
    await eventually(() => client.closed)
    t.equal(client.text, '')
  }
})

t.test('plain bytes where TLS is expected are refused', async (t) => {
  const world = await open(t)
  const client = new RawClient(t, connect(port(world, SECURE), '127.0.0.1')).send('GET / HTTP/1.1\r\n\r\n')
  await eventually(() => client.closed)
  t.equal(client.text, '')
})

t.test('connections are spread over services by weight, also where the server speaks first', async (t) => {
  const world = await open(t)
  const seen = new Map<string, number>()
  for (let i = 0; i < 20; i++) {
    const client = new RawClient(t, connect(port(world, BYTES), '127.0.0.2'))
    await eventually(() => client.text.endsWith(':'))
    seen.set(client.text, (seen.get(client.text) ?? 0) + 1)
    client.socket.destroy()
  }
  const first = seen.get('v1:') ?? 0
  t.ok(first >= 12 && first <= 16, `${first} of 20`)
  t.equal(seen.get('v2:'), 20 - first)
})
