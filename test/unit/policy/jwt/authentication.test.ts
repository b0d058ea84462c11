import t from 'tap'
import { type TokenConfig, tokenSchema } from '../../../../src/config/schema/tokens.ts'
import { type Authenticated, Authentication } from '../../../../src/policy/jwt/authentication.ts'
import { KeyStore } from '../../../../src/policy/jwt/keys.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { type Asked, headOf } from '../../../support/policy-world.ts'
import { RecordingLog } from '../../../support/recording-log.ts'
import { testIssuer } from '../../../support/tokens.ts'

const ISSUER = testIssuer()
const OTHER = testIssuer()
const NOW_S = Date.UTC(2026, 0, 1) / 1000
const CLAIMS = { iss: 'https://one', sub: 'me', exp: NOW_S + 600 }

function world(...configs: Record<string, unknown>[]) {
  const clock = new FakeClock()
  const log = new RecordingLog()
  const fetched = { text: ISSUER.jwks, times: 0, fails: false }
  const keys = new KeyStore({
    clock,
    log,
    fetch: async ({ jwks }: TokenConfig) => {
      fetched.times++
      await Promise.resolve()
      if (fetched.fails) throw new Error('down')
      return jwks ?? fetched.text
    },
  })
  const parsed = configs.map((config) => tokenSchema.parse({ issuer: 'https://one', jwksUri: 'https://one/keys', ...config }))
  return { authentication: new Authentication(parsed, { keys, clock }), clock, fetched, keys }
}

const bearer = (token: string): Asked => ({ headers: [['Authorization', `Bearer ${token}`]] })

async function check(authentication: Authentication, asked: Asked): Promise<Authenticated> {
  return await authentication.check(headOf(asked))
}

t.test('a request without a token needs none, and is answered at once', (t) => {
  const { authentication } = world({})
  t.same(authentication.check(headOf({})), { kind: 'none' })
  t.same(authentication.check(headOf({ headers: [['authorization', 'Basic abc']] })), { kind: 'none' })
  t.end()
})

t.test('a valid token tells its claims, and at once when it comes again', async (t) => {
  const { authentication } = world({})
  const asked = bearer(ISSUER.token(CLAIMS))
  t.match(await check(authentication, asked), { kind: 'valid', claims: { sub: 'me' } })
  t.match(authentication.check(headOf(asked)), { kind: 'valid', claims: { sub: 'me' } })
})

