// What routes do, with real requests: one table, over HTTP/1.1 and over HTTP/2.
import t from 'tap'
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
      [{ path: '/pre/a?q=/pre' }, { seen: { path: '/p/a?q=/pre', host: 'inner.shop:81' } }],
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
