import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { explain } from '../../../src/commands/explain.ts'
import { memoryIo } from '../../support/io.ts'

const SETTINGS = {
  workload: { name: 'cart-1', namespace: 'shop', labels: { app: 'cart' } },
  listeners: {
    inbound: [{ listen: '127.0.0.1:15006', app: '127.0.0.1:8080' }],
    outbound: [{ listen: '127.0.0.1:15001' }, { listen: '127.0.0.1:5432', service: 'postgres.db', protocol: 'tcp' }],
  },
  services: [
    { name: 'catalog', namespace: 'shop', port: 80, endpoints: [{ address: '127.0.0.1:9001' }] },
    { name: 'catalog-v2', namespace: 'shop', port: 80, endpoints: [{ address: '127.0.0.1:9002' }] },
    { name: 'catalog', namespace: 'web', port: 8000, endpoints: [{ address: '127.0.0.1:9003' }] },
    { name: 'postgres', namespace: 'db', port: 5432, protocol: 'tcp', endpoints: [{ address: '127.0.0.1:9004' }] },
  ],
  routes: [
    {
      name: 'split',
      hosts: ['catalog.shop'],
      matches: [{ path: { prefix: '/v2' } }],
      services: [{ service: 'catalog.shop', weight: 3 }, { service: 'catalog-v2.shop' }],
      requestHeaders: { set: { 'X-Route': 'split', host: 'inner.shop' }, remove: ['x-secret'] },
      responseHeaders: { add: { 'x-served': 'é' } },
    },
  ],
}

const PLAIN_POD = {
  metadata: { name: 'web-1', namespace: 'web', labels: { app: 'web' } },
  spec: { containers: [] },
  status: { podIP: '10.0.0.9' },
}

interface Answered {
  readonly code: number
  readonly answers: readonly Record<string, unknown>[]
  readonly stderr: string
}

async function ask(t: Test, input: string, settings: object = SETTINGS): Promise<Answered> {
  const folder = t.testdir({
    'settings.json': JSON.stringify(settings),
    'pod.json': JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...PLAIN_POD }),
  })
  const memory = memoryIo(input)
  const code = await explain([folder], '-', memory.io)
  const { stdout, stderr } = await memory.written()
  const lines = stdout.split('\n').filter((line) => line !== '')
  return { code, answers: lines.map((line) => JSON.parse(line) as Record<string, unknown>), stderr }
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : -1
}

interface Case {
  readonly name: string
  readonly request: object
  readonly answer: object
  readonly settings?: object
}

const MADE = [
  ['x-request-id', '00000000-0000-4000-8000-000000000000'],
  ['traceparent', '00-01010101010101010101010101010101-0101010101010101-00'],
]
const AT_HOME = { name: 'catalog', namespace: 'shop', port: 80 }