const REFUSED: { name: string; token: string; config?: Record<string, unknown>; detail: RegExp }[] = [
  { name: 'expired', token: ISSUER.token({ ...CLAIMS, exp: NOW_S - 61 }), detail: /expired/ },
  { name: 'not valid yet', token: ISSUER.token({ ...CLAIMS, nbf: NOW_S + 61 }), detail: /nbf/ },
  { name: 'of another issuer', token: ISSUER.token({ ...CLAIMS, iss: 'https://two' }), detail: /iss/ },
  { name: 'for others', token: ISSUER.token({ ...CLAIMS, aud: 'x' }), config: { audiences: ['y'] }, detail: /aud/ },
  { name: 'for nobody', token: ISSUER.token(CLAIMS), config: { audiences: ['y'] }, detail: /aud/ },
  { name: 'signed by another key', token: OTHER.token(CLAIMS), detail: /signature/ },
  {
    name: 'unsigned',
    token: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(CLAIMS)).toString('base64url')}.`,
    detail: /malformed|algorithm/,
  },
  { name: 'signed with a secret', token: ISSUER.token(CLAIMS, { alg: 'HS256' }), detail: /algorithm/ },
  { name: 'no token', token: 'abc', detail: /malformed/ },
]

for (const c of REFUSED)
  t.test(`a token that is ${c.name} is refused`, async (t) => {
    const { authentication } = world(c.config ?? {})
    const found = await check(authentication, bearer(c.token))
    t.equal(found.kind, 'invalid')
    if (found.kind === 'invalid') t.match(found.detail, c.detail)
  })

t.test('a token that expired is not known any more', async (t) => {
  const { authentication, clock } = world({})
  const asked = bearer(ISSUER.token(CLAIMS))
  await check(authentication, asked)
  clock.advance(661_000)
  t.match(await check(authentication, asked), { kind: 'invalid' })
})

t.test('tokens are found in fields, parameters and cookies, and nowhere else then', async (t) => {
  const { authentication } = world({ fromHeaders: [{ name: 'X-Token', prefix: 'jwt ' }], fromParams: ['t'], fromCookies: ['c'] })
  const token = ISSUER.token(CLAIMS)
  t.match(await check(authentication, { headers: [['x-token', `jwt ${token}`]] }), { kind: 'valid' })
  t.match(await check(authentication, { path: `/a?b=1&t=${token}` }), { kind: 'valid' })
  t.match(await check(authentication, { headers: [['cookie', `a=b; c=${token}`]] }), { kind: 'valid' })
  t.match(await check(authentication, bearer(token)), { kind: 'none' })
})

t.test('two different tokens are refused: who read the other would be deceived', async (t) => {
  const { authentication } = world({})
  const [a, b] = [ISSUER.token(CLAIMS), ISSUER.token({ ...CLAIMS, sub: 'you' })]
  t.match(
    await check(authentication, {
      headers: [
        ['authorization', `Bearer ${a}`],
        ['Authorization', `Bearer ${b}`],
      ],
    }),
    { kind: 'invalid' },
  )
  t.match(await check(authentication, { ...bearer(a), path: `/?access_token=${b}` }), { kind: 'invalid' })
  await check(authentication, bearer(a))
  t.match(
    await check(authentication, { ...bearer(a), path: `/?access_token=${b}` }),
    { kind: 'invalid' },
    'also when one is known',
  )
})

t.test('of several issuers the right one is enough', async (t) => {
  const { authentication } = world({ issuer: 'https://zero' }, {})
  t.match(await check(authentication, bearer(ISSUER.token(CLAIMS))), { kind: 'valid', claims: { iss: 'https://one' } })
})

t.test('outputs replace what the caller says in them, and the token is kept back', async (t) => {
  const config = {
    outputPayloadToHeader: 'X-Payload',
    outputClaimToHeaders: [
      { header: 'X-Sub', claim: 'sub' },
      { header: 'X-Deep', claim: 'a.b' },
    ],
  }
  const { authentication } = world(config)
  const token = ISSUER.token({ ...CLAIMS, a: { b: 7 } })
  const head = headOf({
    headers: [
      ['authorization', `Bearer ${token}`],
      ['x-sub', 'admin'],
      ['x-payload', 'forged'],
    ],
  })
  const found = await authentication.check(head)
  if (found.kind === 'valid') authentication.tell(found, head)
  t.same(
    [...head.fields],
    [
      ['X-Payload', token.split('.')[1]],
      ['X-Sub', 'me'],
      ['X-Deep', '7'],
    ],
  )
  const bare = headOf({ headers: [['x-sub', 'admin']] })
  t.match(await authentication.check(bare), { kind: 'none' })
  t.same([...bare.fields], [], 'also without a token')
})

t.test('a claim that would break its field is left out', async (t) => {
  const { authentication } = world({ outputClaimToHeaders: [{ header: 'X-Sub', claim: 'sub' }], forwardOriginalToken: true })
  const head = headOf(bearer(ISSUER.token({ ...CLAIMS, sub: 'a\r\nx-admin: 1' })))
  const found = await authentication.check(head)
  if (found.kind === 'valid') authentication.tell(found, head)
  t.equal(head.fields.has('x-sub'), false)
  t.equal(head.fields.has('authorization'), true)
})

t.test('a key that is not there makes the keys be fetched again, but not at once again', async (t) => {
  const { authentication, fetched, clock } = world({})
  const next = testIssuer('k2')
  await check(authentication, bearer(ISSUER.token(CLAIMS)))
  fetched.text = next.jwks
  t.match(await check(authentication, bearer(next.token(CLAIMS))), { kind: 'invalid' })
  t.equal(fetched.times, 1, 'too soon')
  clock.advance(11_000)
  t.match(await check(authentication, bearer(next.token(CLAIMS))), { kind: 'valid' })
  t.match(await check(authentication, bearer(ISSUER.token(CLAIMS))), { kind: 'invalid' }, 'the former key is gone')
})

t.test('without keys tokens are refused; the last good ones are used until they are too old', async (t) => {
  const none = world({})
  none.fetched.fails = true
  t.match(await check(none.authentication, bearer(ISSUER.token(CLAIMS))), { kind: 'invalid' })
  const some = world({ refresh: '1m', maxStale: '1m' })
  const lasting = (sub: string) => bearer(ISSUER.token({ ...CLAIMS, sub, exp: NOW_S + 10_000 }))
  t.match(await check(some.authentication, lasting('a')), { kind: 'valid' })
  some.fetched.fails = true
  some.clock.advance(100_000)
  t.match(await check(some.authentication, lasting('b')), { kind: 'valid' })
  some.clock.advance(30_000)
  t.match(await check(some.authentication, lasting('c')), { kind: 'invalid' })
})
