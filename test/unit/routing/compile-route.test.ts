import t from 'tap'
import { compiled, headOf } from '../../support/routing.ts'

type Path = readonly (string | number)[]
const PREFIX = { matches: [{ path: { prefix: '/a' } }] }
const TO_A = { services: [{ service: 'a' }] }

const BAD: readonly (readonly [object, Path, RegExp])[] = [
  [{ rewrite: { path: '/a', prefix: '/b' } }, ['rewrite', 'prefix'], /can't both/],
  [{ rewrite: { path: 'a' } }, ['rewrite', 'path'], /starts with/],
  [{ rewrite: { path: '/a?b' } }, ['rewrite', 'path'], /no query/],
  [{ rewrite: { path: '/a//b' } }, ['rewrite', 'path'], /refused under/],
  [
    { rewrite: { prefix: '/b' }, matches: [{ path: { regex: '/.*' } }, { path: { regex: '/a' } }] },
    ['rewrite', 'prefix'],
    /no prefix/,
  ],
  [{ rewrite: { regex: { pattern: '(', replacement: '' } } }, ['rewrite', 'regex', 'pattern'], /RE2/],
  [{ rewrite: { regex: { pattern: '(a)', replacement: '\\2' } } }, ['rewrite', 'regex', 'pattern'], /no group \\2/],
  [{ rewrite: { host: '*.x' } }, ['rewrite', 'host'], /not a host/],
  [{ redirect: { host: 'a:80' } }, ['redirect', 'host'], /without port/],
  [{ redirect: { prefix: 'x' } }, ['redirect', 'prefix'], /starts with/],
  [{ reply: { status: 204, body: 'x' } }, ['reply', 'body'], /no body/],
  [{ reply: { status: 200, headers: { 'content-length': '1' } } }, ['reply', 'headers', 'content-length'], /where a body ends/],
  [{ sticky: {} }, ['sticky'], /exactly one/],
  [{ sticky: { cookie: 'a b' } }, ['sticky', 'cookie'], /not the name/],
  [{ sticky: { header: 'a b' } }, ['sticky', 'header'], /not the name/],
  [{ services: [{ service: 'a', subset: 'gone' }] }, ['services', 0, 'subset'], /no subset "gone"/],
  [{ services: [{ service: 'a', rewrite: { path: 'x' } }] }, ['services', 0, 'rewrite', 'path'], /starts with/],
  [{ services: [{ service: 'a', host: 'x/y' }] }, ['services', 0, 'host'], /not a host/],
  [
    { services: [{ service: 'a', requestHeaders: { set: { 'a b': '' } } }] },
    ['services', 0, 'requestHeaders', 'set', 'a b'],
    /not the name/,
  ],
]

for (const [input, path, says] of BAD) {
  t.test(`reports ${JSON.stringify(input)} once, at its place`, async (t) => {
    const { problems, table } = compiled([{ ...PREFIX, ...TO_A, ...input }])
    t.match(problems, [{ route: 0, path, message: says }])
    t.equal(problems.length, 1)
    t.equal(table.match(headOf({ path: '/a' })), undefined)
  })
}

t.test('matches that make no difference share one route', async (t) => {
  const matches = [{ path: { prefix: '/a' } }, { path: { prefix: '/b' } }, { method: 'PUT' }]
  const { table } = compiled([{ matches, ...TO_A }])
  t.equal(table.match(headOf({ path: '/a' })), table.match(headOf({ path: '/b' })))
  const { table: other } = compiled([{ matches, ...TO_A, rewrite: { prefix: '/x' } }])
  for (const [path, result] of [
    ['/a/1', '/x/1'],
    ['/b', '/x'],
    ['/c', '/x/c'],
  ] as const) {
    const head = headOf({ path, method: 'PUT' })
    t.equal(other.match(head)?.rewrite?.apply(head.path), result)
  }
})

t.test('a service without a name is one that is missing', async (t) => {
  const { table } = compiled([{ services: [{ service: '' }, { service: 'a' }] }])
  t.match(table.match(headOf({}))?.services.choices, [{ service: undefined }, { service: 'a' }])
})

t.test('a rewrite by an expression is linear, and what comes of it is normal', async (t) => {
  const { table } = compiled([{ ...TO_A, rewrite: { regex: { pattern: '(a*)*b|/(x)?-', replacement: '\\\\\\2.' } } }])
  const rewrite = table.match(headOf({}))?.rewrite
  t.equal(rewrite?.apply(`/${'a'.repeat(20_000)}?b`), `/${'a'.repeat(20_000)}?b`)
  t.equal(rewrite?.apply('/q/x-'), undefined, 'a backslash that was not there could be read in two ways')
  const { table: other } = compiled([{ ...TO_A, rewrite: { regex: { pattern: 'Q', replacement: '?x=1#' } } }])
  t.equal(other.match(headOf({}))?.rewrite?.apply('/aQ?y'), '/a%3Fx=1%23?y', 'no query comes out of a path')
})