const CASES: readonly Case[] = [
  {
    name: 'a route: shares, the request and the response as its edits leave them',
    request: {
      at: 'outbound',
      host: 'Catalog',
      path: '/v2/./x?y=1',
      headers: [
        ['X-Secret', '1'],
        ['Accept', '*/*'],
      ],
      response: {
        status: 404,
        headers: [
          ['Server', 'x'],
          ['Connection', 'close'],
        ],
      },
    },
    answer: {
      verdict: 'allow',
      rule: null,
      why: 'the route split matches',
      nearest: null,
      status: null,
      route: 'split',
      services: [
        { ...AT_HOME, share: 0.75 },
        { name: 'catalog-v2', namespace: 'shop', port: 80, share: 0.25 },
      ],
      mirrors: [],
      forwarded: {
        method: 'GET',
        scheme: 'http',
        host: 'inner.shop',
        path: '/v2/x?y=1',
        headers: [['Accept', '*/*'], ...MADE, ['X-Route', 'split']],
      },
      reply: null,
      response: {
        status: 404,
        headers: [
          ['Server', 'x'],
          ['x-served', 'é'],
        ],
      },
    },
  },
  {
    name: 'no route of a named host: 404',
    request: { at: 'outbound', host: 'catalog', path: '/v1' },
    answer: { verdict: 'allow', status: 404, services: [], forwarded: null, route: null, reply: { status: 404 } },
  },
  {
    name: 'a service by its name',
    request: { at: 'outbound', host: 'catalog-v2.shop.svc:80' },
    answer: {
      status: null,
      route: null,
      services: [{ name: 'catalog-v2', namespace: 'shop', port: 80, share: 1 }],
      forwarded: { host: 'catalog-v2.shop.svc:80', path: '/' },
    },
  },
  {
    name: 'an unknown host is passed on',
    request: { at: 'outbound', host: 'example.com' },
    answer: {
      verdict: 'allow',
      status: null,
      services: [],
      why: /passed on to example.com:80/,
      forwarded: { host: 'example.com' },
    },
  },
  {
    name: 'or refused where the settings say so',
    settings: { ...SETTINGS, unknownDestinations: 'deny' },
    request: { at: 'outbound', host: 'example.com' },
    answer: { status: 502, services: [], forwarded: null },
  },
  {
    name: 'an address of its own is a loop',
    request: { at: 'outbound', host: '127.0.0.1:15001' },
    answer: { status: 508, forwarded: null },
  },
  {
    name: 'CONNECT goes by its target',
    request: { at: 'outbound', method: 'CONNECT', host: 'catalog.shop:80' },
    answer: { status: null, services: [{ ...AT_HOME, share: 1 }] },
  },
  { name: 'no host, no destination', request: { at: 'outbound' }, answer: { status: 502, why: 'a request that names no host' } },
  {
    name: 'inbound: to the application, with forwarding fields, without the claims of others',
    request: {
      at: 'inbound',
      host: 'cart',
      path: '/a/../b',
      source: { address: '10.0.0.7' },
      headers: [
        ['X-Forwarded-Client-Cert', 'By=me'],
        ['x-forwarded-for', '1.2.3.4'],
      ],
    },
    answer: {
      verdict: 'allow',
      services: [{ name: 'cart', namespace: 'shop', port: 8080, share: 1 }],
      forwarded: {
        host: 'cart',
        path: '/b',
        headers: [['x-forwarded-for', '1.2.3.4, 10.0.0.7'], ...MADE, ['x-forwarded-proto', 'http']],
      },
    },
  },
  {
    name: 'nothing allows where deny is the default',
    settings: { ...SETTINGS, defaultVerdict: 'deny' },
    request: { at: 'inbound', host: 'cart' },
    answer: { verdict: 'deny', rule: null, status: 403, services: [], forwarded: null, why: /defaultVerdict is deny/ },
  },
  {
    name: 'a denied gRPC call ends with 200',
    settings: { ...SETTINGS, defaultVerdict: 'deny' },
    request: { at: 'inbound', host: 'cart', protocol: 'grpc' },
    answer: {
      verdict: 'deny',
      status: 200,
      reply: {
        headers: [
          ['content-type', 'application/grpc'],
          ['grpc-status', '7'],
          ['grpc-message', /denied/],
        ],
      },
    },
  },
  {
    name: 'a denied connection gets no status',
    settings: { ...SETTINGS, defaultVerdict: 'deny' },
    request: { at: 'inbound', protocol: 'tcp' },
    answer: { verdict: 'deny', status: null, reply: null },
  },
  {
    name: 'WebSocket asks to switch',
    request: { at: 'inbound', host: 'cart', protocol: 'websocket' },
    answer: {
      forwarded: {
        headers: [
          ...MADE,
          ['x-forwarded-for', '127.0.0.1'],
          ['x-forwarded-proto', 'http'],
          ['Connection', 'Upgrade'],
          ['Upgrade', 'websocket'],
        ],
      },
    },
  },
  {
    name: 'gRPC is a POST that takes trailers',
    request: { at: 'inbound', host: 'cart', protocol: 'grpc', path: '/p.S/M' },
    answer: { forwarded: { method: 'POST', path: '/p.S/M' } },
  },
  {
    name: 'https where the request says so',
    request: { at: 'inbound', host: 'cart', scheme: 'https' },
    answer: { forwarded: { scheme: 'https' } },
  },
  {
    name: 'TCP to a listener of one service',
    request: { at: 'outbound', protocol: 'tcp', destination: { address: '127.0.0.1', port: 5432 } },
    answer: { services: [{ name: 'postgres', namespace: 'db', port: 5432, share: 1 }], forwarded: null, status: null },
  },
  {
    name: 'TLS by its server name',
    request: { at: 'outbound', protocol: 'tls', destination: { sni: 'catalog.shop' } },
    answer: { services: [{ ...AT_HOME, share: 1 }], forwarded: null },
  },
  {
    name: 'TCP that names nothing',
    request: { at: 'outbound', protocol: 'tcp' },
    answer: { services: [], status: null, why: /names no destination/ },
  },
  {
    name: 'a Pod sees with its own eyes',
    request: { at: 'outbound', workload: 'web/web-1', host: 'catalog' },
    answer: { services: [{ name: 'catalog', namespace: 'web', port: 8000, share: 1 }] },
  },
  {
    name: 'so does a workload that the request describes',
    request: { at: 'outbound', workload: { name: 'x', namespace: 'web' }, host: 'catalog:8000' },
    answer: { services: [{ name: 'catalog', namespace: 'web', port: 8000, share: 1 }] },
  },
  {
    name: 'a malformed answer of the service becomes 502',
    request: { at: 'inbound', host: 'cart', response: { status: 200, headers: [['a b', 'c']] } },
    answer: { response: { status: 502 } },
  },
  ...[
    { path: '/%00' },
    { path: '/a#b' },
    { path: 'a' },
    { method: 'G T' },
    { headers: [['a b', 'c']] },
    { headers: [['a', 'b\r\nc: d']] },
    { headers: [['host', 'other']] },
    {
      headers: [
        ['Content-Length', '1'],
        ['Transfer-Encoding', 'chunked'],
      ],
    },
    { host: 'a b' },
    { protocol: 'http2', headers: [['Connection', 'close']] },
  ].map((request) => ({
    name: `${JSON.stringify(request)} is refused`,
    request: { at: 'inbound', host: 'cart', ...request },
    answer: { verdict: 'reject', status: 400, why: /malformed: ./, services: [], forwarded: null, reply: { status: 400 } },
  })),
  {
    name: 'an ambiguous path is refused where routes look at paths',
    request: { at: 'outbound', host: 'catalog', path: '/v2//x' },
    answer: { verdict: 'reject', status: 400 },
  },
  {
    name: 'and passes elsewhere',
    request: { at: 'outbound', host: 'catalog-v2', path: '/@a%2fb' },
    answer: { verdict: 'allow', forwarded: { path: '/@a%2fb' } },
  },
  {
    name: 'a head that is too large is refused as such',
    request: { at: 'inbound', host: 'cart', headers: [['a', 'x'.repeat(70_000)]] },
    answer: { verdict: 'reject', status: 431 },
  },
  {
    name: 'as are too many fields',
    request: { at: 'inbound', host: 'cart', headers: Array.from({ length: 101 }, () => ['a', 'b']) },
    answer: { verdict: 'reject', status: 431 },
  },
  {
    name: 'an unknown key',
    request: { at: 'outbound', hots: 'a' },
    answer: { error: 'unknown key "hots" (did you mean "host"?)' },
  },
  {
    name: 'an unknown key within',
    request: { at: 'outbound', source: { adress: 'a' } },
    answer: { error: 'unknown key "source.adress" (did you mean "address"?)' },
  },
  {
    name: 'a wrong type',
    request: { at: 'outbound', headers: [['a', 1]] },
    answer: { error: 'headers[0][1]: expected text, got 1' },
  },
  {
    name: 'a wrong port',
    request: { at: 'outbound', destination: { port: 0 } },
    answer: { error: 'destination.port: expected a whole number from 1 to 65535, got 0' },
  },
  { name: 'no `at`', request: { host: 'a' }, answer: { error: /^at: missing/ } },
  {
    name: 'an unknown `at`',
    request: { at: 'inside' },
    answer: { error: /^at: expected one of inbound, outbound, gateway, got "inside"/ },
  },
  { name: 'a gateway that is not named', request: { at: 'gateway' }, answer: { error: /^gateway: missing/ } },
  {
    name: 'an unknown Pod',
    request: { at: 'inbound', workload: 'web/web-2' },
    answer: { error: 'workload: there is no Pod "web/web-2" (did you mean "web/web-1"?)' },
  },
]

