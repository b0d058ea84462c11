// gRPC through a whole sidecar, with Google's client and server for Node at its ends.
import { once } from 'node:events'
import { status as codes, type ServiceError } from '@grpc/grpc-js'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { chat, collect, grpcClient, grpcOrigin, spread, unary } from '../support/grpc.ts'
import { freePort, httpOrigin } from '../support/origin.ts'
import { startSidecar, type TestSidecar } from '../support/sidecar.ts'

function inFrontOf(t: Test, app: string): Promise<TestSidecar> {
  return startSidecar(t, { listeners: { inbound: [{ listen: '127.0.0.1:0', app }] } })
}

async function failureOf(call: Promise<unknown>): Promise<ServiceError> {
  return await call.then(
    () => ({}) as ServiceError,
    (error: ServiceError) => error,
  )
}

t.test('unary calls, their statuses and messages', async (t) => {
  const origin = await grpcOrigin(t)
  const { inbound, metric } = await inFrontOf(t, origin.address)
  const client = grpcClient(t, inbound)
  t.equal(await unary(client, 'hello'), 'hello')
  const large = 'x'.repeat(1_000_000)
  t.equal(await unary(client, large), large)
  t.same(await Promise.all(Array.from({ length: 50 }, (_, i) => unary(client, `${i}`))), [...Array(50).keys()].map(String))
  const error = await failureOf(unary(client, 'fail'))
  t.match(error, { code: codes.FAILED_PRECONDITION, details: 'not now: ü' })
  t.same(error.metadata.get('x-trailer'), ['yes'])
  await eventually(async () => (await metric('istio_requests_total', { request_protocol: 'grpc' })) === 53)
  t.equal(await metric('istio_requests_total', { grpc_response_status: '0', response_code: '200' }), 52)
  t.equal(await metric('istio_requests_total', { grpc_response_status: '9' }), 1)
  t.equal(await metric('istio_request_messages_total'), 53)
  t.equal(await metric('istio_response_messages_total'), 52)
})

t.test('streams in either direction and in both', async (t) => {
  const origin = await grpcOrigin(t)
  const { inbound, metric } = await inFrontOf(t, origin.address)
  const client = grpcClient(t, inbound)
  const numbers = [...Array(1000).keys()].map(String)
  t.equal(await collect(client, numbers), numbers.join(','))
  const got: string[] = []
  for await (const number of spread(client, 1000)) got.push(number as string)
  t.same(got, numbers)

  const call = chat(client)
  for (const word of ['one', 'two', 'three']) {
    call.write(word)
    t.same(await once(call, 'data'), [word], 'each has its answer before the next is asked')
  }
  t.equal(await metric('istio_request_messages_total'), 1004, 'counted while the stream lasts')
  call.end()
  await once(call, 'end')
  await eventually(async () => (await metric('istio_requests_total')) === 3)
  t.equal(await metric('istio_request_messages_total'), 1000 + 1 + 3)
  t.equal(await metric('istio_response_messages_total'), 1 + 1000 + 3)
})

t.test('a slow reader holds up its own stream, and no other call', async (t) => {
  const origin = await grpcOrigin(t)
  const { inbound, sidecar } = await inFrontOf(t, origin.address)
  const client = grpcClient(t, inbound)
  const call = spread(client, 500_000)
  await once(call, 'data')
  call.pause()
  for (let i = 0; i < 20; i++) t.equal(await unary(client, 'hello'), 'hello')
  call.cancel()
  call.on('error', () => {})
  await eventually(() => sidecar.open.size === 0)
  await eventually(() => origin.cancelled() === 1)
})

t.test('who gives up is missed at the other end', async (t) => {
  const origin = await grpcOrigin(t)
  const { inbound, metric, sidecar } = await inFrontOf(t, origin.address)
  const client = grpcClient(t, inbound)
  const call = chat(client)
  call.on('error', () => {})
  call.write('one')
  await once(call, 'data')
  call.cancel()
  await eventually(() => origin.cancelled() === 1)
  await eventually(() => sidecar.open.size === 0)
  t.equal(await metric('istio_requests_total', { response_flags: 'DC' }), 1)
})

