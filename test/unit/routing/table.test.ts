import fc from 'fast-check'
import t from 'tap'
import type { RequestHead } from '../../../src/codec/message.ts'
import type { RouteMatchConfig } from '../../../src/config/schema/route-match.ts'
import { type RouteConfig, routeSchema } from '../../../src/config/schema/routes.ts'
import { Fields } from '../../../src/core/fields.ts'
import { compileRoutes, type RouteProblem } from '../../../src/routing/compile.ts'
import { RateLimiters } from '../../../src/routing/rate-limit.ts'
import { ServiceIndex } from '../../../src/routing/service-index.ts'
import type { RouteTable } from '../../../src/routing/table.ts'

const SERVICES = new ServiceIndex([[{ name: 'a', namespace: 'n', port: 80, hosts: [] }, 'a.n']], 'n')

function compile(routes: readonly RouteConfig[]): { table: RouteTable<string>; problems: RouteProblem[] } {
  return compileRoutes(routes, {
    resolve: (ref) => SERVICES.get(ref),
    limiters: new RateLimiters(),
    hasSubset: () => true,
    aliases: (host) => SERVICES.aliases(host),
    pathNormalization: 'AUTO',
    random: () => 0,
  })
}

function routes(...inputs: readonly object[]): RouteConfig[] {
  return inputs.map((input, i) => routeSchema.parse({ name: `r${i}`, ...input }))
}

function head(target: string, changes: Partial<RequestHead> = {}): RequestHead {
  const slash = target.indexOf('/')
  const authority = slash < 0 ? target : target.slice(0, slash)
  const usual = {
    version: '1.1',
    method: 'GET',
    scheme: 'http',
    bodyLength: 0,
    upgrade: '',
    acceptsTrailers: false,
    expectsContinue: false,
    absolute: false,
  } as const
  return { ...usual, authority, path: slash < 0 ? '/' : target.slice(slash), fields: Fields.of(), ...changes }
}

interface Case {
  readonly name: string
  readonly routes: readonly object[]
  /** What is asked, and the name of the route; '': none. */
  readonly asks: readonly (readonly [string | RequestHead, string])[]
}

const fields = (...pairs: readonly (readonly [string, string])[]): RequestHead => head('h/', { fields: Fields.of(...pairs) })
const path = (match: object): object => ({ matches: [{ path: match }] })

