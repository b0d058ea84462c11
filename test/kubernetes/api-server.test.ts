// Against a real kube-apiserver: documents are read with the rights of config/kubernetes/install/source, and Pods get their sidecars.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { systemClock } from '../../src/core/clock.ts'
import { findCluster } from '../../src/discovery/kubernetes/cluster.ts'
import { KubernetesDocuments } from '../../src/discovery/kubernetes/documents.ts'
import { eventually } from '../support/eventually.ts'
import { KubeApiServer, noApiServer } from '../support/kube-apiserver.ts'
import { freePort } from '../support/origin.ts'
import { RecordingLog } from '../support/recording-log.ts'
import { PROGRAM, run } from '../support/sidecar-process.ts'

const INSTALL = fileURLToPath(new URL('../../config/kubernetes/install/', import.meta.url))
const patience = { timeoutMs: 60_000, everyMs: 50 }

interface Pod {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: { readonly initContainers?: readonly { readonly name: string }[] }
}

function manifest(path: string): Record<string, unknown>[] {
  return parseAllDocuments(readFileSync(join(INSTALL, path), 'utf8')).map(
    (document) => document.toJS() as Record<string, unknown>,
  )
}

const httpRoutes = {
  metadata: {
    name: 'httproutes.gateway.networking.k8s.io',
    annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api/pull/2466' },
  },
  spec: {
    group: 'gateway.networking.k8s.io',
    scope: 'Namespaced',
    names: { plural: 'httproutes', singular: 'httproute', kind: 'HTTPRoute', listKind: 'HTTPRouteList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

t.test('a real API server', { skip: noApiServer(), timeout: 280_000 }, async (t) => {
  const server = await KubeApiServer.start(t)
  await server.create('/api/v1/namespaces', { metadata: { name: 'shop', labels: { 'outrigger.dev/injection': 'enabled' } } })
  await server.create('/api/v1/namespaces/shop/serviceaccounts', { metadata: { name: 'default' } }).catch(() => {})
  const [role] = manifest('source/role.yaml')
  await server.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', role as object)

  await t.test('gives its documents to whoever has the role, and to nobody else', async (t) => {
    const cluster = findCluster(server.kubeconfig('shop'), {})
    const documents = new KubernetesDocuments({ cluster, namespace: 'shop', clock: systemClock, log: new RecordingLog() })
    t.teardown(() => documents.close())
    await eventually(() => documents.missing.some((what) => what.startsWith('services: 403')), patience)
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'reader' }]
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'outrigger-source' }
    await server.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'reader' },
      roleRef,
      subjects,
    })
    await documents.synced

    const has = (part: string, text = ''): boolean =>
      documents.files().some(({ path, bytes }) => path.includes(part) && bytes.toString().includes(text))
    await server.create('/api/v1/namespaces/shop/services', { metadata: { name: 'catalog' }, spec: { ports: [{ port: 80 }] } })
    await eventually(() => has('services/shop/catalog', '"port":80'), patience)
    await server.send('PATCH', '/api/v1/namespaces/shop/services/catalog', { spec: { ports: [{ port: 81 }] } })
    await eventually(() => has('services/shop/catalog', '"port":81'), patience)
    const labels = { 'kubernetes.io/service-name': 'catalog' }
    await server.create('/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices', {
      metadata: { name: 'catalog-1', labels },
      addressType: 'IPv4',
      ports: [{ port: 8080 }],
      endpoints: [{ addresses: ['10.0.0.1'] }],
    })
    await eventually(() => has('endpointslices.discovery.k8s.io/shop/catalog-1', '10.0.0.1'), patience)
    await server.create('/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies', {
      metadata: { name: 'deny' },
      spec: { podSelector: {}, policyTypes: ['Ingress'] },
    })
    await eventually(() => has('networkpolicies.networking.k8s.io/shop/deny'), patience)
    await server.send('DELETE', '/api/v1/namespaces/shop/services/catalog')
    await eventually(() => !has('services/shop/catalog'), patience)
    t.equal(documents.states.get('httproutes.gateway.networking.k8s.io')?.state, 'absent')
  })

  await t.test('is read of kinds that are installed', async (t) => {
    await server.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', httpRoutes)
    const route = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'r' }, spec: {} }
    await eventually(
      async () =>
        (await server.send('POST', '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes', route)).status === 201,
      patience,
    )
    const cluster = findCluster(server.kubeconfig('shop'), {})
    const documents = new KubernetesDocuments({ cluster, namespace: 'shop', clock: systemClock, log: new RecordingLog() })
    t.teardown(() => documents.close())
    await documents.synced
    t.ok(documents.files().some(({ path }) => path === 'kubernetes:httproutes.gateway.networking.k8s.io/shop/r'))
  })

  await t.test('asks the webhook for every new Pod of the namespace', async (t) => {
    const port = await freePort()
    const tls = ['--certificate', join(server.folder, 'server.crt'), '--key', join(server.folder, 'server.key')]
    const webhook = run(t, [
      process.execPath,
      PROGRAM,
      'webhook',
      '--listen',
      `127.0.0.1:${port}`,
      '--image',
      'outrigger:test',
      ...tls,
    ])
    await eventually(() => webhook.stderr().includes('ready'), patience)
    const [injection] = manifest('base/injection.yaml') as unknown as { webhooks: { clientConfig: object }[] }[]
    for (const hook of injection?.webhooks ?? [])
      hook.clientConfig = {
        url: `https://127.0.0.1:${port}/inject`,
        caBundle: readFileSync(join(server.folder, 'server.crt')).toString('base64'),
      }
    await server.create('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', injection as object)
    const pod = (name: string, more: object = {}): object => ({
      metadata: { name },
      spec: { containers: [{ name: 'app', image: 'app:1' }], ...more },
    })
    const pods = '/api/v1/namespaces/shop/pods'
    let number = 0
    // the API server takes a moment to hear of a new webhook
    const made = await eventually(async () => {
      const created = (await server.create(pods, pod(`app-${number++}`))) as unknown as Pod
      return created.spec.initContainers === undefined ? undefined : created
    }, patience)
    t.strictSame(
      made.spec.initContainers?.map(({ name }) => name),
      ['outrigger-capture', 'outrigger'],
    )
    t.match(made.metadata.annotations?.['outrigger.dev/sidecar'], /inbound:/)
    await t.rejects(server.create(pods, pod('host', { hostNetwork: true })), {
      message: /admission webhook \\?"injection\.outrigger\.dev\\?" denied the request: outrigger: spec\.hostNetwork/,
    })
    const without = (await server.create(pods, {
      ...pod('without'),
      metadata: { name: 'without', labels: { 'outrigger.dev/inject': 'false' } },
    })) as unknown as Pod
    t.equal(without.spec.initContainers, undefined)
    await webhook.stop()
    await t.rejects(
      server.create(pods, pod('late')),
      { message: /failed calling webhook/ },
      'no Pod without its sidecar while nobody answers',
    )
  })
  t.match(execFileSync(process.env['KUBE_APISERVER'] ?? 'kube-apiserver', ['--version'], { encoding: 'utf8' }), /Kubernetes/)
})
