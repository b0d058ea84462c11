// What routes do, with real requests: one table, over HTTP/1.1 and over HTTP/2.
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { type Answered, type Asked, routeScene, type Seen } from '../support/route-scenes.ts'

interface Scene {
  readonly name: string
  readonly routes: readonly object[]
  readonly asks: readonly (readonly [Asked, { readonly seen?: Partial<Seen> | undefined } & Partial<Omit<Answered, 'seen'>>])[]
}

const TO_A = { services: [{ service: 'a.shop' }] }

const SCENES: readonly Scene[] = [
  {
    name: 'a redirect',
    routes: [
      { matches: [{ path: { prefix: '/old' } }, { path: { exact: '/alt' } }], redirect: { prefix: '/new', status: 308 } },
      { matches: [{ path: { prefix: '/tls' } }], redirect: { scheme: 'https', status: 301 } },
      { matches: [{ path: { prefix: '/port' } }], redirect: { port: 8443, host: 'b.shop', path: '/x' } },
      { matches: [{ path: { prefix: '/usual' } }], redirect: { port: 80, status: 307 } },
    ],
    asks: [
      [{ path: '/old/a?b=1' }, { status: 308, headers: { location: 'http://a.shop/new/a?b=1' }, text: '', seen: undefined }],
      [
        { path: '/old', host: 'a.shop:8080' },
        { status: 308, headers: { location: 'http://a.shop:8080/new' } },
      ],
      [{ path: '/alt' }, { status: 308, headers: { location: 'http://a.shop/new' } }],
      [
        { path: '/tls', host: 'a.shop:8080' },
        { status: 301, headers: { location: 'https://a.shop/tls' } },
      ],
      [{ path: '/port/a?b' }, { status: 302, headers: { location: 'http://b.shop:8443/x?b' } }],
      [
        { path: '/usual', host: 'a.shop:8080' },
        { status: 307, headers: { location: 'http://a.shop/usual' } },
      ],
    ],
  },
  {
    name: 'a fixed reply',
    routes: [
      {
        matches: [{ path: { exact: '/gone' } }],
        reply: { status: 410, body: 'göne', headers: { 'x-why': 'moved' } },
        responseHeaders: { set: { 'x-by': 'route' } },
      },
      { matches: [{ path: { exact: '/none' } }], reply: { status: 204 } },
      {
        matches: [{ path: { exact: '/json' } }],
        reply: { status: 200, body: '{}', headers: { 'Content-Type': 'application/json' } },
      },
    ],
    asks: [
      [
        { path: '/gone', method: 'POST', body: 'hello' },
        {
          status: 410,
          text: 'göne',
          headers: { 'content-type': 'text/plain', 'x-why': 'moved', 'x-by': 'route', 'content-length': '5' },
        },
      ],
      [
        { path: '/gone', method: 'HEAD' },
        { status: 410, text: '', headers: { 'content-length': '5' } },
      ],
      [{ path: '/none' }, { status: 204, text: '' }],
      [{ path: '/json' }, { status: 200, text: '{}', headers: { 'content-type': 'application/json' } }],
      [
        { path: '/gone', method: 'POST', headers: { 'content-type': 'application/grpc', te: 'trailers' } },
        { status: 200, text: '', headers: { 'grpc-status': '2', 'grpc-message': 'g%C3%B6ne' } },
      ],
    ],
  },
  {
    name: 'a rewrite',
    routes: [
      {
        ...TO_A,
        matches: [{ path: { prefix: '/pre' } }, { path: { exact: '/whole' } }],
        rewrite: { prefix: '/p', host: 'inner.shop:81' },
      },
      { ...TO_A, matches: [{ path: { prefix: '/strip/' } }], rewrite: { prefix: '/' } },
      { ...TO_A, matches: [{ path: { prefix: '/full' } }], rewrite: { path: '/é' } },
      {
        ...TO_A,
        matches: [{ path: { regex: '/re/.*' } }],
        rewrite: { regex: { pattern: '^/re/([^/]+)/(.*)', replacement: '/\\2/\\1' } },
      },
      { ...TO_A, matches: [{ path: { prefix: '/dots' } }], rewrite: { regex: { pattern: '^/dots|x', replacement: '/' } } },
      { ...TO_A, matches: [{ path: { prefix: '/cut' } }], rewrite: { regex: { pattern: '_', replacement: '' } } },
    ],
    asks: [
      [
        { path: '/pre/a?q=/pre' },
        { seen: { path: '/p/a?q=/pre', host: 'inner.shop:81', headers: { 'x-envoy-original-path': '/pre/a?q=/pre' } } },
      ],
      [{ path: '/pre?q' }, { seen: { path: '/p?q' } }],
      [{ path: '/whole' }, { seen: { path: '/p' } }],
      [{ path: '/strip/a' }, { seen: { path: '/a', host: 'a.shop' } }],
      [{ path: '/strip' }, { seen: { path: '/' } }],
      [{ path: '/full/a/b?c' }, { seen: { path: '/%C3%A9?c' } }],
      [{ path: '/re/a/b/c' }, { seen: { path: '/b/c/a' } }],
      // what would be read in two ways is not sent
      [{ path: '/dots/a' }, { status: 400, seen: undefined }],
      [{ path: '/cut/a/._./b' }, { seen: { path: '/cut/b' } }],
    ],
  },
  {
    name: 'a rewrite for one service',
    routes: [
      {
        services: [{ service: 'a.shop', rewrite: { prefix: '/own' } }],
        matches: [{ path: { prefix: '/one' } }, { path: { prefix: '/another' } }],
        rewrite: { path: '/of-the-route' },
      },
      {
        services: [
          { service: 'a.shop', rewrite: { path: '/z' } },
          { service: 'b.shop', weight: 0 },
        ],
        matches: [{ path: { prefix: '/full' } }],
      },
    ],
    asks: [
      [{ path: '/one/x' }, { seen: { path: '/own/x' } }],
      [{ path: '/another/x?q' }, { seen: { path: '/own/x?q' } }],
      [{ path: '/full/x' }, { seen: { path: '/z' } }],
    ],
  },
  {
    name: 'header fields of a route and of its service',
    routes: [
      {
        services: [
          {
            service: 'b.shop',
            host: 'told.b',
            requestHeaders: { set: { 'x-a': 'service' }, add: { 'x-b': '2' } },
            responseHeaders: { set: { 'x-r': 'service', 'x-s': 'service' } },
          },
        ],
        requestHeaders: { set: { 'x-a': 'route' }, add: { 'x-b': '1' }, remove: ['x-c'] },
        responseHeaders: { set: { 'x-r': 'route' }, remove: ['x-seen-not'] },
      },
    ],
    asks: [
      [
        { headers: { 'x-c': 'secret' } },
        {
          headers: { 'x-r': 'route', 'x-s': 'service' },
          seen: { service: 'b', host: 'told.b', headers: { 'x-a': 'service', 'x-b': '1, 2' } },
        },
      ],
    ],
  },
  {
    name: 'cross-origin calls',
    routes: [{ ...TO_A, cors: { origins: [{ exact: 'https://web.example' }], methods: ['PUT'], maxAge: '10s' } }],
    asks: [
      [
        { method: 'OPTIONS', headers: { origin: 'https://web.example', 'access-control-request-method': 'PUT' } },
        {
          status: 204,
          seen: undefined,
          headers: {
            'access-control-allow-origin': 'https://web.example',
            'access-control-allow-methods': 'PUT',
            'access-control-max-age': '10',
          },
        },
      ],
      [
        { method: 'OPTIONS', headers: { origin: 'https://evil.example', 'access-control-request-method': 'PUT' } },
        { status: 204, seen: undefined },
      ],
      [
        { headers: { origin: 'https://web.example' } },
        { seen: { service: 'a' }, headers: { 'access-control-allow-origin': 'https://web.example', vary: 'origin' } },
      ],
      [{ method: 'OPTIONS' }, { seen: { method: 'OPTIONS' } }],
    ],
  },
  {
    name: 'faults on purpose',
    routes: [
      {
        ...TO_A,
        matches: [{ path: { exact: '/abort' } }],
        fault: { abort: { status: 418 } },
        cors: { origins: [{ wildcard: '*' }] },
      },
      { ...TO_A, matches: [{ path: { exact: '/grpc' } }], fault: { abort: { grpcStatus: 9 } } },
      { ...TO_A, matches: [{ path: { exact: '/delay' } }], fault: { delay: { time: '20ms' } } },
      { ...TO_A, fault: { byHeader: true } },
    ],
    asks: [
      [
        { path: '/abort', method: 'POST', body: 'hello', headers: { origin: 'https://a' } },
        { status: 418, seen: undefined, headers: { 'access-control-allow-origin': 'https://a' } },
      ],
      [
        { path: '/grpc', method: 'POST', headers: { 'content-type': 'application/grpc', te: 'trailers' } },
        { status: 200, seen: undefined, headers: { 'grpc-status': '9' } },
      ],
      [{ path: '/grpc' }, { status: 503, seen: undefined }],
      [
        { path: '/delay', method: 'POST', body: 'hello' },
        { status: 200, seen: { body: 'hello' } },
      ],
      [{ headers: { 'x-envoy-fault-abort-request': '507' } }, { status: 507, seen: undefined }],
      [{}, { seen: { service: 'a' } }],
    ],
  },
  {
    name: 'a limit of requests',
    routes: [
      {
        ...TO_A,
        rateLimits: [
          { requests: 2, per: '1h', by: { header: 'X-User' } },
          { requests: 100, per: '1h' },
        ],
      },
    ],
    asks: [
      [
        { headers: { 'x-user': 'a' } },
        {
          status: 200,
          headers: { 'x-ratelimit-limit': '2, 2;w=3600', 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '1800' },
        },
      ],
      [{ headers: { 'x-user': 'a' } }, { status: 200, headers: { 'x-ratelimit-remaining': '0' } }],
      [
        { headers: { 'x-user': 'a' } },
        {
          status: 429,
          seen: undefined,
          headers: { 'x-ratelimit-remaining': '0', 'retry-after': '1800', 'x-envoy-ratelimited': 'true' },
        },
      ],
      [{ headers: { 'x-user': 'b' } }, { status: 200 }],
      [
        { method: 'POST', headers: { 'x-user': 'a', 'content-type': 'application/grpc', te: 'trailers' } },
        { status: 200, seen: undefined, headers: { 'grpc-status': '8' } },
      ],
    ],
  },
  {
    name: 'a limit of body bytes',
    routes: [{ ...TO_A, maxRequestBytes: 10 }],
    asks: [
      [
        { method: 'POST', body: '0123456789', headers: { 'content-length': '10' } },
        { status: 200, seen: { body: '0123456789' } },
      ],
      [
        { method: 'POST', body: '0123456789x', headers: { 'content-length': '11' } },
        { status: 413, seen: undefined },
      ],
      [
        { method: 'POST', body: '0123456789' },
        { status: 200, seen: { body: '0123456789' } },
      ],
      [
        { method: 'POST', body: '0123456789x' },
        { status: 413, seen: undefined },
      ],
      [{ method: 'GET' }, { status: 200 }],
    ],
  },
  {
    name: 'a limit of body bytes for a request that was held',
    routes: [{ ...TO_A, maxRequestBytes: 10, fault: { delay: { time: '30ms' } } }],
    asks: [
      [
        { method: 'POST', body: '0123456789x' },
        { status: 413, seen: undefined },
      ],
      [
        { method: 'POST', body: '0123456789' },
        { status: 200, seen: { body: '0123456789' } },
      ],
    ],
  },
]

