// Who may come in over mutual TLS, and as whom: real sockets, real certificates.
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { TestAuthority } from '../support/certificates.ts'
import { configOf } from '../support/config-of.ts'
import { eventually } from '../support/eventually.ts'
import { httpOrigin } from '../support/origin.ts'
import { rawClient } from '../support/raw-peer.ts'
import { startSidecar, type TestSidecar } from '../support/sidecar.ts'

const GET = 'GET /items HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n'
const MESH = ['istio-http/1.1', 'istio', 'http/1.1']

interface Files {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

async function strict(t: Test, ours: TestAuthority, more: Record<string, unknown> = {}): Promise<TestSidecar> {
  const app = await httpOrigin(t)
  const { identity = {}, ...listener } = more as { identity?: Record<string, unknown> }
  return startSidecar(t, {
    workload: { name: 'catalog-1', namespace: 'shop', serviceAccount: 'catalog' },
    identity: { folder: ours.workload('shop', 'catalog'), ...identity },
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address, mtls: 'strict', ...listener }] },
  })
}

/** Everything that comes back, '' when the connection is cut before. */
async function call(t: Test, port: number, files: Partial<Files>, options: ConnectionOptions = {}): Promise<string> {
  const socket = open(t, port, files, options)
  let text = ''
  socket.setEncoding('latin1').on('data', (part: string) => (text += part))
  socket.on('error', () => {})
  socket.write(options.path ?? GET)
  await once(socket, 'close').catch(() => {})
  return text
}

function open(t: Test, port: number, files: Partial<Files>, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({
    host: '127.0.0.1',
    port,
    ...files,
    ALPNProtocols: MESH,
    checkServerIdentity: () => undefined,
    ...options,
  })
  t.teardown(() => socket.destroy())
  return socket
}

t.test('lets in whom an authority of the trust domain has named, and counts it as mutual TLS', async (t) => {
  const ours = new TestAuthority(t)
  const { inbound, metric } = await strict(t, ours)
  t.match(await call(t, inbound, ours.issue('web', 'front')), /^HTTP\/1\.1 200 OK/)
  await eventually(async () => (await metric('istio_requests_total')) === 1)
  const labels = {
    connection_security_policy: 'mutual_tls',
    source_principal: 'spiffe://cluster.local/ns/web/sa/front',
    source_workload_namespace: 'web',
    destination_principal: 'spiffe://cluster.local/ns/shop/sa/catalog',
    destination_workload: 'catalog-1',
  }
  t.equal(await metric('istio_requests_total', labels), 1)
})

t.test('refuses plaintext where mutual TLS is strict, without an answer, and counts it', async (t) => {
  const { inbound, metric } = await strict(t, new TestAuthority(t))
  for (const bytes of [GET, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\x01\x02\x03']) {
    const caller = await rawClient(t, inbound)
    caller.send(bytes)
    t.equal(await caller.gone(), '')
  }
  await eventually(async () => (await metric('outrigger_downstream_refusals_total', { reason: 'plaintext' })) === 3)
  t.equal(await metric('istio_requests_total'), 0)
})

t.test('refuses a strict port to everybody when there is no identity to check them by', async (t) => {
  const app = await httpOrigin(t)
  const { sidecar, inbound } = await startSidecar(t, {
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address, mtls: 'strict' }] },
  })
  t.ok(sidecar)
  const caller = await rawClient(t, inbound)
  caller.send(GET)
  t.equal(await caller.gone(), '')
  t.equal(app.seen(), 0)
})

const now = Date.now()
const SAN = 'spiffe://cluster.local/ns/web/sa/front'
/** Who must not get in: how the certificate of the caller is made. */
const IMPOSTORS: Record<string, (t: Test, ours: TestAuthority, partner: TestAuthority) => Partial<Files>> = {
  'nobody at all': (_t, ours) => ({ ca: ours.authority.bundle }),
  'somebody of a trust domain that is not believed': (t, ours) => ({
    ...new TestAuthority(t, 'stranger.example').issue('web', 'front'),
    ca: ours.authority.bundle,
  }),
  'somebody whose namesake authority is another one': (t, ours) => ({
    ...new TestAuthority(t).issue('web', 'front'),
    ca: ours.authority.bundle,
  }),
  'somebody of our trust domain, named by the authority of a federated one': (_t, ours, partner) => ({
    ...partner.issue('', '', { uris: [SAN] }),
    ca: ours.authority.bundle,
  }),
  'somebody of a federated trust domain, named by our authority': (_t, ours) =>
    ours.issue('', '', { uris: ['spiffe://partner.example/ns/web/sa/front'] }),
  'an expired certificate': (_t, ours) => ours.issue('web', 'front', { notAfterMs: now - 60_000 }),
  'a certificate that is not valid yet': (_t, ours) => ours.issue('web', 'front', { notBeforeMs: now + 600_000 }),
  'a certificate with two identities': (_t, ours) =>
    ours.issue('', '', { uris: [SAN, 'spiffe://cluster.local/ns/web/sa/admin'] }),
  'a certificate with an identity and another URI': (_t, ours) => ours.issue('', '', { uris: [SAN, 'https://example.com/x'] }),
  'a certificate without alternative names': (_t, ours) => ours.issue('', '', { uris: [] }),
  'a certificate whose identity has another path': (_t, ours) =>
    ours.issue('', '', { uris: ['spiffe://cluster.local/ns/web/sa/front/../admin'] }),
}
for (const [name, make] of Object.entries(IMPOSTORS)) {
  t.test(`does not let in ${name}`, async (t) => {
    const ours = new TestAuthority(t)
    const partner = new TestAuthority(t, 'partner.example')
    const federated = { 'partner.example': join(partner.workload('x', 'y'), 'ca.crt') }
    const { inbound, metric } = await strict(t, ours, { identity: { federated } })
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
      t.equal(await call(t, inbound, make(t, ours, partner), { maxVersion }), '')
    await eventually(async () => (await metric('outrigger_downstream_refusals_total', { reason: 'peer_certificate' })) === 2)
    t.equal(await metric('istio_requests_total'), 0)
    // the one that differs in nothing else is let in
    t.match(await call(t, inbound, ours.issue('web', 'front')), /^HTTP\/1\.1 200 OK/)
  })
}

