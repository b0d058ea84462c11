// What a provider denies with is one whole response, whatever it says: no interim status, and no body where none can be.
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js'
import t from 'tap'
import { ProtoWriter } from '../../src/policy/custom/protobuf.ts'
import { httpOrigin } from '../support/origin.ts'
import { rawClient } from '../support/raw-client.ts'
import { startSidecar } from '../support/sidecar.ts'

const raw = (bytes: Buffer): Buffer => bytes
const CHECK = {
  path: '/envoy.service.auth.v3.Authorization/Check',
  requestStream: false,
  responseStream: false,
  requestSerialize: raw,
  requestDeserialize: raw,
  responseSerialize: raw,
  responseDeserialize: raw,
} as const

/** Denies with this status, and with a body that looks like a response. */
async function provider(t: { teardown(run: () => unknown): void }, status: () => number): Promise<number> {
  const server = new Server()
  const check = (_: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
    const answer = new ProtoWriter()
      .message(1, (inner) => inner.number(1, 7))
      .message(2, (denied) =>
        denied.message(1, (inner) => inner.number(1, status())).text(3, 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged'),
      )
    done(null, answer.end())
  }
  server.addService({ check: CHECK }, { check })
  t.teardown(() => server.forceShutdown())
  return await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    )
  })
}

t.test('the next response on the connection is not what a denial brought', async (t) => {
  const app = await httpOrigin(t, (_, response) => response.end('real'))
  let status = 0
  const port = await provider(t, () => status)
  const { inbound } = await startSidecar(t, {
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: `127.0.0.1:${app.port}`, protocol: 'http' }] },
    extensionProviders: [{ name: 'guard', grpc: { service: '127.0.0.1', port } }],
    policies: [{ name: 'ask', action: 'custom', provider: 'guard', rules: [{ to: [{ notPaths: ['/free'] }] }] }],
  })
  for (const [denied, told] of [
    [100, 403],
    [101, 403],
    [199, 403],
    [204, 204],
    [205, 205],
    [304, 304],
    [401, 401],
  ] as const) {
    status = denied
    const client = rawClient(t, inbound)
    client.send('GET /a HTTP/1.1\r\nhost: x\r\n\r\nGET /free HTTP/1.1\r\nhost: x\r\n\r\n')
    const text = await client.sees(/real$/)
    t.match(text, new RegExp(`^HTTP/1\\.1 ${told} `), String(denied))
    if (denied !== 401 && told !== 403) t.notMatch(text, /forged/, `${denied} has no body`)
    else t.match(text, /content-length: \d{2}\r\n/, `${denied} says how long its body is`)
  }
})
