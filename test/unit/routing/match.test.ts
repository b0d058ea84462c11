import t from 'tap'
import type { Scope } from '../../../src/routing/scope.ts'
import { type AskedHead, compiled, headOf } from '../../support/routing.ts'

/** Name of the route that a request gets; '': none. */
function ask(table: ReturnType<typeof compiled>['table'], asked: AskedHead): string {
  return table.match(headOf(asked))?.id ?? ''
}

const CASES: readonly {
  readonly name: string
  readonly match: object
  readonly takes: AskedHead[]
  readonly leaves: AskedHead[]
}[] = [
  {
    name: '{*} is one segment, or the rest of one',
    match: { path: { template: '/shops/{*}/items/v{*}' } },
    takes: [{ path: '/shops/a/items/v1' }, { path: '/shops/a.b-c/items/v2?x=/y' }],
    leaves: [{ path: '/shops/a/b/items/v1' }, { path: '/shops/a/items/v' }, { path: '/shops/a/items/v1/' }],
  },
  {
    name: '{**} is any number of segments',
    match: { path: { template: '/files/{*}/raw/{**}' } },
    takes: [{ path: '/files/a/raw/' }, { path: '/files/a/raw/b/c.txt' }],
    leaves: [{ path: '/files/a/raw' }, { path: '/files/a/b/raw/c' }],
  },
  {
    name: 'text after {**} has to be the end',
    match: { path: { template: '/{**}.png' } },
    takes: [{ path: '/a/b.png' }],
    leaves: [{ path: '/a/b.png/c' }, { path: '/aXpng' }],
  },
  {
    name: 'templates are compared in the normal form of paths',
    match: { path: { template: '/é/{*}' } },
    takes: [{ path: '/%C3%A9/x' }, { path: '/%c3%a9/x' }],
    leaves: [{ path: '/e/x' }],
  },
  {
    name: 'without regard to case an exact path is still the whole path',
    match: { path: { exact: '/Cart.x' }, ignoreCase: true },
    takes: [{ path: '/cart.X' }, { path: '/CART.X?a' }],
    leaves: [{ path: '/cart.x/' }, { path: '/cartyx' }],
  },
  {
    name: 'without regard to case a prefix still ends on a border',
    match: { path: { prefix: '/Api/' }, ignoreCase: true },
    takes: [{ path: '/api' }, { path: '/API/x' }],
    leaves: [{ path: '/apis' }],
  },
  {
    name: 'a method may be a test',
    match: { method: { regex: 'GET|HEAD' } },
    takes: [{ method: 'HEAD' }],
    leaves: [{ method: 'POST' }],
  },
  {
    name: 'a suffix is how a text ends',
    match: { headers: { host: { suffix: '.shop' } } },
    takes: [{ host: 'cart.shop' }],
    leaves: [{ host: 'cart.shop.example' }],
  },
  {
    name: 'none of the fields in withoutHeaders may match',
    match: { withoutHeaders: { 'x-a': { exact: '1' }, 'x-b': { present: true } } },
    takes: [{}, { headers: [['x-a', '2']] }],
    leaves: [{ headers: [['x-a', '1']] }, { headers: [['x-b', '']] }],
  },
  { name: 'scheme', match: { scheme: 'https' }, takes: [{ scheme: 'https' }], leaves: [{}] },
  {
    name: 'the port is the one in Host, or the usual one of the scheme',
    match: { port: 443 },
    takes: [{ host: 'h:443' }, { scheme: 'https' }, { host: '[::1]:443' }],
    leaves: [{}, { host: 'h:444', scheme: 'https' }, { host: '[::1]' }],
  },
]

for (const { name, match, takes, leaves } of CASES) {
  t.test(name, async (t) => {
    const { table, problems } = compiled([{ matches: [match] }])
    t.same(problems, [])
    for (const asked of takes) t.equal(ask(table, asked), 'r0', JSON.stringify(asked))
    for (const asked of leaves) t.equal(ask(table, asked), '', JSON.stringify(asked))
  })
}

const BAD: readonly (readonly [object, RegExp])[] = [
  [{ path: { template: 'a' } }, /starts with/],
  [{ path: { template: '/a?b' } }, /no query/],
  [{ path: { template: '/*/{*}' } }, /not a template/],
  [{ path: { template: '/{a}' } }, /not a template/],
  [{ path: { template: '/{**}/{*}' } }, /last operator/],
  [{ path: { template: '/{*}{*}' } }, /something between/],
  [{ path: { template: '/a//{*}' } }, /refused under/],
  [{ withoutHeaders: { 'a b': { present: true } } }, /not the name/],
  [{ method: { regex: '(' } }, /RE2/],
]

for (const [match, says] of BAD) {
  t.test(`reports ${JSON.stringify(match)}`, async (t) => {
    const { problems } = compiled([{ matches: [match] }])
    t.equal(problems.length, 1)
    t.match(problems[0]?.message, says)
  })
}

t.test('a higher priority is asked first, whatever the paths, within the most specific host', async (t) => {
  const { table } = compiled([
    { hosts: ['h'], matches: [{ path: { exact: '/a/b' } }] },
    { hosts: ['h'], matches: [{ path: { prefix: '/a' } }], priority: 2 },
    { hosts: ['h'], matches: [{ path: { regex: '/a/b/.*' } }], priority: 3 },
    { hosts: ['*'], priority: 9 },
    { hosts: ['h'], priority: -1 },
  ])
  t.equal(ask(table, { path: '/a/b' }), 'r1')
  t.equal(ask(table, { path: '/a/b/c' }), 'r2')
  t.equal(ask(table, { path: '/c' }), 'r4')
  t.equal(ask(table, { host: 'x' }), 'r3')
})

t.test('a route is for the callers and gateways that it names', async (t) => {
  const inputs = [
    { matches: [{ path: { exact: '/all' } }] },
    { matches: [{ path: { exact: '/shop' } }], sources: [{ namespace: 'shop' }] },
    { matches: [{ path: { exact: '/v1' } }], sources: [{ namespace: 'x' }, { labels: { app: 'cart', version: 'v1' } }] },
    { matches: [{ path: { exact: '/gateway' } }], gateways: ['edge/public'] },
    { matches: [{ path: { exact: '/listener' } }], gateways: ['edge/public/https'] },
    { matches: [{ path: { exact: '/both' } }], gateways: ['mesh', 'edge/public'] },
  ]
  const reached = (scope: Scope): string[] => {
    const { table } = compiled(inputs, { scope })
    return ['all', 'shop', 'v1', 'gateway', 'listener', 'both'].filter((path) => ask(table, { path: `/${path}` }) !== '')
  }
  t.same(reached({ kind: 'mesh', namespace: 'shop', labels: { app: 'cart', version: 'v1' } }), ['all', 'shop', 'v1', 'both'])
  t.same(reached({ kind: 'mesh', namespace: 'db', labels: { app: 'cart' } }), ['all', 'both'])
  t.same(reached({ kind: 'gateway', name: 'edge/public/https' }), ['gateway', 'listener', 'both'])
  t.same(reached({ kind: 'gateway', name: 'edge/public-2/https' }), [])
})