t.test('a deadline ends a call everywhere', async (t) => {
  const origin = await grpcOrigin(t)
  const { inbound, sidecar } = await inFrontOf(t, origin.address)
  const client = grpcClient(t, inbound)
  const left = Number(await unary(client, 'deadline', 60_000)) - Date.now()
  t.ok(left > 30_000 && left <= 60_100, 'the application knows it')
  t.match(await failureOf(unary(client, 'hang', 300)), { code: codes.DEADLINE_EXCEEDED })
  await eventually(() => origin.cancelled() === 1)
  await eventually(() => sidecar.open.size === 0)
})

t.test("the sidecar's own failures are statuses of gRPC", async (t) => {
  const { inbound, metric } = await inFrontOf(t, `127.0.0.1:${await freePort()}`)
  const client = grpcClient(t, inbound)
  t.match(await failureOf(unary(client, 'hello')), { code: codes.UNAVAILABLE, details: /could not be reached/ })
  const call = chat(client)
  const [error] = (await once(call, 'error')) as [ServiceError]
  t.equal(error.code, codes.UNAVAILABLE)
  t.equal(await metric('istio_requests_total', { grpc_response_status: '14', response_code: '200', response_flags: 'UF' }), 2)
})

t.test('a service of gRPC by name, from outbound', async (t) => {
  const origin = await grpcOrigin(t)
  const { outbound } = await startSidecar(t, {
    listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
    services: [{ name: 'echo', namespace: 'shop', port: 80, protocol: 'grpc', endpoints: [{ address: origin.address }] }],
  })
  t.equal(await unary(grpcClient(t, outbound, 'echo.shop'), 'hello'), 'hello')
  t.match(await failureOf(unary(grpcClient(t, outbound, 'nobody.invalid:1'), 'hello')), { code: codes.UNAVAILABLE })
})

t.test('a timeout of the route ends a call that is not answered, and no stream that has begun', async (t) => {
  const origin = await grpcOrigin(t)
  const { outbound, metric } = await startSidecar(t, {
    listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
    services: [{ name: 'echo', namespace: 'shop', port: 80, protocol: 'grpc', endpoints: [{ address: origin.address }] }],
    routes: [{ name: 'r', hosts: ['echo.shop'], services: [{ service: 'echo.shop' }], timeouts: { request: '400ms' } }],
  })
  const client = grpcClient(t, outbound, 'echo.shop')
  const call = chat(client)
  const begun = performance.now()
  call.write('one')
  t.same(await once(call, 'data'), ['one'])
  t.match(await failureOf(unary(client, 'hang')), { code: codes.DEADLINE_EXCEEDED })
  await eventually(() => performance.now() - begun > 800)
  call.write('two')
  t.same(await once(call, 'data'), ['two'])
  call.end()
  const [{ code }] = await once(call, 'status')
  t.equal(code, codes.OK)
  await eventually(async () => (await metric('istio_requests_total', { response_flags: 'UT', grpc_response_status: '4' })) === 1)
})

t.test('gRPC-Web is HTTP like any other', async (t) => {
  const origin = await httpOrigin(t, (request, response) => {
    response.writeHead(200, { 'content-type': request.headers['content-type'], 'grpc-status': '5' })
    request.pipe(response)
  })
  const { inbound, metric } = await inFrontOf(t, origin.address)
  for (const type of ['application/grpc-web+proto', 'application/grpc-web-text']) {
    const reply = await fetch(`http://127.0.0.1:${inbound}/`, { method: 'POST', headers: { 'content-type': type }, body: 'abc' })
    t.match([reply.status, reply.headers.get('content-type'), await reply.text()], [200, type, 'abc'])
  }
  await eventually(async () => (await metric('istio_requests_total', { request_protocol: 'http' })) === 2)
  t.equal(await metric('istio_request_messages_total'), 0)
  const { inbound: broken } = await inFrontOf(t, `127.0.0.1:${await freePort()}`)
  const headers = { 'content-type': 'application/grpc-web' }
  const failure = await fetch(`http://127.0.0.1:${broken}/`, { method: 'POST', headers, body: 'abc' })
  t.equal(failure.status, 503)
})