const CASES: readonly Case[] = [
  {
    name: 'a route without hosts and matches takes everything',
    routes: [{}],
    asks: [
      ['h/x', 'r0'],
      ['', 'r0'],
      [head('h', { path: '*', method: 'OPTIONS' }), 'r0'],
      [head('h:1', { path: '', method: 'CONNECT' }), 'r0'],
    ],
  },
  {
    name: 'a prefix ends on the border of a segment, with or without a slash at its end',
    routes: [path({ prefix: '/foo' }), path({ prefix: '/bar/' })],
    asks: [
      ['h/foo', 'r0'],
      ['h/foo/', 'r0'],
      ['h/foo/x', 'r0'],
      ['h/foo?x', 'r0'],
      ['h/foobar', ''],
      ['h/fo', ''],
      ['h/', ''],
      ['h/bar', 'r1'],
      ['h/bar/x', 'r1'],
      ['h/FOO', ''],
    ],
  },
  {
    name: 'an exact path is the whole path, without its query',
    routes: [path({ exact: '/foo' })],
    asks: [
      ['h/foo', 'r0'],
      ['h/foo?a', 'r0'],
      ['h/foo/', ''],
      ['h/foo/x', ''],
    ],
  },
  {
    name: 'exact before regular expression before longest prefix',
    routes: [
      path({ prefix: '/' }),
      path({ prefix: '/a/b' }),
      path({ prefix: '/a' }),
      path({ regex: '/a/[0-9]+' }),
      path({ exact: '/a/1' }),
    ],
    asks: [
      ['h/a/1', 'r4'],
      ['h/a/2', 'r3'],
      ['h/a/b/c', 'r1'],
      ['h/a/x', 'r2'],
      ['h/x', 'r0'],
    ],
  },
  {
    name: 'the longer pattern first, then the order of the list',
    routes: [path({ regex: '/.*' }), path({ regex: '/a/.*' }), path({ regex: '/b|/a/x' }), path({ regex: '/(.*)' })],
    asks: [
      ['h/a/x', 'r2'],
      ['h/a/y', 'r1'],
      ['h/c', 'r3'],
    ],
  },
  {
    name: 'a regular expression is for the whole path without query',
    routes: [path({ regex: '/v[12]' })],
    asks: [
      ['h/v1', 'r0'],
      ['h/v2?x', 'r0'],
      ['h/v12', ''],
      ['h/x/v1', ''],
    ],
  },
  {
    name: 'then a method, then more header fields, then more parameters, then the order of the list',
    routes: [
      { matches: [{}] },
      { matches: [{ query: { a: { present: true } } }] },
      { matches: [{ query: { a: { exact: '1' }, b: { exact: '2' } } }] },
      { matches: [{ headers: { x: { exact: '1' } } }] },
      { matches: [{ headers: { x: { exact: '1' }, y: { exact: '2' } } }] },
      { matches: [{ method: 'PUT' }] },
      { matches: [{}] },
    ],
    asks: [
      ['h/', 'r0'],
      ['h/?a', 'r1'],
      ['h/?a=1&b=2', 'r2'],
      [head('h/?a=1&b=2', { fields: Fields.of(['X', '1']) }), 'r3'],
      [head('h/', { fields: Fields.of(['X', '1'], ['y', '2']) }), 'r4'],
      [head('h/', { fields: Fields.of(['X', '1'], ['y', '2']), method: 'PUT' }), 'r5'],
      [head('h/', { method: 'put' }), 'r0'],
    ],
  },
  {
    name: 'a longer prefix that asks too much leaves the request to a shorter one',
    routes: [path({ prefix: '/a' }), { matches: [{ path: { prefix: '/a/b' }, method: 'PUT' }] }],
    asks: [['h/a/b', 'r0']],
  },
  {
    name: 'exact host before longest suffix before any, and on to the next where no route matches',
    routes: [
      { hosts: ['*'] },
      { hosts: ['*.c'] },
      { hosts: ['*.b.c'], ...path({ prefix: '/x' }) },
      { hosts: ['a.b.c'], ...path({ exact: '/y' }) },
    ],
    asks: [
      ['a.b.c/y', 'r3'],
      ['A.B.C:8080/y', 'r3'],
      ['a.b.c/x', 'r2'],
      ['a.b.c/z', 'r1'],
      ['c/z', 'r0'],
    ],
  },
  {
    name: 'one name of a service is all its names',
    routes: [{ hosts: ['a'] }, { hosts: ['a.n.svc:81'] }],
    asks: [
      ['a.n', 'r0'],
      ['a.n.svc.cluster.local', 'r0'],
      ['a.n:81', 'r1'],
      ['a.n:82', 'r0'],
      ['a.m', ''],
    ],
  },
  {
    name: 'texts: exact, prefix, whole regular expression, presence, absence',
    routes: [
      { matches: [{ headers: { a: { exact: 'Xy' } } }] },
      { matches: [{ headers: { b: { prefix: 'Xy' } } }] },
      { matches: [{ headers: { c: { regex: 'X.' } } }] },
      { matches: [{ headers: { d: { present: true } } }] },
      { matches: [{ headers: { e: { present: false }, f: { exact: '' } } }] },
    ],
    asks: [
      [fields(['A', 'Xy']), 'r0'],
      [fields(['a', 'xy']), ''],
      [fields(['b', 'Xyz']), 'r1'],
      [fields(['c', 'Xy']), 'r2'],
      [fields(['c', 'Xyz']), ''],
      [fields(['d', '']), 'r3'],
      [fields(['f', '']), 'r4'],
      [fields(['f', ''], ['e', '']), ''],
    ],
  },
  {
    name: 'repeated fields are one list, cookies one line',
    routes: [{ matches: [{ headers: { a: { exact: '1,2' } } }] }, { matches: [{ headers: { cookie: { exact: 'a=1; b=2' } } }] }],
    asks: [
      [fields(['a', '1'], ['A', '2']), 'r0'],
      [fields(['a', '1']), ''],
      [fields(['cookie', 'a=1'], ['cookie', 'b=2']), 'r1'],
    ],
  },
  {
    name: 'host is the authority, upgrade and te what the codec took out',
    routes: [
      { matches: [{ headers: { host: { exact: 'h' } }, method: 'A' }] },
      { matches: [{ headers: { Upgrade: { exact: 'websocket' } } }] },
      { matches: [{ headers: { te: { exact: 'trailers' } } }] },
    ],
    asks: [
      [head('h/', { method: 'A' }), 'r0'],
      [head('h/', { upgrade: 'websocket' }), 'r1'],
      [head('h/', { acceptsTrailers: true }), 'r2'],
      ['h/', ''],
    ],
  },
  {
    name: 'field values and paths beyond ASCII are compared as UTF-8',
    routes: [{ matches: [{ headers: { a: { exact: 'é' } } }] }, path({ exact: '/é' })],
    asks: [
      [fields(['a', '\xc3\xa9']), 'r0'],
      ['h/%C3%A9', 'r1'],
    ],
  },
  {
    name: 'many routes that differ in a header are found by its value',
    routes: [
      ...Array.from({ length: 40 }, (_, i) => ({ matches: [{ headers: { tenant: { exact: `t${i}` } } }] })),
      {},
      { matches: [{ method: 'PUT' }] },
      { matches: [{ headers: { tenant: { exact: 't7' }, x: { present: true } } }] },
    ],
    asks: [
      [fields(['tenant', 't39']), 'r39'],
      [fields(['tenant', 't7'], ['x', '']), 'r42'],
      [fields(['tenant', 'none']), 'r40'],
      [head('h/', { method: 'PUT', fields: Fields.of(['tenant', 't1']) }), 'r41'],
      ['h/', 'r40'],
    ],
  },
]

