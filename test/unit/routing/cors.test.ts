import t from 'tap'
import { cors as corsSchema } from '../../../src/config/schema/route-guards.ts'
import { Fields } from '../../../src/core/fields.ts'
import { type Cors, compileCors } from '../../../src/routing/cors.ts'
import { headOf } from '../../support/routing.ts'

function compile(input: object): { cors: Cors; problems: string[] } {
  const problems: string[] = []
  const cors = compileCors(corsSchema.parse(input), (path, message) => problems.push(`${path.join('.')}: ${message}`))
  return { cors, problems }
}

function preflight(cors: Cors, origin: string, more: [string, string][] = []): Record<string, string> | undefined {
  const headers: [string, string][] = [['Origin', origin], ['Access-Control-Request-Method', 'PUT'], ...more]
  const fields = cors.preflight(headOf({ method: 'OPTIONS', headers }))
  return fields === undefined ? undefined : Object.fromEntries(fields)
}

const ORIGINS: readonly (readonly [object, readonly string[], readonly string[]])[] = [
  [
    { exact: 'https://a.example' },
    ['https://a.example'],
    ['https://a.example:8443', 'http://a.example', 'https://a.example.evil', 'null'],
  ],
  [{ prefix: 'https://a.' }, ['https://a.example'], ['https://b.example']],
  [{ wildcard: '*' }, ['https://a.example', 'null'], []],
  [
    { wildcard: 'https://*.a.example' },
    ['https://b.a.example', 'https://c.b.a.example'],
    [
      'https://a.example',
      'https://evil/.a.example',
      'https://evil?.a.example',
      'https://x@b.a.example.evil',
      'https://b.a.example:1',
    ],
  ],
  [{ wildcard: 'http://a.example:*' }, ['http://a.example:8080'], ['http://a.example', 'http://a.example.evil:1']],
  [{ regex: 'https://[a-c]\\.example' }, ['https://b.example'], ['https://d.example', 'https://b.example.evil']],
]

for (const [origin, allowed, refused] of ORIGINS) {
  t.test(`${JSON.stringify(origin)} is for ${allowed.join(', ')} alone`, async (t) => {
    const { cors, problems } = compile({ origins: [origin] })
    t.same(problems, [])
    for (const one of allowed) t.equal(preflight(cors, one)?.['access-control-allow-origin'], one)
    for (const one of refused) t.same(preflight(cors, one), {})
  })
}

t.test('the answer to a preflight', async (t) => {
  const { cors } = compile({
    origins: [{ wildcard: '*' }],
    methods: ['GET', 'PUT'],
    headers: ['x-a', 'x-b'],
    exposeHeaders: ['x-c'],
    maxAge: '90s',
    credentials: true,
  })
  t.same(preflight(cors, 'https://a.example'), {
    'access-control-allow-origin': 'https://a.example',
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'x-c',
    'access-control-allow-methods': 'GET, PUT',
    'access-control-allow-headers': 'x-a, x-b',
    'access-control-max-age': '90',
    vary: 'origin, access-control-request-method, access-control-request-headers',
  })
})

t.test('a star stands for what was asked', async (t) => {
  const { cors } = compile({ origins: [{ wildcard: '*' }], methods: ['*'], headers: ['*'] })
  t.match(preflight(cors, 'https://a', [['Access-Control-Request-Headers', 'x-a, x-b']]), {
    'access-control-allow-methods': 'PUT',
    'access-control-allow-headers': 'x-a, x-b',
  })
  t.notOk(preflight(cors, 'https://a')?.['access-control-allow-headers'])
  t.notOk(preflight(cors, 'https://a')?.['access-control-allow-credentials'])
})

t.test('what is no preflight goes on, and so do those of other origins where that is asked', async (t) => {
  const { cors } = compile({ origins: [{ exact: 'https://a' }] })
  t.equal(cors.preflight(headOf({ method: 'OPTIONS', headers: [['Origin', 'https://a']] })), undefined)
  t.equal(
    cors.preflight(
      headOf({
        method: 'GET',
        headers: [
          ['Origin', 'https://a'],
          ['access-control-request-method', 'GET'],
        ],
      }),
    ),
    undefined,
  )
  const { cors: forwarding } = compile({ origins: [{ exact: 'https://a' }], forwardUnmatched: true })
  t.equal(preflight(forwarding, 'https://b'), undefined)
  t.ok(preflight(forwarding, 'https://a'))
})

t.test('a response tells its own origin alone, and caches that it depends on it', async (t) => {
  const { cors } = compile({ origins: [{ exact: 'https://a' }], exposeHeaders: ['x-c'] })
  const granted = Fields.of(['Access-Control-Allow-Origin', '*'], ['vary', 'accept'])
  cors.grantFor(headOf({ headers: [['Origin', 'https://a']] }))?.applyTo(granted)
  t.same(
    [...granted],
    [
      ['Access-Control-Allow-Origin', 'https://a'],
      ['vary', 'accept'],
      ['access-control-expose-headers', 'x-c'],
      ['vary', 'origin'],
    ],
  )
  const other = new Fields()
  cors.grantFor(headOf({ headers: [['Origin', 'https://b']] }))?.applyTo(other)
  t.same([...other], [['vary', 'origin']])
  t.equal(cors.grantFor(headOf({})), null)
})

t.test('mistakes are reported', async (t) => {
  t.same(compile({}).problems, ['origins: without an origin no page may call'])
  t.match(compile({ origins: [{ regex: '(' }] }).problems, [/^origins\.0\.regex: .*RE2/])
  t.match(compile({ origins: [{ wildcard: '*' }], methods: ['G T'], headers: ['a b'] }).problems, [/^methods\.0/, /^headers\.0/])
})
