// Ways around a policy, through a whole sidecar over both codecs: what a policy denies never reaches the application, however it is spelt.
import t from 'tap'
import { rawHttp2 } from '../support/h2-raw.ts'
import { headers } from '../support/h2-wire.ts'
import { httpOrigin } from '../support/origin.ts'
import { rawClient } from '../support/raw-client.ts'
import { statuses } from '../support/raw-peer.ts'
import { startSidecar } from '../support/sidecar.ts'

type Owner = Parameters<typeof httpOrigin>[0]
type Fields = readonly (readonly [string, string])[]

/** What the application got of each request. */
interface Got {
  readonly path: string
  readonly host: string
  readonly role: unknown
}

async function guarded(t: Owner, settings: Record<string, unknown>) {
  const got: Got[] = []
  const app = await httpOrigin(t, (request, response) => {
    got.push({ path: request.url ?? '', host: request.headers.host ?? '', role: request.headers['x-role'] })
    response.end()
  })
  const inbound = [{ listen: '127.0.0.1:0', app: `127.0.0.1:${app.port}`, appProtocol: 'http' }]
  const { inbound: port } = await startSidecar(t, { listeners: { inbound }, ...settings })
  const http1 = async (target: string, ...fields: readonly string[]): Promise<number> => {
    const hosted = fields.some((field) => /^host:/i.test(field)) ? fields : ['Host: app', ...fields]
    const client = rawClient(t, port).send(
      Buffer.from([`GET ${target} HTTP/1.1`, ...hosted, 'Connection: close', '', ''].join('\r\n'), 'latin1'),
    )
    const text = await client.seesEnd()
    return statuses(text)[0] ?? 0
  }
  const http2 = async (path: string, authority = 'app', more: Fields = []): Promise<number> => {
    const client = await rawHttp2(t, port)
    const head: Fields = [[':method', 'GET'], [':scheme', 'http'], [':authority', authority], [':path', path], ...more]
    client.send(headers(1, head))
    const status = Number.parseInt(await client.ended(1), 10)
    client.socket.destroy()
    return status || 0
  }
  return { got, http1, http2 }
}

const refused = (status: number): boolean => status === 0 || status === 400 || status === 403

const SECRET = [
  '/admin',
  '/admin/',
  '/admin/x?y',
  '/admin?x=/public',
  '/./admin',
  '/public/../admin',
  '/public/..//admin',
  '/public/%2e%2e/admin',
  '/public/.%2E/admin',
  '/public%2f..%2fadmin',
  '/%61dmin',
  '/%61%64%6d%69%6e',
  '//admin',
  '/admin//',
  '/admin%2fx',
  '/public\\..\\admin',
  '/admin;x=1',
  '/public/..;/admin',
  '/admin%00',
  '/admin%',
  '/admin#x',
  '/admin/%2e%2e/admin',
]

t.test('a path that is denied is so in each of its spellings', async (t) => {
  const { got, http1, http2 } = await guarded(t, { policies: [{ deny: 'all', paths: ['/admin*'] }] })
  for (const path of SECRET) {
    t.ok(refused(await http1(path)), `HTTP/1.1 ${path}`)
    t.ok(refused(await http2(path)), `HTTP/2 ${path}`)
  }
  t.ok(refused(await http1('http://app/admin', 'Host: app')), 'absolute-form')
  t.same(got, [], 'the application has heard of none')
  t.equal(await http1('/public'), 200)
  t.equal(await http2('/administer-not'), 403, 'a prefix is a prefix')
})

t.test('a path that alone is allowed lets no other in beside it', async (t) => {
  const { got, http1, http2 } = await guarded(t, { policies: [{ allow: 'all', paths: ['/public/{**}'] }] })
  for (const path of [
    '/public/../admin',
    '/public/%2e%2e/admin',
    '/public/..%2fadmin',
    '/public/..\\admin',
    '/public/..;/admin',
    '/public',
  ]) {
    t.ok(refused(await http1(path)), `HTTP/1.1 ${path}`)
    t.ok(refused(await http2(path)), `HTTP/2 ${path}`)
  }
  t.same(got, [])
  t.equal(await http2('/public/a'), 200)
})

