// Policies that ask somebody else, over real sockets.
import type { IncomingMessage } from 'node:http'
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js'
import t from 'tap'
import { ProtoWriter, readProto } from '../../src/policy/custom/protobuf.ts'
import { httpOrigin } from '../support/origin.ts'
import { startSidecar } from '../support/sidecar.ts'

type Owner = Parameters<typeof httpOrigin>[0]

async function guarded(t: Owner, provider: Record<string, unknown>, policies: readonly object[] = []) {
  const seen: IncomingMessage[] = []
  const app = await httpOrigin(t, (request, response) => {
    seen.push(request)
    request.pipe(response)
  })
  const world = await startSidecar(t, {
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: `127.0.0.1:${app.port}`, protocol: 'http' }] },
    extensionProviders: [{ name: 'guard', ...provider }],
    policies: [{ name: 'ask', action: 'custom', provider: 'guard', rules: [{ to: [{ notPaths: ['/free'] }] }] }, ...policies],
  })
  const ask = (path: string, headers: Record<string, string> = {}, body = '') =>
    fetch(`http://127.0.0.1:${world.inbound}${path}`, { method: 'POST', headers, body, redirect: 'manual' })
  return { ask, seen, ...world }
}

t.test('a provider by HTTP allows with fields, denies in its own words', async (t) => {
  const guard = await httpOrigin(t, (request, response) => {
    if (request.headers['x-ext-authz'] === 'allow') response.writeHead(200, { 'x-user': 'me', 'set-cookie': 'seen=1' })
    else response.writeHead(302, { location: '/login' })
    response.end()
  })
  const http = {
    service: '127.0.0.1',
    port: guard.port,
    requestHeaders: ['x-ext-authz'],
    upstreamHeaders: ['x-user'],
    allowedHeaders: ['set-cookie'],
  }
  const { ask, seen, metric } = await guarded(t, { http }, [
    { name: 'known', rules: [{ when: [{ key: 'request.headers[x-user]', values: ['me'] }] }, { to: [{ paths: ['/free'] }] }] },
  ])
  const good = await ask('/a', { 'x-ext-authz': 'allow', 'x-user': 'admin' }, 'x'.repeat(200_000))
  t.equal(good.status, 200)
  t.equal((await good.text()).length, 200_000, 'the body waited')
  t.equal(good.headers.get('set-cookie'), 'seen=1')
  t.equal(seen[0]?.headers['x-user'], 'me')
  const bad = await ask('/a')
  t.equal(bad.status, 302)
  t.equal(bad.headers.get('location'), '/login')
  t.equal((await ask('/free')).status, 200, 'nobody was asked')
  t.equal(guard.seen(), 2)
  t.equal(await metric('istio_requests_total', { response_flags: 'UAEX' }), 1)
})

t.test('nobody answers: denied, or allowed where the provider may be missed', async (t) => {
  const closed = await guarded(t, { http: { service: '127.0.0.1', port: 1, statusOnError: 503 } })
  t.equal((await closed.ask('/a')).status, 503)
  t.equal(closed.seen.length, 0)
  const open = await guarded(t, { http: { service: '127.0.0.1', port: 1, failOpen: true } })
  t.equal((await open.ask('/a')).status, 200)
  const slow = await httpOrigin(t, () => {})
  const late = await guarded(t, { http: { service: '127.0.0.1', port: slow.port, timeout: '50ms' } })
  t.equal((await late.ask('/a')).status, 403)
})

t.test('a provider that no settings know can allow nothing', async (t) => {
  const { ask } = await guarded(t, { name: 'other', http: { service: '127.0.0.1', port: 1 } })
  t.equal((await ask('/a')).status, 403)
  t.equal((await ask('/free')).status, 200)
})

t.test('a provider by gRPC', async (t) => {
  const port = await grpcGuard(t)
  const { ask, seen } = await guarded(t, { grpc: { service: '127.0.0.1', port } })
  t.equal((await ask('/a', { 'x-ext-authz': 'allow', 'x-secret': '1' })).status, 200)
  t.equal(seen[0]?.headers['x-user'], 'me')
  t.equal(seen[0]?.headers['x-secret'], undefined)
  const bad = await ask('/a')
  t.equal(bad.status, 401)
  t.equal(await bad.text(), 'who are you?')
})

/** Allows what brings x-ext-authz: allow. */
async function grpcGuard(t: Owner): Promise<number> {
  const server = new Server()
  const raw = (bytes: Buffer): Buffer => bytes
  const path = '/envoy.service.auth.v3.Authorization/Check'
  const check = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  } as const
  server.addService(
    { check },
    {
      check(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
        const inside = (bytes: Buffer, wanted: number): Buffer =>
          readProto(bytes).find(({ field }) => field === wanted)?.bytes ?? Buffer.alloc(0)
        const http = [1, 4, 2].reduce(inside, call.request)
        const entries = readProto(http)
          .filter(({ field }) => field === 3)
          .map(({ bytes }) => readProto(bytes).map((one) => one.bytes.toString()))
        const allowed = entries.some(([name, value]) => name === 'x-ext-authz' && value === 'allow')
        const answer = new ProtoWriter()
        if (allowed)
          answer
            .message(1, () => {})
            .message(3, (ok) =>
              ok
                .message(2, (option) => option.message(1, (header) => header.text(1, 'x-user').text(2, 'me')))
                .text(5, 'x-secret'),
            )
        else
          answer
            .message(1, (status) => status.number(1, 7))
            .message(2, (no) => no.message(1, (code) => code.number(1, 401)).text(3, 'who are you?'))
        done(null, answer.end())
      },
    },
  )
  t.teardown(() => server.forceShutdown())
  return await new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    ),
  )
}
