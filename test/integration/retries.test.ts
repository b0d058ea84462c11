// Retries, timeouts and hedging through a whole sidecar, with applications that misbehave, over HTTP/1.1 and HTTP/2 alike.
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { askHttp2, connectHttp2 } from '../support/h2-node.ts'
import { type Behaviour, type ScriptedOrigin, scriptedOrigin } from '../support/scripted-origin.ts'
import { startSidecar, type TestSidecar } from '../support/sidecar.ts'

interface Setting {
  readonly route?: Record<string, unknown>
  readonly service?: Record<string, unknown>
}

interface World extends TestSidecar {
  readonly origins: readonly ScriptedOrigin[]
  /** Requests of all origins together. */
  readonly seen: () => number
  readonly ask: (options?: { method?: string; headers?: Record<string, string>; body?: string }) => Promise<{
    status: number
    headers: Record<string, unknown>
    body: string
    trailers: Record<string, unknown>
  }>
}

/** A sidecar before these origins; `behaviours`: of each of them. */
async function world(
  t: Test,
  version: 'http' | 'http2',
  behaviours: readonly (readonly Behaviour[])[],
  { route = {}, service = {} }: Setting = {},
): Promise<World> {
  const origins: ScriptedOrigin[] = []
  for (const own of behaviours) origins.push(await scriptedOrigin(t, version, ...own))
  const endpoints = origins.map(({ address }) => ({ address }))
  const sidecar = await startSidecar(t, {
    listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
    services: [{ name: 'catalog', port: 80, protocol: version, endpoints, balance: 'round_robin', ...service }],
    routes: [{ name: 'all', hosts: ['catalog'], services: [{ service: 'catalog' }], ...route }],
  })
  const session = connectHttp2(t, sidecar.outbound)
  const ask: World['ask'] = async ({ method = 'GET', headers = {}, body } = {}) => {
    const request = { ':path': '/', ':method': method, ':authority': 'catalog', ...headers }
    const reply = await askHttp2(session, request, body === undefined ? [] : [Buffer.from(body)])
    return {
      status: Number(reply.headers[':status']),
      headers: reply.headers,
      body: reply.body.toString(),
      trailers: { ...reply.trailers },
    }
  }
  return { ...sidecar, origins, ask, seen: () => origins.reduce((sum, { requests }) => sum + requests.length, 0) }
}

const QUICK = { base: '1ms' }
const OK = { status: 200, body: 'fine' }

interface Scene {
  readonly name: string
  readonly only?: 'http' | 'http2'
  /** Of the single origin. */
  readonly script: readonly Behaviour[]
  readonly setting?: Setting
  readonly request?: { method?: string; headers?: Record<string, string>; body?: string }
  readonly status: number
  readonly attempts: number
}

const RETRY_5XX = { retry: { on: ['5xx'], backoff: QUICK } }