for (const { name, request, answer, settings } of CASES) {
  t.test(name, async (t) => {
    const { code, answers } = await ask(t, JSON.stringify({ id: 'r', ...request }), settings)
    t.equal(code, 0)
    t.equal(answers.length, 1)
    t.match(answers[0], { id: 'r', ...answer })
    for (const [key, value] of Object.entries(answer)) {
      // an empty list matches any other
      if (Array.isArray(value)) t.equal(lengthOf(answers[0]?.[key]), value.length, key)
    }
    if ('error' in answer) t.same(Object.keys(answers[0] as object), ['id', 'error'])
  })
}

t.test('answers lines, an array or one object, in order', async (t) => {
  const one = { id: 1, at: 'outbound', host: 'a' }
  const two = { id: [2], at: 'outbound', host: 'b' }
  const ids = async (input: string): Promise<unknown[]> => (await ask(t, input)).answers.map(({ id }) => id)
  t.same(await ids(`${JSON.stringify(one)}\n\n${JSON.stringify(two)}\r\n`), [1, [2]])
  t.same(await ids(JSON.stringify([two, one], null, 2)), [[2], 1])
  t.same(await ids(JSON.stringify(one, null, 2)), [1])
  t.same(await ids(''), [])
})

t.test('answers a line that is no JSON, and goes on', async (t) => {
  const { code, answers } = await ask(t, '{"id":1,"at":"inbound"}\nhello\n3\n{"id":2,"at":"inbound"}\n')
  t.equal(code, 0)
  t.match(answers, [
    { id: 1, verdict: 'allow' },
    { error: /^not JSON/ },
    { error: 'expected a mapping, got 3' },
    { id: 2, verdict: 'allow' },
  ])
})

t.test('says what is wrong with the configuration and ends with 1', async (t) => {
  const routes = [{ ...SETTINGS.routes[0], matches: [{ path: { regex: '/(' } }] }]
  const { code, answers, stderr } = await ask(t, '{"at":"inbound"}', { ...SETTINGS, routes })
  t.equal(code, 1)
  t.same(answers, [])
  t.match(stderr, /settings\.json:\d+:\d+: routes\[0\]\S*: not a regular expression in RE2 syntax: missing closing \)/)
})

t.test('reads a file, and says when it cannot', async (t) => {
  const folder = t.testdir({ 'settings.json': JSON.stringify(SETTINGS) })
  const requests = join(t.testdirName, 'requests.txt')
  writeFileSync(requests, '{"id":"f","at":"inbound"}')
  const good = memoryIo()
  t.equal(await explain([folder], requests, good.io), 0)
  t.match((await good.written()).stdout, /^\{"id":"f","verdict":"allow"/)
  const bad = memoryIo()
  t.equal(await explain([folder], join(folder, 'none'), bad.io), 1)
  t.match((await bad.written()).stderr, /none: cannot be read/)
})
