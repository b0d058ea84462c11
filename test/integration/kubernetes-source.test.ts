// Documents from the Kubernetes API: listed, watched, and kept when it is away.
import t, { type Test } from 'tap'
import { systemClock } from '../../src/core/clock.ts'
import { findCluster } from '../../src/discovery/kubernetes/cluster.ts'
import { KubernetesDocuments } from '../../src/discovery/kubernetes/documents.ts'
import { eventually } from '../support/eventually.ts'
import { KubernetesStub } from '../support/kubernetes-stub.ts'
import { RecordingLog } from '../support/recording-log.ts'

const service = (name: string, port = 80): { metadata: { name: string; namespace: string }; [key: string]: unknown } => ({
  metadata: {
    name,
    namespace: 'shop',
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'x'.repeat(1000), mine: 'y' },
  } as { name: string; namespace: string },
  spec: { ports: [{ port }] },
  status: { loadBalancer: {} },
})

async function documentsOf(t: Test, stub: KubernetesStub): Promise<KubernetesDocuments> {
  const cluster = findCluster(stub.kubeconfig(t), {})
  const documents = new KubernetesDocuments({
    cluster,
    namespace: cluster.namespace,
    clock: systemClock,
    log: new RecordingLog(),
  })
  t.teardown(() => documents.close())
  await documents.synced
  return documents
}

const paths = (documents: KubernetesDocuments): string[] =>
  documents
    .files()
    .map(({ path }) => path)
    .sort()
const patience = { timeoutMs: 15_000, everyMs: 20 }

t.test('lists page by page and keeps what a document needs', async (t) => {
  const stub = await KubernetesStub.start(t)
  for (const name of ['a', 'b', 'c', 'd', 'e']) stub.put('services', service(name))
  stub.put('pods', {
    metadata: { name: 'a-1', namespace: 'shop' },
    spec: {
      serviceAccountName: 'a',
      containers: [{ name: 'a', image: 'i', env: [{ name: 'SECRET', value: 's' }], ports: [{ containerPort: 1 }] }],
    },
    status: {
      podIP: '10.0.0.1',
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'Initialized', status: 'True' },
      ],
    },
  })
  const documents = await documentsOf(t, stub)
  t.strictSame(
    paths(documents).filter((path) => path.includes('services')),
    ['a', 'b', 'c', 'd', 'e'].map((name) => `kubernetes:services/shop/${name}`),
  )
  const [pod, , ...others] = documents.files().filter(({ path }) => path.includes('pods') || path.endsWith('services/shop/a'))
  const read = [pod, ...others].map((file) => file?.bytes.toString()).join()
  t.notMatch(read, /SECRET|image|last-applied|managedFields|Initialized/)
  const a = JSON.parse(
    documents
      .files()
      .find(({ path }) => path.endsWith('services/shop/a'))
      ?.bytes.toString() ?? '',
  ) as object
  t.strictSame(a, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'a', namespace: 'shop', annotations: { mine: 'y' } },
    spec: { ports: [{ port: 80 }] },
  })
  t.ok(
    stub.asked.some((asked) => /pods\?fieldSelector=status\.phase/.test(asked)),
    'Pods that have ended are not asked for',
  )
})

t.test('policies are read of the own namespace and the root namespace only', async (t) => {
  const stub = await KubernetesStub.start(t)
  for (const namespace of ['shop', 'other', 'istio-system'])
    stub.put('authorizationpolicies', { metadata: { name: 'p', namespace }, spec: {} })
  const documents = await documentsOf(t, stub)
  t.strictSame(
    paths(documents),
    ['istio-system', 'shop'].map((namespace) => `kubernetes:authorizationpolicies.security.istio.io/${namespace}/p`),
  )
})