const SCENES: readonly Scene[] = [
  { name: 'without a route policy, a GET that was reset is sent again', script: ['reset', OK], status: 200, attempts: 2 },
  {
    name: 'a POST that was reset is not',
    script: ['reset', OK],
    request: { method: 'POST', body: 'x' },
    status: 503,
    attempts: 1,
  },
  {
    name: 'a POST that was reset is, when asked for',
    script: ['reset', OK],
    setting: { route: { retry: { on: ['reset'], nonIdempotent: true, backoff: QUICK } } },
    request: { method: 'POST', body: 'x' },
    status: 200,
    attempts: 2,
  },
  {
    name: 'a POST that was provably not processed is sent again',
    only: 'http2',
    script: ['refuse', OK],
    request: { method: 'POST', body: 'x' },
    status: 200,
    attempts: 2,
  },
  {
    name: 'a POST to which a sidecar says that nobody processed it is sent again',
    script: [{ status: 503, headers: { 'x-outrigger-unprocessed': '1' } }, OK],
    request: { method: 'POST', body: 'x' },
    status: 200,
    attempts: 2,
  },
  { name: 'without a policy, an answer is an answer', script: [{ status: 503 }, OK], status: 503, attempts: 1 },
  { name: '5xx', script: [{ status: 500, body: 'no' }, OK], setting: { route: RETRY_5XX }, status: 200, attempts: 2 },
  {
    name: 'as often as allowed, then the last answer',
    script: [{ status: 500 }, { status: 502 }, { status: 504 }, OK],
    setting: { route: RETRY_5XX },
    status: 504,
    attempts: 3,
  },
  {
    name: 'a gateway error, but not any other',
    script: [{ status: 503 }, { status: 500 }, OK],
    setting: { route: { retry: { on: ['gateway-error'], backoff: QUICK } } },
    status: 500,
    attempts: 2,
  },
  {
    name: 'statuses of the own list',
    script: [{ status: 404 }, OK],
    setting: { route: { retry: { on: ['retriable-status-codes'], statusCodes: [404], backoff: QUICK } } },
    status: 200,
    attempts: 2,
  },
  {
    name: 'fields of a response',
    script: [{ status: 200, headers: { 'x-try': 'again' } }, OK],
    setting: { route: { retry: { on: ['retriable-headers'], headers: { 'X-Try': { exact: 'again' } }, backoff: QUICK } } },
    status: 200,
    attempts: 2,
  },
  {
    name: 'one attempt in all means no retry',
    script: [{ status: 500 }, OK],
    setting: { route: { retry: { on: ['5xx'], attempts: 1 } } },
    status: 500,
    attempts: 1,
  },
  {
    name: 'a request that is a retry already is not repeated again',
    script: [{ status: 500 }, OK],
    setting: { route: RETRY_5XX },
    request: { headers: { 'x-envoy-attempt-count': '2' } },
    status: 500,
    attempts: 1,
  },
  {
    name: 'an attempt that takes too long is repeated',
    script: ['hang', OK],
    setting: { route: { timeouts: { attempt: '150ms' }, retry: { on: ['5xx'], backoff: QUICK } } },
    status: 200,
    attempts: 2,
  },
  {
    name: 'what takes too long in all is not',
    script: ['hang', OK],
    setting: { route: { timeouts: { request: '150ms' }, ...RETRY_5XX } },
    status: 504,
    attempts: 1,
  },
  {
    name: 'a response that has begun is cut, not repeated',
    script: ['truncate', OK],
    setting: { route: { retry: { on: ['5xx', 'reset'], backoff: QUICK } } },
    status: 0,
    attempts: 1,
  },
  {
    name: 'Retry-After beyond what is allowed: the answer stands',
    script: [{ status: 503, headers: { 'retry-after': '3600' } }, OK],
    setting: { route: RETRY_5XX },
    status: 503,
    attempts: 1,
  },
  {
    name: 'hedging: the slow attempt is overtaken',
    script: ['hang', OK],
    setting: { route: { hedge: { after: '50ms' } } },
    status: 200,
    attempts: 2,
  },
  {
    name: 'hedging: a poor answer waits for a better one',
    script: [
      { status: 500, afterMs: 150 },
      { status: 200, afterMs: 400, body: 'fine' },
    ],
    setting: { route: { hedge: { after: '50ms' }, retry: { on: ['5xx'], attempts: 2, backoff: QUICK } } },
    status: 200,
    attempts: 2,
  },
]

