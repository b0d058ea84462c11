// A newer configuration judges what is open by what came, not by what a route or a provider made of it, and whatever waits meanwhile.
import t, { type Test } from 'tap'
import { configOf } from '../support/config-of.ts'
import { eventually } from '../support/eventually.ts'
import { httpOrigin } from '../support/origin.ts'
import { rawClient } from '../support/raw-client.ts'
import { startSidecar } from '../support/sidecar.ts'
import { testIssuer } from '../support/tokens.ts'

type Policies = readonly Record<string, unknown>[]

async function scene(t: Test, more: Record<string, unknown>, policies: Policies = []) {
  const app = await httpOrigin(t, (_, response) => response.write('first '))
  const settings = {
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address, protocol: 'http' }] },
    drain: { grace: '0', limit: '1s' },
    ...more,
  }
  const { inbound, sidecar } = await startSidecar(t, { ...settings, policies })
  return { app, inbound, obey: (...next: Policies) => sidecar.reload(configOf({ ...settings, policies: next })) }
}

const CHANGING = [
  {
    name: 'changing',
    at: 'inbound',
    matches: [{ path: { prefix: '/old' } }],
    rewrite: { prefix: '/new', host: 'app' },
    requestHeaders: { remove: ['x-tenant'], set: { 'x-role': 'trusted' } },
  },
]
const REQUEST = 'GET /old/x HTTP/1.1\r\nhost: shop\r\nx-tenant: blue\r\n\r\n'
const header = (name: string, value: string) => ({ when: [{ key: `request.headers[${name}]`, values: [value] }] })

const DENIALS: Readonly<Record<string, object>> = {
  'a field that the route took away': header('x-tenant', 'blue'),
  'a path that the route replaced': { to: [{ paths: ['/old/*'] }] },
  'a host that the route replaced': { to: [{ hosts: ['shop'] }] },
}
for (const [name, rule] of Object.entries(DENIALS)) {
  for (const [before, policies] of Object.entries({ 'no policy': [], 'a policy': [{ deny: 'all', paths: ['/never'] }] })) {
    t.test(`what is open is denied for ${name}, where there was ${before}`, async (t) => {
      const { inbound, obey } = await scene(t, { routes: CHANGING }, policies)
      const client = rawClient(t, inbound)
      client.send(REQUEST)
      await client.sees('first ')
      await obey({ name: 'no', action: 'deny', rules: [rule] })
      await client.seesEnd()
      t.pass('it was cut')
    })
  }
}

t.test('what is open is not cut for what the route made of it', async (t) => {
  const allowed = { name: 'blue', action: 'allow', rules: [{ ...header('x-tenant', 'blue'), to: [{ paths: ['/old/*'] }] }] }
  const { inbound, obey } = await scene(t, { routes: CHANGING }, [allowed])
  const [client, witness] = [rawClient(t, inbound), rawClient(t, inbound)]
  client.send(REQUEST)
  witness.send(REQUEST.replace('/old/x', '/old/y'))
  await Promise.all([client.sees('first '), witness.sees('first ')])
  const other = {
    name: 'others',
    action: 'deny',
    rules: [header('x-role', 'trusted'), { to: [{ paths: ['/new/*', '/old/y'] }] }],
  }
  await obey(allowed, other)
  await witness.seesEnd()
  t.notOk(client.ended || client.closed)
})

t.test('a request that waits for the keys of its issuer is judged by the configuration that is there by then', async (t) => {
  const issuer = testIssuer()
  const token = issuer.token({ iss: 'https://one', sub: 'me', exp: Math.floor(Date.now() / 1000) + 600 })
  const gate = Promise.withResolvers<void>()
  const keys = await httpOrigin(t, (_, response) => void gate.promise.then(() => response.end(issuer.jwks)))
  const { app, inbound, obey } = await scene(t, { tokens: [{ issuer: 'https://one', jwksUri: `http://${keys.address}/` }] })
  const [denied, allowed] = [rawClient(t, inbound), rawClient(t, inbound)]
  denied.send(`GET /denied HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`)
  allowed.send(`GET /allowed HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`)
  await eventually(() => keys.seen() > 0)
  await obey({
    name: 'me',
    action: 'allow',
    rules: [{ from: [{ requestPrincipals: ['https://one/me'] }], to: [{ paths: ['/allowed'] }] }],
  })
  gate.resolve()
  t.match(await denied.sees('request_id'), /^HTTP\/1\.1 403 /)
  t.match(await allowed.sees('first '), /^HTTP\/1\.1 200 /, 'it is not denied for a token that nobody had verified yet')
  t.equal(app.seen(), 1)
})

t.test('a request that waits for a provider is judged by the configuration that is there by then', async (t) => {
  const gate = Promise.withResolvers<void>()
  const guard = await httpOrigin(
    t,
    (_, response) => void gate.promise.then(() => response.writeHead(200, { 'x-user': 'me' }).end()),
  )
  const http = { service: '127.0.0.1', port: guard.port, timeout: '30s', upstreamHeaders: ['x-user'] }
  const ask = { name: 'ask', action: 'custom', provider: 'guard', rules: [{ to: [{ paths: ['/*'] }] }] }
  const { app, inbound, obey } = await scene(t, { extensionProviders: [{ name: 'guard', http }] }, [ask])
  const client = rawClient(t, inbound)
  client.send('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await eventually(() => guard.seen() === 1)
  await obey(ask, { name: 'not-me', action: 'deny', rules: [header('x-user', 'me')] })
  gate.resolve()
  t.match(await client.sees('request_id'), /^HTTP\/1\.1 403 /)
  t.equal(app.seen(), 0)
})