for (const version of ['HTTP/1.1', 'HTTP/2'] as const) {
  for (const { name, routes, asks } of SCENES) {
    t.test(`${name}, over ${version}`, async (t) => {
      const named = routes.map((route, i) => ({ name: `r${i}`, hosts: ['a.shop'], ...route }))
      const { ask } = await routeScene(t, version, { routes: named })
      for (const [asked, answer] of asks) {
        const got = await ask(asked)
        t.match(got, answer.seen === undefined ? { ...answer } : answer, JSON.stringify(asked))
        if ('seen' in answer && answer.seen === undefined) t.equal(got.seen, undefined)
        t.notOk(got.seen?.headers['x-c'])
      }
    })
  }

  t.test(`what was held on purpose has a flag, and is no failure, over ${version}`, async (t) => {
    const { ask, sidecar } = await routeScene(t, version, {
      routes: [{ name: 'r', hosts: ['a.shop'], ...TO_A, fault: { delay: { time: '5ms' } } }],
    })
    t.equal((await ask({})).status, 200)
    await eventually(async () => (await sidecar.metric('istio_requests_total', { response_flags: 'DI' })) === 1)
    t.equal(await sidecar.metric('outrigger_failures_total'), 0)
  })

  t.test(`what a route answers itself is told of the service that was meant, over ${version}`, async (t) => {
    const { ask, sidecar } = await routeScene(t, version, {
      routes: [{ name: 'r', hosts: ['a.shop'], ...TO_A, fault: { abort: { status: 503 } } }],
    })
    t.equal((await ask({})).status, 503)
    const labels = { response_flags: 'FI', destination_service: 'a.shop.svc.cluster.local', response_code: '503' }
    await eventually(async () => (await sidecar.metric('istio_requests_total', labels)) === 1)
  })

  t.test(`a caller stays with its service, over ${version}`, async (t) => {
    const services = [{ service: 'a.shop' }, { service: 'b.shop' }]
    const { ask } = await routeScene(t, version, {
      routes: [
        { name: 'cookie', hosts: ['a.shop'], services, sticky: { cookie: 'pin', ttl: '90s' } },
        { name: 'header', hosts: ['b.shop'], services, sticky: { header: 'X-User' } },
      ],
    })
    const counts = new Map<string, number>()
    for (let i = 0; i < 20; i++) {
      const first = await ask({})
      const [, cookie = ''] = /^(pin=[0-9a-f]{8}); Path=\/; Max-Age=90; HttpOnly$/.exec(first.headers['set-cookie'] ?? '') ?? []
      const again = await ask({ headers: { cookie: `other=1; ${cookie}` } })
      const service = first.seen?.service ?? ''
      t.equal(again.seen?.service, service)
      t.notOk(again.headers['set-cookie'])
      counts.set(service, (counts.get(service) ?? 0) + 1)
    }
    t.ok(
      [...counts.values()].every((count) => Math.abs(count - 10) <= 1),
      'and the shares are kept',
    )
    const users = new Map<string, string | undefined>()
    for (let i = 0; i < 40; i++) {
      const user = `u${i % 20}`
      const { seen } = await ask({ host: 'b.shop', headers: { 'x-user': user } })
      if (i >= 20) t.equal(seen?.service, users.get(user))
      users.set(user, seen?.service)
    }
    t.equal(new Set(users.values()).size, 2, 'users are spread')
  })
}