for (const { name, routes: inputs, asks } of CASES) {
  t.test(name, async (t) => {
    const { table, problems } = compile(routes(...inputs))
    t.same(problems, [])
    for (const [ask, id] of asks) {
      const request = typeof ask === 'string' ? head(ask) : ask
      t.equal(
        table.match(request)?.id ?? '',
        id,
        typeof ask === 'string' ? ask : JSON.stringify([ask.method, ask.path, ask.fields.list]),
      )
    }
  })
}

t.test('tells which hosts are named, and where the path matters', async (t) => {
  const { table } = compile(
    routes({ hosts: ['a.x'] }, { hosts: ['b.x'], ...path({ prefix: '/v' }) }, { ...path({ prefix: '/' }) }),
  )
  t.match(table.host('a.x', 'http'), { named: true, readsPath: false })
  t.match(table.host('b.x', 'http'), { named: true, readsPath: true })
  t.match(table.host('c.x', 'http'), { named: false, readsPath: false })
})

t.test('carries what a route says', async (t) => {
  const { table } = compile(
    routes({
      services: [
        { service: 'a', weight: 3 },
        { service: 'gone', weight: 1 },
      ],
      timeouts: { request: '2s', attempt: '1s', idle: '0' },
    }),
  )
  const route = table.match(head('h/'))
  t.match(route, {
    id: 'r0',
    timeouts: { requestMs: 2000, attemptMs: 1000, idleMs: 0, streamIdleMs: 0, maxStreamMs: 0 },
    requestEdits: null,
    changesRequest: false,
    responseEdits: null,
    own: null,
    rewrite: null,
    sticky: null,
  })
  const nothing = { subset: '', rewrite: null, requestEdits: null, responseEdits: null }
  t.same(route?.services.choices, [
    { ref: 'a', service: 'a.n', weight: 3, ...nothing },
    { ref: 'gone', service: undefined, weight: 1, ...nothing },
  ])
  t.same(route?.services.shares, [0.75, 0.25])
})

