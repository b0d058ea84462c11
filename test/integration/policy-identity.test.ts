// Policies by who calls, with real certificates on real sockets: Istio's documents, and the short native form.
import { request } from 'node:https'
import t, { type Test } from 'tap'
import { TestAuthority } from '../support/certificates.ts'
import { httpOrigin } from '../support/origin.ts'
import { startDocuments, startSidecar } from '../support/sidecar.ts'

interface Files {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

const WORKLOAD = { name: 'catalog-1', namespace: 'shop', serviceAccount: 'catalog', labels: { app: 'catalog' } }

/** 0: no answer. */
function ask(port: number, files: Files | undefined, path: string, method = 'GET', servername = ''): Promise<number> {
  const options = {
    ...(servername === '' ? {} : { servername }),
    host: '127.0.0.1',
    port,
    path,
    method,
    agent: false,
    ALPNProtocols: ['istio-http/1.1', 'istio', 'http/1.1'],
  }
  return new Promise((resolve) => {
    const asked = request({ ...options, ...files, checkServerIdentity: () => undefined }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode as number))
    })
    asked.on('error', () => resolve(0)).end()
  })
}

async function scene(t: Test) {
  const ours = new TestAuthority(t)
  const app = await httpOrigin(t)
  return {
    ours,
    settings: {
      workload: WORKLOAD,
      identity: { folder: ours.workload('shop', 'catalog') },
      listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address }] },
    },
    front: ours.issue('web', 'front'),
    batch: ours.issue('web', 'batch'),
    cart: ours.issue('shop', 'cart'),
    evil: ours.issue('evil', 'front'),
  }
}

function istio(kind: string, name: string, spec: object): object {
  return { apiVersion: 'security.istio.io/v1', kind, metadata: { name, namespace: 'shop' }, spec }
}

t.test('AuthorizationPolicy goes by the verified principal, namespace and service account', async (t) => {
  const { settings, front, batch, cart, evil } = await scene(t)
  const rules = [
    { from: [{ source: { principals: ['cluster.local/ns/web/sa/front'] } }], to: [{ operation: { methods: ['GET'] } }] },
    { from: [{ source: { namespaces: ['shop'] } }], to: [{ operation: { paths: ['/items*'] } }] },
  ]
  const { inbound } = await startDocuments(t, settings, [
    istio('AuthorizationPolicy', 'callers', { selector: { matchLabels: { app: 'catalog' } }, rules }),
    istio('AuthorizationPolicy', 'no-batch', {
      action: 'DENY',
      rules: [{ from: [{ source: { serviceAccounts: ['web/batch'] } }] }],
    }),
  ])
  const cases: [string, Files, string, string, number][] = [
    ['the principal with its method', front, '/any', 'GET', 200],
    ['the principal with another method', front, '/any', 'DELETE', 403],
    ['the namespace with its path', cart, '/items/1', 'DELETE', 200],
    ['the namespace with another path', cart, '/admin', 'GET', 403],
    ['another service account of the namespace', batch, '/any', 'GET', 403],
    ['the same service account of another namespace', evil, '/any', 'GET', 403],
  ]
  for (const [name, files, path, method, status] of cases) t.equal(await ask(inbound, files, path, method), status, name)
})

t.test('PeerAuthentication makes a port strict, whatever the listener says', async (t) => {
  const { settings, front } = await scene(t)
  const { inbound } = await startDocuments(t, settings, [istio('PeerAuthentication', 'default', { mtls: { mode: 'STRICT' } })])
  t.equal(await ask(inbound, front, '/'), 200)
  const plain = await fetch(`http://127.0.0.1:${inbound}/`).then(
    ({ status }) => status,
    () => 0,
  )
  t.equal(plain, 0)
})

t.test('native rules go by the namespace of the certificate, and a plaintext caller has none', async (t) => {
  const { settings, front, evil } = await scene(t)
  const policies = [{ name: 'web', rules: [{ from: [{ namespaces: ['web'] }] }] }]
  const { inbound, metric } = await startSidecar(t, { ...settings, policies })
  t.equal(await ask(inbound, front, '/'), 200)
  t.equal(await ask(inbound, evil, '/'), 403)
  const plain = await fetch(`http://127.0.0.1:${inbound}/`, {
    headers: { 'x-forwarded-client-cert': 'URI=spiffe://cluster.local/ns/web/sa/front' },
  })
  t.equal(plain.status, 403)
  t.equal(await metric('istio_requests_total', { response_code: '403', source_workload_namespace: 'evil' }), 1)
})

t.test('the case of a server name makes no difference', async (t) => {
  const { settings, front } = await scene(t)
  const rule = { when: [{ key: 'connection.sni', values: ['catalog.shop'] }] }
  const { inbound } = await startDocuments(t, settings, [
    istio('AuthorizationPolicy', 'no-sni', { action: 'DENY', rules: [rule] }),
  ])
  t.equal(await ask(inbound, front, '/', 'GET', 'cart.shop'), 200)
  for (const name of ['catalog.shop', 'Catalog.SHOP']) t.equal(await ask(inbound, front, '/', 'GET', name), 403, name)
})
