import t, { type Test } from 'tap'
import { explain } from '../../../src/commands/explain.ts'
import { memoryIo } from '../../support/io.ts'

const SERVICES = ['a', 'b'].map((name, i) => ({
  name,
  namespace: 'shop',
  port: 80,
  endpoints: [{ address: `127.0.0.1:900${i}`, labels: { version: 'v1' } }],
  subsets: [{ name: 'v1', labels: { version: 'v1' } }],
}))
const A = { name: 'a', namespace: 'shop', port: 80 }
const B = { name: 'b', namespace: 'shop', port: 80 }

/** The answer to one request, with one route for a.shop. */
async function answerTo(t: Test, settings: object, request: object): Promise<Record<string, unknown>> {
  const folder = t.testdir({
    'settings.json': JSON.stringify({
      workload: { namespace: 'shop' },
      listeners: { outbound: [{ listen: '127.0.0.1:15001' }] },
      services: SERVICES,
      ...settings,
    }),
  })
  const memory = memoryIo(`${JSON.stringify({ at: 'outbound', host: 'a.shop', ...request })}\n`)
  const code = await explain([folder], '-', memory.io)
  const { stdout, stderr } = await memory.written()
  t.equal(code, 0, stderr)
  return JSON.parse(stdout) as Record<string, unknown>
}

const CORS = { origins: [{ exact: 'https://w' }], methods: ['PUT'] }

const CASES: readonly { readonly name: string; readonly route: object; readonly request: object; readonly answer: object }[] = [
  {
    name: 'a redirect is a reply',
    route: { redirect: { scheme: 'https', prefix: '/new', status: 301 }, matches: [{ path: { prefix: '/old' } }] },
    request: { path: '/old/x?y' },
    answer: {
      status: 301,
      route: 'r',
      services: [],
      forwarded: null,
      response: null,
      reply: {
        status: 301,
        headers: [
          ['location', 'https://a.shop/new/x?y'],
          ['content-length', '0'],
        ],
      },
    },
  },
  {
    name: 'so is what a route answers itself',
    route: { reply: { status: 403, body: 'no' }, responseHeaders: { set: { 'x-a': '1' } } },
    request: {},
    answer: {
      verdict: 'allow',
      status: 403,
      reply: {
        status: 403,
        headers: [
          ['content-type', 'text/plain'],
          ['content-length', '2'],
          ['x-a', '1'],
        ],
      },
    },
  },
  {
    name: 'and the answer to a preflight',
    route: { services: [{ service: 'a' }], cors: CORS },
    request: {
      method: 'OPTIONS',
      headers: [
        ['Origin', 'https://w'],
        ['Access-Control-Request-Method', 'PUT'],
      ],
    },
    answer: { status: 204, services: [], reply: { status: 204 }, why: 'the route r answers it here, before anything else' },
  },
  {
    name: 'a response says who may read it',
    route: { services: [{ service: 'a' }], cors: CORS },
    request: { headers: [['Origin', 'https://w']], response: { status: 200, headers: [] } },
    answer: {
      status: null,
      response: {
        status: 200,
        headers: [
          ['access-control-allow-origin', 'https://w'],
          ['vary', 'origin'],
        ],
      },
    },
  },
  {
    name: 'what is rewritten, and the edits of the first service that exists',
    route: {
      services: [
        { service: 'a', host: 'inner.a', requestHeaders: { set: { 'x-a': '1' } }, responseHeaders: { set: { 'x-b': '2' } } },
        { service: 'b' },
      ],
      matches: [{ path: { prefix: '/old' } }],
      rewrite: { prefix: '/' },
    },
    request: { path: '/old/x', response: { status: 200, headers: [] } },
    answer: {
      forwarded: { host: 'inner.a', path: '/x' },
      response: { headers: [['x-b', '2']] },
      services: [
        { ...A, share: 0.5 },
        { ...B, share: 0.5 },
      ],
    },
  },
  {
    name: 'subsets have shares of their own',
    route: {
      services: [
        { service: 'a', subset: 'v1', weight: 1 },
        { service: 'a', weight: 3 },
      ],
    },
    request: {},
    answer: {
      services: [
        { ...A, subset: 'v1', share: 0.25 },
        { ...A, share: 0.75 },
      ],
    },
  },
  {
    name: 'who stays with a service goes there alone',
    route: { services: [{ service: 'a' }, { service: 'b' }], sticky: { cookie: 'pin' } },
    request: { headers: [['Cookie', 'pin=ffffffff']] },
    answer: { services: [{ ...B, share: 1 }] },
  },
  {
    name: 'a fault that always strikes is the answer',
    route: { services: [{ service: 'a' }], fault: { abort: { status: 418 }, headers: { 'x-a': { exact: '1' } } } },
    request: { headers: [['x-a', '1']] },
    answer: { status: 418, services: [], forwarded: null },
  },
  {
    name: 'one that strikes now and then is not',
    route: { services: [{ service: 'a' }], fault: { abort: { status: 418, percent: 99 } } },
    request: {},
    answer: { status: null, services: [{ ...A, share: 1 }] },
  },
  {
    name: 'nor is one for other requests',
    route: { services: [{ service: 'a' }], fault: { abort: { status: 418 }, headers: { 'x-a': { exact: '1' } } } },
    request: {},
    answer: { status: null, services: [{ ...A, share: 1 }] },
  },
  {
    name: 'a body whose length is too much is refused',
    route: { services: [{ service: 'a' }], maxRequestBytes: 10 },
    request: { method: 'POST', headers: [['content-length', '11']] },
    answer: { status: 413, route: 'r', services: [], forwarded: null },
  },
  {
    name: 'mirrors get their share beside',
    route: { services: [{ service: 'a' }], mirrors: [{ service: 'b', percent: 25 }] },
    request: {},
    answer: { services: [{ ...A, share: 1 }], mirrors: [{ ...B, share: 0.25 }] },
  },
]

for (const { name, route, request, answer } of CASES) {
  t.test(name, async (t) => {
    const got = await answerTo(t, { routes: [{ name: 'r', hosts: ['a.shop'], ...route }] }, request)
    t.match(got, answer)
    if ('services' in answer) t.strictSame(got['services'], answer.services)
  })
}

t.test('a route of inbound calls changes what the application gets', async (t) => {
  const settings = {
    listeners: { inbound: [{ listen: '127.0.0.1:15006', app: '127.0.0.1:8080' }] },
    routes: [{ name: 'in', at: 'inbound', rewrite: { path: '/x' }, responseHeaders: { set: { 'x-b': '2' } } }],
  }
  const answer = await answerTo(t, settings, { at: 'inbound', path: '/y', response: { status: 200, headers: [] } })
  t.match(answer, {
    route: 'in',
    why: /goes to the application/,
    forwarded: { path: '/x' },
    response: { headers: [['x-b', '2']] },
  })
  t.match(answer['services'], [{ port: 8080, share: 1 }])
})

t.test('connections are told their route and its shares', async (t) => {
  const tcpRoutes = [{ name: 'c', hosts: ['*.example'], services: [{ service: 'a', weight: 3 }, { service: 'b' }] }]
  const request = { protocol: 'tls', destination: { sni: 'x.example' } }
  t.match(await answerTo(t, { tcpRoutes }, request), {
    route: 'c',
    status: null,
    services: [
      { ...A, share: 0.75 },
      { ...B, share: 0.25 },
    ],
  })
})