t.test('does not take a name in the subject for an identity', async (t) => {
  const ours = new TestAuthority(t)
  const { inbound } = await strict(t, ours)
  const files = ours.issue('', '', { uris: [], commonName: SAN })
  t.equal(await call(t, inbound, files), '')
})

t.test('lets in a federated trust domain by its own authority', async (t) => {
  const ours = new TestAuthority(t)
  const partner = new TestAuthority(t, 'partner.example')
  const federated = { 'partner.example': join(partner.workload('x', 'y'), 'ca.crt') }
  const { inbound, metric } = await strict(t, ours, { identity: { federated } })
  t.match(await call(t, inbound, { ...partner.issue('web', 'front'), ca: ours.authority.bundle }), /^HTTP\/1\.1 200/)
  await eventually(async () => (await metric('istio_requests_total')) === 1)
  t.equal(await metric('istio_requests_total', { source_principal: 'spiffe://partner.example/ns/web/sa/front' }), 1)
})

t.test('speaks no TLS older than 1.2, and 1.3 with whom it can', async (t) => {
  const ours = new TestAuthority(t)
  const { inbound } = await strict(t, ours)
  const files = ours.issue('web', 'front')
  t.equal(await call(t, inbound, files, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }), '')
  const modern = open(t, inbound, files)
  await once(modern, 'secureConnect')
  t.equal(modern.getProtocol(), 'TLSv1.3')
})

t.test('never resumes a session, so that nobody is let in on an older check', async (t) => {
  const ours = new TestAuthority(t)
  const { inbound } = await strict(t, ours)
  const files = ours.issue('web', 'front')
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const first = open(t, inbound, files, { maxVersion })
    const session = new Promise<Buffer | undefined>((resolve) => {
      first.once('session', resolve)
      first.once('close', () => resolve(undefined))
    })
    first.on('error', () => {})
    first.write(GET)
    first.resume()
    await once(first, 'close')
    const ticket = await session
    const again = open(t, inbound, files, { maxVersion, ...(ticket === undefined ? {} : { session: ticket }) })
    await once(again, 'secureConnect')
    t.equal(again.isSessionReused(), false, maxVersion)
  }
})

t.test('tells the application who called as Envoy does, whatever the caller says of itself', async (t) => {
  const ours = new TestAuthority(t)
  const forged = `GET /items HTTP/1.1\r\nHost: app\r\nX-Forwarded-Client-Cert: URI=spiffe://cluster.local/ns/web/sa/admin\r\nx-forwarded-client-cert: By=me\r\nConnection: close\r\n\r\n`
  const told = async (forwardClientCert: string): Promise<string | undefined> => {
    const { inbound } = await strict(t, ours, { forwardClientCert })
    const socket = open(t, inbound, ours.issue('web', 'front'))
    socket.write(forged)
    let text = ''
    socket.setEncoding('latin1').on('data', (part: string) => (text += part))
    await once(socket, 'close')
    const { headers } = JSON.parse(text.slice(text.indexOf('{'))) as { headers: Record<string, string> }
    return headers['x-forwarded-client-cert']
  }
  const own =
    /^By=spiffe:\/\/cluster\.local\/ns\/shop\/sa\/catalog;Hash=[0-9a-f]{64};Subject="";URI=spiffe:\/\/cluster\.local\/ns\/web\/sa\/front$/
  t.match(await told('sanitize_set'), own)
  t.equal(await told('sanitize'), undefined)
  t.equal(await told('forward_only'), 'URI=spiffe://cluster.local/ns/web/sa/admin, By=me')
  t.match(await told('append_forward'), /^URI=spiffe:\/\/cluster\.local\/ns\/web\/sa\/admin,By=me,By=spiffe:.*sa\/front$/)
})

