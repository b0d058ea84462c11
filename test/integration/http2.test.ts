// HTTP/2 from end to end: a whole sidecar between callers and applications of either version.
import { once } from 'node:events'
import http from 'node:http'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { askHttp2, connectHttp2, http2Origin } from '../support/h2-node.ts'
import { httpOrigin } from '../support/origin.ts'
import { startSidecar, type TestSidecar } from '../support/sidecar.ts'

interface Answer {
  readonly status: number
  readonly body: string
  readonly trailers: Record<string, unknown>
}

/** A request with a body and trailers, in either version. */
type Ask = (path: string, body: Buffer, trailers: Record<string, string>) => Promise<Answer>

function overHttp1(t: Test, port: number): Ask {
  const agent = new http.Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  return (path, body, trailers) =>
    new Promise((resolve, reject) => {
      const headers = { te: 'trailers', trailer: Object.keys(trailers).join(',') }
      const request = http.request({ port, path, method: 'POST', agent, headers }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(parts).toString(),
            trailers: response.trailers,
          })
        })
      })
      request.on('error', reject)
      request.write(body)
      request.addTrailers(trailers)
      request.end()
    })
}

function overHttp2(t: Test, port: number): Ask {
  const session = connectHttp2(t, port)
  return async (path, body, trailers) => {
    const reply = await askHttp2(session, { ':path': path, ':method': 'POST' }, [body], trailers)
    return { status: reply.headers[':status'] ?? 0, body: reply.body.toString(), trailers: { ...reply.trailers } }
  }
}

/** Applications that give back what they got, body and trailers. */
async function echo1(t: Test): Promise<number> {
  const origin = await httpOrigin(t, (request, response) => {
    response.writeHead(200, { trailer: 'x-sum' })
    request.on('data', (part) => response.write(part))
    request.on('end', () => {
      response.addTrailers({ 'x-sum': request.trailers['x-sum'] ?? 'none' })
      response.end()
    })
  })
  return origin.port
}

async function echo2(t: Test): Promise<number> {
  const origin = await http2Origin(t, (stream) => {
    let sum = 'none'
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('trailers', (trailers) => {
      sum = String(trailers['x-sum'])
    })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': sum }))
    stream.on('data', (part) => stream.write(part))
    stream.on('end', () => stream.end())
  })
  return origin.port
}

function between(t: Test, app: number, appProtocol: string, more: Record<string, unknown> = {}): Promise<TestSidecar> {
  return startSidecar(t, { listeners: { inbound: [{ listen: '127.0.0.1:0', app: `127.0.0.1:${app}`, appProtocol }] }, ...more })
}

for (const [caller, ask] of [
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
] as const) {
  for (const [app, open, appProtocol] of [
    ['HTTP/1.1', echo1, 'http'],
    ['HTTP/2', echo2, 'http2'],
  ] as const) {
    t.test(`a caller of ${caller} and an application of ${app}: bodies and trailers go both ways`, async (t) => {
      const { inbound, metric } = await between(t, await open(t), appProtocol)
      const request = ask(t, inbound)
      const large = Buffer.alloc(300_000, 'outrigger')
      const small = await request('/a', Buffer.from('hello'), { 'x-sum': '1' })
      t.match(small, { status: 200, body: 'hello', trailers: { 'x-sum': '1' } })
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => request(`/${i}`, large, { 'x-sum': `${i}` })))
      for (const [i, { body, trailers }] of answers.entries()) {
        t.equal(body.length, large.length)
        t.match(trailers, { 'x-sum': `${i}` })
      }
      await eventually(async () => (await metric('istio_requests_total', { response_code: '200' })) === 21)
    })
  }
}

t.test('what the application speaks, where nobody has said it', async (t) => {
  const app1 = await httpOrigin(t)
  const app2 = await http2Origin(t)
  const first = await between(t, app1.port, 'auto')
  t.equal((await overHttp1(t, first.inbound)('/', Buffer.alloc(0), {})).status, 200, 'an HTTP/1.1 caller')
  const second = await between(t, app2.port, 'auto')
  t.equal((await overHttp2(t, second.inbound)('/', Buffer.alloc(0), {})).status, 200, 'an HTTP/2 caller')
  t.equal((await overHttp2(t, first.inbound)('/', Buffer.alloc(0), {})).status, 502, 'who speaks HTTP/2 to what does not')
})

t.test('a second connection when the endpoint takes no more streams on the first', async (t) => {
  let most = 0
  const origin = await http2Origin(
    t,
    (stream) => {
      most = Math.max(most, origin.sessions.size)
      setImmediate(() => stream.respond({ ':status': 200 }, { endStream: true }))
    },
    { settings: { maxConcurrentStreams: 4 } },
  )
  const { inbound, metric } = await between(t, origin.port, 'http2')
  const session = connectHttp2(t, inbound)
  // what it takes is known from now on
  t.equal((await askHttp2(session, { ':path': '/' })).headers[':status'], 200)
  const replies = await Promise.all(Array.from({ length: 10 }, () => askHttp2(session, { ':path': '/' })))
  t.same(new Set(replies.map(({ headers }) => headers[':status'])), new Set([200]))
  t.equal(most, 3)
  t.equal(await metric('outrigger_upstream_connects_total'), 3)
})

t.test('an endpoint that goes away costs no request', async (t) => {
  const origin = await http2Origin(t, (stream) => {
    stream.respond({ ':status': 200 })
    stream.end('ok')
  })
  const { inbound } = await between(t, origin.port, 'http2')
  const session = connectHttp2(t, inbound)
  const statuses: unknown[] = []
  for (let round = 0; round < 10; round++) {
    const asked = Array.from({ length: 20 }, () => askHttp2(session, { ':path': '/' }))
    for (const one of origin.sessions) one.close()
    for (const { headers } of await Promise.all(asked)) statuses.push(headers[':status'])
  }
  t.same(new Set(statuses), new Set([200]))
  t.equal(statuses.length, 200)
})

t.test('a listener of HTTP/2 alone cuts who speaks anything else', async (t) => {
  const origin = await httpOrigin(t)
  const listen = { listen: '127.0.0.1:0', app: origin.address, protocol: 'http2' }
  const { inbound } = await startSidecar(t, { listeners: { inbound: [listen] } })
  t.equal((await askHttp2(connectHttp2(t, inbound), { ':path': '/' })).headers[':status'], 502)
  const request = http.get({ port: inbound })
  const [error] = await once(request, 'error')
  t.ok(error)
})

t.test('a service that speaks HTTP/2, from outbound', async (t) => {
  const origin = await http2Origin(t)
  const service = { name: 'catalog', namespace: 'shop', port: 80, endpoints: [{ address: origin.address }] }
  for (const protocol of ['http2', 'grpc', 'auto']) {
    const { outbound } = await startSidecar(t, {
      listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
      services: [{ ...service, protocol }],
    })
    const reply = await askHttp2(connectHttp2(t, outbound), { ':path': '/', ':authority': 'catalog.shop' })
    t.equal(JSON.parse(reply.body.toString()).headers[':authority'], 'catalog.shop', protocol)
  }
})
