// Policies at work on real sockets.
import type { IncomingMessage } from 'node:http'
import t from 'tap'
import { authorizeAgain } from '../../src/exchange/authorize.ts'
import { compilePolicies } from '../../src/policy/families.ts'
import { httpOrigin } from '../support/origin.ts'
import { configWith } from '../support/policy-world.ts'
import { rawClient } from '../support/raw-client.ts'
import { statuses } from '../support/raw-peer.ts'
import { startSidecar } from '../support/sidecar.ts'
import { testIssuer } from '../support/tokens.ts'

t.test('the application sees what a policy allows and nothing else', async (t) => {
  const origin = await httpOrigin(t, (_request, response) => response.end('hello'))
  const listeners = { inbound: [{ listen: '127.0.0.1:0', app: `127.0.0.1:${origin.port}`, protocol: 'http' }] }
  const { inbound, metric } = await startSidecar(t, { listeners, policies: [{ allow: 'all', paths: ['/open*'] }] })
  const ask = (path: string) => fetch(`http://127.0.0.1:${inbound}${path}`)
  t.equal((await ask('/open/door')).status, 200)
  const denied = await ask('/closed')
  t.equal(denied.status, 403)
  t.same(Object.keys((await denied.json()) as object), ['error', 'message', 'request_id'])
  t.equal(await metric('istio_requests_total', { response_code: '403' }), 1)
})

t.test('a valid token lets its caller in, an invalid one never, and a missing one as far as policies go', async (t) => {
  const issuer = testIssuer()
  const seen: IncomingMessage[] = []
  const origin = await httpOrigin(t, (request, response) => {
    seen.push(request)
    request.pipe(response)
  })
  const { inbound } = await startSidecar(t, {
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: `127.0.0.1:${origin.port}`, protocol: 'http' }] },
    tokens: [{ issuer: 'https://one', jwks: issuer.jwks, outputClaimToHeaders: [{ header: 'x-sub', claim: 'sub' }] }],
    policies: [
      { name: 'users', rules: [{ from: [{ requestPrincipals: ['https://one/*'] }] }, { to: [{ paths: ['/public'] }] }] },
    ],
  })
  const token = issuer.token({ iss: 'https://one', sub: 'me', exp: Math.floor(Date.now() / 1000) + 600 })
  const ask = (path: string, authorization?: string) =>
    fetch(`http://127.0.0.1:${inbound}${path}`, {
      method: 'POST',
      body: 'x'.repeat(100_000),
      headers: { 'x-sub': 'admin', ...(authorization === undefined ? {} : { authorization }) },
    })
  const good = await ask('/private', `Bearer ${token}`)
  t.equal(good.status, 200)
  t.equal((await good.text()).length, 100_000, 'the body waited for the keys')
  t.equal(seen[0]?.headers['x-sub'], 'me')
  t.equal(seen[0]?.headers.authorization, undefined)
  t.equal((await ask('/private', `Bearer ${token}`)).status, 200, 'once more, by a token that is known')
  const bad = await ask('/public', 'Bearer abc.def.ghi')
  t.equal(bad.status, 401)
  t.equal(bad.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
  t.equal((await ask('/private')).status, 403)
  t.equal((await ask('/public')).status, 200)
  t.equal(seen.at(-1)?.headers['x-sub'], undefined)
})

t.test('a call to a service that policies deny goes nowhere', async (t) => {
  const origin = await httpOrigin(t)
  const { outbound, metric } = await startSidecar(t, {
    workload: { name: 'cart-1', namespace: 'shop' },
    listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
    services: ['catalog', 'secrets'].map((name) => ({
      name,
      namespace: 'shop',
      port: 80,
      endpoints: [{ address: origin.address }],
    })),
    policies: [{ name: 'no-secrets', action: 'deny', direction: 'outbound', rules: [{ to: [{ services: ['secrets.shop'] }] }] }],
  })
  const call = async (host: string): Promise<number> => {
    const client = rawClient(t, outbound).send(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    return statuses(await client.seesEnd())[0] ?? 0
  }
  t.equal(await call('catalog.shop'), 200)
  for (const host of ['secrets', 'secrets.shop:80', 'SECRETS.shop.svc.cluster.local']) t.equal(await call(host), 403, host)
  t.equal(origin.seen(), 1)
  t.equal(
    await metric('outrigger_policy_denials_total', { direction: 'outbound', rule: 'ns[shop]-policy[no-secrets]-rule[0]' }),
    3,
  )
})

t.test('what is open can be put to a newer snapshot', async (t) => {
  const config = configWith({ policies: [{ deny: ['10.0.0.9'] }] })
  const snapshot = { config, policies: compilePolicies(config) }
  const peer = {
    direction: 'inbound',
    remoteIp: '10.0.0.9',
    identity: undefined,
    destinationIp: '',
    destinationPort: 1,
    serverName: '',
    gateway: '',
  } as const
  const judged = { claims: undefined, policyInput: undefined, verdict: undefined, due: null }
  t.match(authorizeAgain(snapshot, peer, undefined, judged), { allowed: false, rule: 'ns[shop]-policy[deny-0]-rule[0]' })
  t.match(authorizeAgain(snapshot, { ...peer, remoteIp: '10.0.0.8' }, undefined, judged), { allowed: true })
})