t.test('follows changes, and says nothing of those that change nothing here', async (t) => {
  const stub = await KubernetesStub.start(t)
  stub.put('services', service('a'))
  const documents = await documentsOf(t, stub)
  let changes = 0
  documents.watch(() => changes++)
  await eventually(() => stub.asked.some((asked) => asked.includes('services?') && asked.includes('watch=true')), patience)
  stub.put('services', service('b'))
  await eventually(() => paths(documents).length === 2 && changes > 0, patience)
  stub.put('services', service('a', 81))
  await eventually(() => documents.files().some(({ bytes }) => bytes.toString().includes('81')), patience)
  stub.remove('services', 'shop', 'b')
  await eventually(() => paths(documents).length === 1, patience)
  await eventually(() => changes >= 2, patience)
  const before = changes
  stub.put('services', { ...service('a', 81), status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } } })
  stub.put('services', service('c'))
  await eventually(() => paths(documents).length === 2 && changes > before, patience)
  t.equal(changes, before + 1)
})

t.test('lists anew when the watch has fallen behind', async (t) => {
  const stub = await KubernetesStub.start(t)
  stub.put('services', service('a'))
  const documents = await documentsOf(t, stub)
  await eventually(
    () => stub.asked.filter((asked) => asked.includes('services?') && asked.includes('watch=true')).length === 1,
    patience,
  )
  stub.expire(() => {
    stub.remove('services', 'shop', 'a')
    stub.put('services', service('b'))
  })
  await eventually(() => paths(documents).join() === 'kubernetes:services/shop/b', patience)
})

t.test('keeps what it knows while the API is away, and says so', async (t) => {
  const stub = await KubernetesStub.start(t)
  stub.put('services', service('a'))
  const documents = await documentsOf(t, stub)
  await stub.close()
  await eventually(() => documents.states.get('services')?.state === 'behind', patience)
  t.strictSame(paths(documents), ['kubernetes:services/shop/a'])
  t.match(documents.states.get('services')?.problem, /ECONNREFUSED|closed|terminated/)
  await stub.open()
  stub.put('services', service('b'))
  await eventually(() => documents.states.get('services')?.state === 'synced' && paths(documents).length === 2, patience)
})

t.test('waits as long as it is told to, and is not there before everything has been said', async (t) => {
  const stub = await KubernetesStub.start(t)
  stub.refuse(/endpointslices\?/, 429, { times: 1, retryAfter: 1 })
  stub.refuse(/networkpolicies\?/, 403, { times: 2 })
  const cluster = findCluster(stub.kubeconfig(t), {})
  const documents = new KubernetesDocuments({ cluster, namespace: 'shop', clock: systemClock, log: new RecordingLog() })
  t.teardown(() => documents.close())
  const startMs = performance.now()
  await eventually(
    () => documents.missing.some((what) => what.startsWith('networkpolicies.networking.k8s.io: 403 not now')),
    patience,
  )
  await documents.synced
  t.ok(performance.now() - startMs >= 1000, 'Retry-After holds')
  t.strictSame(documents.missing, [])
})

t.test('a resource that the cluster does not have is not waited for; of several versions the best is taken', async (t) => {
  const stub = await KubernetesStub.start(t)
  const documents = await documentsOf(t, stub)
  t.equal(documents.states.get('trafficsplits.split.smi-spec.io')?.state, 'absent')
  t.ok(stub.asked.some((asked) => asked.includes('/apis/gateway.networking.k8s.io/v1/httproutes')))
  t.ok(stub.asked.some((asked) => asked.includes('/apis/gateway.networking.k8s.io/v1beta1/referencegrants')))
})

t.test('says what is wrong with a kubeconfig', async (t) => {
  const folder = t.testdir({
    empty: '{}',
    skip: 'current-context: a\ncontexts: [{ name: a, context: { cluster: c } }]\nclusters: [{ name: c, cluster: { server: "https://x", insecure-skip-tls-verify: true } }]\n',
  })
  t.throws(() => findCluster(`${folder}/none`, {}), { message: /cannot read .*none: no such file or directory/ })
  t.throws(() => findCluster(`${folder}/empty`, {}), { message: /empty: the current context names no server/ })
  t.throws(() => findCluster(`${folder}/skip`, {}), { message: /insecure-skip-tls-verify is not supported/ })
  t.throws(() => findCluster('', {}), { message: /this is no Pod, and no kubeconfig is named/ })
})