const BAD: readonly { input: object; path: readonly (string | number)[]; says: RegExp }[] = [
  { input: path({ regex: '/(' }), path: ['matches', 0, 'path', 'regex'], says: /RE2 syntax: missing closing \)/ },
  { input: path({ regex: '/(?=a)' }), path: ['matches', 0, 'path', 'regex'], says: /unsupported Perl syntax/ },
  { input: path({ regex: '((a{100}){10}){2}' }), path: ['matches', 0, 'path', 'regex'], says: /invalid repeat count|too large/ },
  { input: path({ prefix: 'x' }), path: ['matches', 0, 'path', 'prefix'], says: /starts with/ },
  { input: path({ exact: '/x?y' }), path: ['matches', 0, 'path', 'exact'], says: /no query/ },
  { input: path({ exact: '/a/../b' }), path: ['matches', 0, 'path', 'exact'], says: /arrive here as "\/b"/ },
  { input: path({ exact: '/a//b' }), path: ['matches', 0, 'path', 'exact'], says: /refused under pathNormalization AUTO/ },
  {
    input: { matches: [{ headers: { 'a b': { exact: '' } } }] },
    path: ['matches', 0, 'headers', 'a b'],
    says: /not the name of a header/,
  },
  {
    input: { matches: [{ headers: { Connection: { exact: '' } } }] },
    path: ['matches', 0, 'headers', 'Connection'],
    says: /one connection/,
  },
  { input: { matches: [{ query: { q: { regex: '[' } } }] }, path: ['matches', 0, 'query', 'q'], says: /missing closing \]/ },
  { input: { matches: [{}, { method: 'G T' }] }, path: ['matches', 1, 'method'], says: /not a method/ },
  { input: { hosts: ['a', 'a/b'] }, path: ['hosts', 1], says: /not a host/ },
  { input: { requestHeaders: { set: { TE: 'x' } } }, path: ['requestHeaders', 'set', 'TE'], says: /one connection/ },
]

for (const { input, path, says } of BAD) {
  t.test(`reports ${JSON.stringify(input)} at its place and leaves the route out`, async (t) => {
    const { table, problems } = compile(routes({ name: 'first', hosts: ['elsewhere'] }, input))
    t.match(problems, [{ route: 1, path, message: says }])
    t.equal(problems.length, 1)
    t.equal(table.match(head('h/')), undefined)
  })
}

// --- against a reference that looks at every route in turn ---

const texts = fc.constantFrom('1', '2')
const anyMatch = fc.record({
  path: fc.oneof(
    fc.constant(undefined),
    fc.record({ exact: fc.constantFrom('/', '/a', '/a/b', '/b/') }),
    fc.record({ prefix: fc.constantFrom('/', '/a', '/a/', '/a/b', '/b') }),
    fc.record({ regex: fc.constantFrom('/a.*', '/[ab]', '/a/b|/b', '/.*') }),
  ),
  ignoreCase: fc.constantFrom(false, false, true),
  port: fc.constantFrom(undefined, undefined, 80, 81),
  method: fc.constantFrom(undefined, 'GET', 'PUT'),
  headers: fc.dictionary(fc.constantFrom('x', 'y'), fc.record({ exact: texts }), { maxKeys: 2 }),
  query: fc.dictionary(fc.constantFrom('q', 'p'), fc.record({ exact: texts }), { maxKeys: 2 }),
}) as fc.Arbitrary<RouteMatchConfig>
const priority = fc.constantFrom(0, 0, 0, 1, -1)
const hosts = fc.uniqueArray(fc.constantFrom('a.b', '*.b', 'b', '*', 'a.b:80'), { maxLength: 2 })
const anyRequest = fc
  .tuple(
    fc.constantFrom('a.b', 'c.b', 'b', 'A.b:80', 'a.b:81', 'd'),
    fc.constantFrom('/', '/a', '/A', '/a/', '/a/b', '/A/b', '/a/b/c', '/b', '/b/', '/ab'),
    fc.constantFrom('', '?q=1', '?p=2&q=1'),
    fc.constantFrom('GET', 'PUT'),
    fc.dictionary(fc.constantFrom('x', 'y'), texts),
  )
  .map(([host, path, query, method, pairs]) => head(host + path + query, { method, fields: Fields.of(...Object.entries(pairs)) }))

