// Tokens are believed no longer than the keys that vouch for them, and are found wherever an application would find them.
import t from 'tap'
import { tokenSchema } from '../../src/config/schema/tokens.ts'
import { Authentication } from '../../src/policy/jwt/authentication.ts'
import { KeyStore } from '../../src/policy/jwt/keys.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { headOf } from '../support/policy-world.ts'
import { RecordingLog } from '../support/recording-log.ts'
import { testIssuer } from '../support/tokens.ts'

const ISSUER = testIssuer()
const CLAIMS = { iss: 'https://one', sub: 'me' }

function world() {
  const clock = new FakeClock()
  const source = { fails: false }
  const fetch = async (): Promise<string> => {
    await Promise.resolve()
    if (source.fails) throw new Error('down')
    return ISSUER.jwks
  }
  const keys = new KeyStore({ clock, log: new RecordingLog(), fetch })
  const config = tokenSchema.parse({ issuer: 'https://one', jwksUri: 'https://one/keys', refresh: '1m', maxStale: '1m' })
  return { authentication: new Authentication([config], { keys, clock }), clock, source }
}

t.test('a token that is known already is refused as well once the keys are too old', async (t) => {
  const { authentication, clock, source } = world()
  // it does not expire
  const head = () => headOf({ headers: [['Authorization', `Bearer ${ISSUER.token(CLAIMS)}`]] })
  t.match(await authentication.check(head()), { kind: 'valid' })
  source.fails = true
  clock.advance(100_000)
  t.match(await authentication.check(head()), { kind: 'valid' }, 'the last good keys do for a while')
  clock.advance(30_000)
  t.match(await authentication.check(head()), { kind: 'invalid' })
})

t.test('a token in a parameter whose name is written in escapes is seen', async (t) => {
  const { authentication } = world()
  for (const name of ['access%5Ftoken', '%61ccess_token', 'access_toke%6E'])
    t.match(await authentication.check(headOf({ path: `/?${name}=forged` })), { kind: 'invalid' }, name)
})
