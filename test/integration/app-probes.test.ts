// Probes of the application through the telemetry port, as the kubelet asks them.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js'
import t, { type Test } from 'tap'
import { settingsSchema } from '../../src/config/schema/settings.ts'
import { systemClock } from '../../src/core/clock.ts'
import { runProbe } from '../../src/telemetry/app-probes.ts'
import { freePort, httpOrigin, tcpOrigin } from '../support/origin.ts'

async function ask(probe: Record<string, unknown>): Promise<string | undefined> {
  const { telemetry } = settingsSchema.parse({ telemetry: { probes: [{ name: 'app/liveness', timeout: '2s', ...probe }] } })
  return runProbe(telemetry?.probes ?? [], 'app/liveness', systemClock)
}

const portOf = (address: string): number => Number(address.split(':')[1])

t.test('by HTTP: 200 to 399 is health', async (t) => {
  const origin = await httpOrigin(t, (request, response) => {
    response.statusCode = Number(request.url?.slice(1))
    if (request.headers['x-token'] !== 'secret') response.statusCode = 401
    response.end()
  })
  const http = { port: portOf(origin.address), headers: { 'X-Token': 'secret' } }
  for (const status of [200, 204, 302, 399]) t.equal(await ask({ http: { ...http, path: `/${status}` } }), '', String(status))
  for (const status of [400, 404, 500, 503]) t.equal(await ask({ http: { ...http, path: `/${status}` } }), `status ${status}`)
  t.equal(await ask({ http: { ...http, path: '/200', headers: {} } }), 'status 401')
})

t.test('by HTTPS, whatever the certificate says', async (t) => {
  const folder = t.testdir({})
  const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'crt')]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '1',
      ...files,
      '-subj',
      '/CN=other',
    ],
    { stdio: 'ignore' },
  )
  const server = createHttps(
    { cert: readFileSync(join(folder, 'crt')), key: readFileSync(join(folder, 'key')) },
    (_request, response) => response.end(),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  t.equal(await ask({ http: { port: (server.address() as AddressInfo).port, https: true } }), '')
})

t.test('by a connection', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.on('error', () => {}))
  t.equal(await ask({ tcp: { port: portOf(origin.address) } }), '')
  t.match(await ask({ tcp: { port: await freePort() } }), /ECONNREFUSED/)
})

t.test('by the health service of gRPC', async (t) => {
  const port = await grpcHealth(t)
  t.equal(await ask({ grpc: { port } }), '')
  t.equal(await ask({ grpc: { port, service: 'cart' } }), '')
  t.equal(await ask({ grpc: { port, service: 'gone' } }), 'it is not serving')
  t.match(await ask({ grpc: { port: await freePort() } }), /ECONNREFUSED/)
})

t.test('an application that does not answer in time is not well', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.on('error', () => {}))
  t.equal(await ask({ http: { port: portOf(origin.address) }, timeout: '50ms' }), 'no answer in time')
})

t.test('what nobody configured is not asked', async (t) => {
  t.equal(await runProbe([], 'app/liveness', systemClock), undefined)
  t.throws(
    () => settingsSchema.parse({ telemetry: { probes: [{ name: 'a/b', http: { port: 1 }, tcp: { port: 1 } }] } }),
    /exactly one of http, tcp and grpc/,
  )
})

/** grpc.health.v1.Health of a real gRPC server; the messages are bytes here. */
async function grpcHealth(t: Test): Promise<number> {
  const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value }
  const server = new GrpcServer()
  const check = { path: '/grpc.health.v1.Health/Check', requestStream: false, responseStream: false }
  server.addService(
    {
      Check: {
        ...check,
        requestSerialize: bytes.serialize,
        requestDeserialize: bytes.deserialize,
        responseSerialize: bytes.serialize,
        responseDeserialize: bytes.deserialize,
      },
    },
    {
      Check: (call: { request: Buffer }, done: (error: null, value: Buffer) => void) => {
        const service = call.request.subarray(2).toString()
        done(null, Buffer.from([0x08, service === 'gone' ? 2 : 1]))
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  t.teardown(() => server.forceShutdown())
  return port
}