t.test('agrees with looking at every route in turn', async () => {
  const list = fc.array(fc.record({ hosts, priority, matches: fc.array(anyMatch, { maxLength: 3 }) }), {
    minLength: 1,
    maxLength: 30,
  })
  fc.assert(
    fc.property(list, fc.array(anyRequest, { minLength: 1, maxLength: 8 }), (inputs, requests) => {
      const configs = routes(...inputs)
      const { table } = compile(configs)
      return requests.every((request) => table.match(request)?.id === naive(configs, request))
    }),
    { numRuns: 300 },
  )
})

function naive(configs: readonly RouteConfig[], request: RequestHead): string | undefined {
  const found: { id: string; weight: number[] }[] = []
  configs.forEach((config) => {
    for (const host of config.hosts.length > 0 ? config.hosts : ['*']) {
      const hostWeight = weighHost(host, request.authority.toLowerCase())
      if (hostWeight < 0) continue
      for (const match of config.matches.length > 0 ? config.matches : [{ headers: {}, query: {} } as RouteMatchConfig]) {
        if (!naivelyHolds(match, request)) continue
        const sizes = [match.method === undefined ? 0 : 1, Object.keys(match.headers).length, Object.keys(match.query).length]
        found.push({ id: config.name, weight: [hostWeight, config.priority, ...weighPath(match.path), ...sizes] })
      }
    }
  })
  return found.sort((a, b) => b.weight.map((one, i) => one - (a.weight[i] as number)).find((one) => one !== 0) ?? 0)[0]?.id
}

function weighHost(pattern: string, authority: string): number {
  const [host = '', port] = authority.split(':')
  const [name = '', only] = pattern.split(':')
  if (only !== undefined && only !== (port ?? '80')) return -1
  const extra = only === undefined ? 0 : 1
  if (name === '*') return extra
  if (name.startsWith('*')) return host.endsWith(name.slice(1)) ? name.length * 2 + extra : -1
  return name === host ? 1000 + extra : -1
}

function weighPath(path: RouteMatchConfig['path']): number[] {
  if (path === undefined) return [0, 1]
  if ('exact' in path) return [2, path.exact.length]
  if ('prefix' in path) return [0, path.prefix.length]
  return 'regex' in path ? [1, path.regex.length] : [1, path.template.length]
}

function naivelyHolds(match: RouteMatchConfig, request: RequestHead): boolean {
  const url = new URL(request.path, 'http://x')
  const { path, port } = match
  const spell = (text: string): string => (match.ignoreCase ? text.toLowerCase() : text)
  const asked = spell(url.pathname)
  const pathHolds =
    path === undefined ||
    ('exact' in path && path.exact === asked) ||
    ('regex' in path && new RegExp(`^(?:${path.regex})$`).test(asked)) ||
    ('prefix' in path && `${asked}/`.startsWith(path.prefix.endsWith('/') ? path.prefix : `${path.prefix}/`))
  if (port !== undefined && port !== Number(request.authority.split(':')[1] ?? '80')) return false
  return (
    pathHolds &&
    (match.method === undefined || match.method === request.method) &&
    Object.entries(match.headers).every(([name, test]) => 'exact' in test && request.fields.get(name) === test.exact) &&
    Object.entries(match.query).every(([name, test]) => 'exact' in test && url.searchParams.get(name) === test.exact)
  )
}