for (const version of ['http', 'http2'] as const) {
  for (const { name, only, script, setting, request, status, attempts } of SCENES) {
    if (only !== undefined && only !== version) continue
    t.test(`${version}: ${name}`, async (t) => {
      const { ask, seen } = await world(t, version, [script], setting)
      const got = await ask(request).catch(() => ({ status: 0 }))
      t.equal(got.status, status)
      t.equal(seen(), attempts)
    })
  }

  t.test(`${version}: the body is sent again whole, the attempt is counted, another endpoint is preferred`, async (t) => {
    const { ask, origins } = await world(t, version, [[{ status: 500 }], [{ status: 500 }]], { route: RETRY_5XX })
    const body = 'x'.repeat(50_000)
    t.equal((await ask({ method: 'PUT', body })).status, 500)
    const [first, second] = origins as [ScriptedOrigin, ScriptedOrigin]
    t.equal(first.requests.length + second.requests.length, 3)
    t.ok(first.requests.length >= 1 && second.requests.length >= 1, 'both were asked')
    const all = [...first.requests, ...second.requests]
    t.ok(all.every((request) => request.body === body))
    t.same(all.map(({ headers }) => String(headers['x-envoy-attempt-count'])).sort(), ['2', '3', 'undefined'])
  })

  t.test(`${version}: an answer before the body is complete: the next attempt still gets all of it`, async (t) => {
    const { ask, origins } = await world(t, version, [[{ status: 500, early: true }, OK]], { route: RETRY_5XX })
    const body = 'y'.repeat(30_000)
    t.equal((await ask({ method: 'PUT', body })).status, 200)
    t.equal(origins[0]?.requests[1]?.body, body)
  })

  t.test(`${version}: a body that is too large to keep is sent once`, async (t) => {
    const route = { retry: { on: ['5xx'], bodyBytes: 10, backoff: QUICK } }
    const { ask, seen } = await world(t, version, [[{ status: 500 }, OK]], { route })
    t.equal((await ask({ method: 'PUT', body: 'eleven byte' })).status, 500)
    t.equal(seen(), 1)
  })

  t.test(`${version}: a gRPC status is repeated, in the head and in trailers before any message, not after one`, async (t) => {
    const grpc = { 'content-type': 'application/grpc' }
    const route = { retry: { on: ['unavailable'], backoff: QUICK } }
    const message = '\0\0\0\0\u0001x'
    for (const [name, first, attempts] of [
      ['head', { status: 200, headers: { ...grpc, 'grpc-status': '14' } }, 2],
      ['trailers', { status: 200, headers: grpc, trailers: { 'grpc-status': '14' } }, 2],
      ['after a message', { status: 200, headers: grpc, body: message, trailers: { 'grpc-status': '14' } }, 1],
      ['another status', { status: 200, headers: grpc, trailers: { 'grpc-status': '5' } }, 1],
    ] as const) {
      const good = { status: 200, headers: grpc, body: message, trailers: { 'grpc-status': '0' } }
      const { ask, seen } = await world(t, version, [[first, good]], { route })
      const { trailers } = await ask({ method: 'POST', headers: { ...grpc, te: 'trailers' }, body: message })
      t.equal(seen(), attempts, name)
      if (attempts === 2) t.equal(trailers['grpc-status'], '0', name)
    }
  })

  t.test(`${version}: the time that is left is told to whoever is called`, async (t) => {
    const { ask, origins } = await world(t, version, [[OK]], { route: { timeouts: { request: '2s' } } })
    await ask()
    await ask({ method: 'POST', headers: { 'content-type': 'application/grpc', 'grpc-timeout': '1S' } })
    const [plain, grpc] = (origins[0] as ScriptedOrigin).requests
    const left = Number(plain?.headers['x-envoy-expected-rq-timeout-ms'])
    t.ok(left > 0 && left <= 2000, `${left} of 2000 ms`)
    const text = String(grpc?.headers['grpc-timeout'])
    t.match(text, /^\d+m$/)
    t.ok(Number.parseInt(text, 10) <= 1000, text)
  })

  t.test(`${version}: a gRPC call is held to the time that its caller gave it`, async (t) => {
    const { ask } = await world(t, version, [['hang']])
    const headers = { 'content-type': 'application/grpc', 'grpc-timeout': '100m' }
    t.equal((await ask({ method: 'POST', headers })).headers['grpc-status'], '4')
  })

  t.test(`${version}: the budget holds retries down while everything fails`, async (t) => {
    const { ask, seen, metric } = await world(t, version, [[{ status: 503, afterMs: 20 }]], {
      route: { retry: { on: ['5xx'], backoff: { base: '20ms' } } },
    })
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask()))
    t.ok(answers.every(({ status }) => status === 503))
    t.ok(seen() <= 100 * 1.45, `${seen()} attempts for 100 requests, where there could be 300`)
    t.ok((await metric('outrigger_retry_overflows_total', { service: 'catalog.default:80' })) > 0)
    t.equal(await metric('outrigger_upstream_active_retries', { service: 'catalog.default:80' }), 0)
  })

  t.test(`${version}: an event stream is cut by silence, not by the request timeout`, async (t) => {
    const head = { status: 200, headers: { 'content-type': 'text/event-stream' }, body: 'data: 1\n\n', open: true }
    const { ask, metric } = await world(t, version, [[head]], {
      route: { timeouts: { request: '100ms', streamIdle: '600ms' } },
    })
    const startMs = performance.now()
    await ask().catch(() => {})
    t.ok(performance.now() - startMs > 350, 'it outlived the request timeout')
    await eventually(async () => (await metric('outrigger_failures_total', { code: 'upstream_idle' })) === 1)
  })
}

t.test('what can not be reached is tried elsewhere at once, whatever the method, and then avoided', async (t) => {
  const { ask, origins, metric } = await world(t, 'http', [[OK], [OK]])
  await (origins[0] as ScriptedOrigin).close()
  for (let i = 0; i < 20; i++) t.equal((await ask({ method: 'POST', body: 'x' })).status, 200)
  t.ok((await metric('outrigger_upstream_connect_failures_total')) < 10, 'few had to find out')
})