t.test('a host that is denied is so in any case, with its port and with its dot', async (t) => {
  const { got, http1, http2 } = await guarded(t, { policies: [{ deny: 'all', hosts: ['secret.example'] }] })
  for (const host of [
    'secret.example',
    'SECRET.example',
    'secret.example:80',
    'Secret.Example:8080',
    'secret.example.',
    'secret.example.:80',
  ]) {
    t.equal(await http1('/', `Host: ${host}`), 403, `HTTP/1.1 ${host}`)
    t.equal(await http2('/', host), 403, `HTTP/2 ${host}`)
  }
  t.ok(refused(await http1('http://secret.example/', 'Host: other')), 'the target says another host')
  t.ok(refused(await http1('/', 'Host: other', 'Host: secret.example')), 'two hosts')
  t.ok(refused(await http2('/', 'other', [['host', 'secret.example']])), 'Host beside :authority')
  t.same(got, [])
})

t.test('repeated fields: one value is enough to be denied, all are needed to be allowed', async (t) => {
  const when = [{ key: 'request.headers[x-role]', values: ['admin'] }]
  const denied = await guarded(t, { policies: [{ name: 'p', action: 'deny', rules: [{ when }] }] })
  t.equal(await denied.http1('/', 'X-Role: user', 'x-role: admin'), 403)
  t.equal(
    await denied.http2('/', 'app', [
      ['x-role', 'admin'],
      ['x-role', 'user'],
    ]),
    403,
  )
  t.equal(await denied.http1('/', 'X-Role: admin', 'Connection: x-role'), 200)
  t.same(
    denied.got.map(({ role }) => role),
    [undefined],
    'a field that Connection names is gone for policy and application alike',
  )
  const allowed = await guarded(t, { policies: [{ name: 'p', rules: [{ when }] }] })
  t.equal(await allowed.http1('/', 'X-Role: admin', 'x-role: user'), 403)
  t.equal(
    await allowed.http2('/', 'app', [
      ['x-role', 'user'],
      ['x-role', 'admin'],
    ]),
    403,
  )
  t.equal(await allowed.http1('/', 'X-Role: admin'), 200)
  t.equal(await allowed.http1('/', 'X-Role: adm\u00edn'), 403, 'bytes beyond ASCII are other bytes')
})

t.test('who calls is not what x-forwarded-for says, but as far as trusted hops reach', async (t) => {
  const policies = [{ name: 'p', rules: [{ from: [{ remoteIpBlocks: ['203.0.113.7'] }] }] }]
  const alone = await guarded(t, { policies })
  t.equal(await alone.http1('/', 'X-Forwarded-For: 203.0.113.7'), 403)
  const behind = await guarded(t, { policies, trustedHops: 1 })
  t.equal(await behind.http1('/', 'X-Forwarded-For: 203.0.113.7'), 200)
  t.equal(await behind.http1('/', 'X-Forwarded-For: 203.0.113.7, 198.51.100.1'), 403, 'the hop wrote the last entry')
  t.equal(
    await behind.http1('/', 'X-Forwarded-For: 198.51.100.1', 'X-Forwarded-For: 203.0.113.7'),
    200,
    'several fields are one list',
  )
  t.equal(await behind.http2('/', 'app', [['x-forwarded-for', '203.0.113.7,evil']]), 403, 'an entry that is no address')
})

t.test('nobody is somebody by what a field says', async (t) => {
  const policies = [{ name: 'p', rules: [{ from: [{ principals: ['*'] }] }, { from: [{ namespaces: ['web'] }] }] }]
  const { got, http1 } = await guarded(t, { policies })
  const uri = 'spiffe://cluster.local/ns/web/sa/front'
  t.equal(await http1('/', `X-Forwarded-Client-Cert: By=${uri};Hash=00;URI=${uri}`), 403)
  t.equal(await http1('/', `x-envoy-peer-metadata: x`, `x-envoy-original-path: /`), 403)
  t.same(got, [])
})

t.test('a denial tells its caller nothing of policies', async (t) => {
  const app = await httpOrigin(t)
  const inbound = [{ listen: '127.0.0.1:0', app: `127.0.0.1:${app.port}`, appProtocol: 'http' }]
  const { inbound: port } = await startSidecar(t, {
    listeners: { inbound },
    policies: [{ name: 'secret-name', action: 'deny', rules: [{}] }],
  })
  const client = rawClient(t, port).send('GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n')
  const text = await client.seesEnd()
  t.match(text, 'HTTP/1.1 403')
  t.notMatch(text, /secret-name|rule|127\.0\.0\.1/)
})