t.test('takes plaintext and mutual TLS on one port where it is permissive, and says which was which', async (t) => {
  const ours = new TestAuthority(t)
  const { inbound, metric } = await strict(t, ours, { mtls: 'permissive' })
  const forged = { host: 'app', 'x-forwarded-client-cert': 'URI=spiffe://cluster.local/ns/web/sa/admin' }
  const answer = await new Promise<string>((resolve, reject) => {
    const asked = httpRequest({ host: '127.0.0.1', port: inbound, headers: forged, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve(text))
    })
    asked.on('error', reject).end()
  })
  t.notMatch(answer, /client-cert/, 'what a plaintext caller says of itself is taken away')
  t.match(await call(t, inbound, ours.issue('web', 'front')), /^HTTP\/1\.1 200/)
  await eventually(async () => (await metric('istio_requests_total')) === 2)
  t.equal(await metric('istio_requests_total', { connection_security_policy: 'none', source_principal: 'unknown' }), 1)
  t.equal(await metric('istio_requests_total', { connection_security_policy: 'mutual_tls' }), 1)
})

t.test('asks for a certificate on the ports of the application that are strict, and only there', async (t) => {
  const ours = new TestAuthority(t)
  const app = await httpOrigin(t)
  const identity = { folder: ours.workload('shop', 'catalog') }
  const listener = { listen: '127.0.0.1:0', app: app.address, mtls: 'permissive', mtlsPorts: { [app.port]: 'strict' } }
  const { inbound } = await startSidecar(t, { identity, listeners: { inbound: [listener] } })
  const caller = await rawClient(t, inbound)
  caller.send(GET)
  t.equal(await caller.gone(), '')
})

t.test('lets go of a caller whose certificate is revoked, in the middle of an idle connection', async (t) => {
  const ours = new TestAuthority(t)
  const folder = ours.workload('shop', 'catalog')
  const { inbound, metric } = await strict(t, ours, { identity: { folder, crl: join(folder, 'crl.pem') } })
  const [bad, good] = [ours.issue('web', 'front'), ours.issue('web', 'back')]
  const [denied, allowed] = [open(t, inbound, bad), open(t, inbound, good)]
  const keepAlive = 'GET / HTTP/1.1\r\nHost: app\r\n\r\n'
  for (const socket of [denied, allowed]) {
    socket.on('error', () => {})
    socket.write(keepAlive)
    await once(socket, 'data')
  }
  ours.authority.revoke(bad.cert, Date.now()).issueInto(folder, 'spiffe://cluster.local/ns/shop/sa/catalog', {
    lifeMs: 3_600_000,
    nowMs: Date.now(),
  })
  await once(denied, 'close')
  t.equal(await metric('outrigger_distrusted_connections_total', { reason: 'revoked' }), 1)
  allowed.write(keepAlive)
  t.match(String((await once(allowed, 'data'))[0]), /^HTTP\/1\.1 200/)
  t.equal(await call(t, inbound, bad), '', 'and it does not get in again')
})

t.test('does not let a caller become another one on its connection', async (t) => {
  const ours = new TestAuthority(t)
  const { inbound } = await strict(t, ours)
  const socket = open(t, inbound, ours.issue('web', 'front'), { maxVersion: 'TLSv1.2' })
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  let outcome = ''
  socket.once('close', () => (outcome ||= 'closed'))
  socket.renegotiate({ rejectUnauthorized: true }, (error) => (outcome ||= error === null ? 'renegotiated' : 'refused'))
  // a server may also leave the wish unanswered
  await eventually(() => outcome !== '', { timeoutMs: 1500 }).catch(() => {})
  t.not(outcome, 'renegotiated')
})

t.test('keeps callers through a reload that moves the identity, and closes them when it is taken away', async (t) => {
  const ours = new TestAuthority(t)
  const app = await httpOrigin(t)
  const settings = (folder: string | undefined) => ({
    logLevel: 'silent',
    ...(folder === undefined ? {} : { identity: { folder } }),
    listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address }] },
  })
  const { inbound, sidecar } = await startSidecar(t, settings(ours.workload('shop', 'catalog')))
  const socket = open(t, inbound, ours.issue('web', 'front'))
  socket.on('error', () => {})
  const ask = async (): Promise<string> => {
    socket.write('GET / HTTP/1.1\r\nHost: app\r\n\r\n')
    return String((await once(socket, 'data'))[0])
  }
  t.match(await ask(), /^HTTP\/1\.1 200/)
  await sidecar.reload(configOf(settings(ours.workload('shop', 'catalog'))))
  t.match(await ask(), /^HTTP\/1\.1 200/)
  await sidecar.reload(configOf(settings(undefined)))
  await once(socket, 'close')
  await t.rejects(sidecar.reload(configOf(settings('/nowhere'))), /cannot read .*tls\.crt/)
})