t.test('outlier detection and its end are told by metric', async (t) => {
  const { ask, origins, metric } = await world(t, 'http', [[{ status: 500 }], [OK]], {
    service: { outlierDetection: { consecutive5xx: 2, interval: '100ms', baseEjection: '100ms' } },
  })
  await eventually(async () => {
    await ask()
    return (await metric('outrigger_upstream_endpoint_events_total', { event: 'ejected' })) > 0
  })
  const [bad] = origins as [ScriptedOrigin]
  bad.script(OK)
  await eventually(async () => (await metric('outrigger_upstream_endpoints', { state: 'ready' })) === 2)
})

t.test('an open breaker answers by itself, with its own code', async (t) => {
  const { ask, seen } = await world(t, 'http', [[{ status: 500 }]], { service: { breaker: { volume: 3, reset: '1m' } } })
  for (let i = 0; i < 3; i++) t.equal((await ask()).status, 500)
  const { status, body } = await ask()
  t.equal(status, 503)
  t.match(body, /"error":"breaker_open"/)
  t.equal(seen(), 3)
})

t.test('requests of a caller stay with one endpoint, by cookie, which is made where there is none', async (t) => {
  const { ask, origins } = await world(t, 'http', [[OK], [OK], [OK], [OK]], {
    service: { balance: 'ring_hash', hash: { cookie: { name: 'sticky', ttl: '1h', path: '/' } } },
  })
  const { headers } = await ask()
  const [cookie] = String(headers['set-cookie']).split(';') as [string]
  t.match(String(headers['set-cookie']), /^sticky=[0-9a-f]{32}; Max-Age=3600; Path=\/; HttpOnly$/)
  for (let i = 0; i < 10; i++) t.notOk((await ask({ headers: { cookie } })).headers['set-cookie'])
  t.same(
    origins.map(({ requests }) => requests.length).sort((a, b) => a - b),
    [0, 0, 0, 11],
  )
})

t.test('a route to a subset uses its endpoints alone; where it has none, what its fallback says', async (t) => {
  const origins = [await scriptedOrigin(t, 'http', OK), await scriptedOrigin(t, 'http', OK)]
  const [first, second] = origins as [ScriptedOrigin, ScriptedOrigin]
  const service = {
    name: 'catalog',
    port: 80,
    endpoints: [
      { address: first.address, labels: { version: 'v1' } },
      { address: second.address, labels: { version: 'v2' } },
    ],
    subsets: [
      { name: 'v2', labels: { version: 'v2' } },
      { name: 'v3', labels: { version: 'v3' } },
      { name: 'v4', labels: { version: 'v4' }, fallback: 'any' },
    ],
  }
  const routes = ['v2', 'v3', 'v4'].map((subset) => ({
    name: subset,
    hosts: [subset],
    services: [{ service: 'catalog', subset }],
  }))
  const { outbound } = await startSidecar(t, {
    listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
    services: [service],
    routes,
  })
  const session = connectHttp2(t, outbound)
  const ask = async (host: string) => Number((await askHttp2(session, { ':path': '/', ':authority': host })).headers[':status'])
  for (let i = 0; i < 4; i++) t.equal(await ask('v2'), 200)
  t.same([first.requests.length, second.requests.length], [0, 4])
  t.equal(await ask('v3'), 503)
  t.equal(await ask('v4'), 200)
})

for (const version of ['http', 'http2'] as const) {
  t.test(`${version}: a connection carries as many requests as it may, and then leaves without losing any`, async (t) => {
    const { ask, origins } = await world(t, version, [[OK]], { service: { limits: { requestsPerConnection: 2 } } })
    for (let i = 0; i < 6; i++) t.equal((await ask()).status, 200)
    t.equal(origins[0]?.connections(), 3)
  })
}

t.test('an endpoint gets no more requests at once than it may', async (t) => {
  const slow = { status: 200, afterMs: 300 }
  const { ask, origins } = await world(t, 'http', [[slow], [slow]], { service: { limits: { endpoint: { requests: 2 } } } })
  const statuses = (await Promise.all(Array.from({ length: 6 }, () => ask()))).map(({ status }) => status)
  t.same(
    statuses.sort((a, b) => a - b),
    [200, 200, 200, 200, 503, 503],
  )
  t.same(
    origins.map(({ requests }) => requests.length),
    [2, 2],
  )
})
