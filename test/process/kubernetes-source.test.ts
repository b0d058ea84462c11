// outrigger run --kubernetes: what the API says takes effect as what files say does.

import { writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { KubernetesStub } from '../support/kubernetes-stub.ts'
import { freePort, httpOrigin } from '../support/origin.ts'
import { startSidecarProcess } from '../support/sidecar-process.ts'

const patience = { timeoutMs: 20_000, everyMs: 30 }

function call(port: number, host = 'catalog.shop'): Promise<string> {
  return new Promise((resolve) => {
    const sent = get({ host: '127.0.0.1', port, headers: { host } }, (response) => {
      let text = ''
      response.on('data', (part: Buffer) => (text += String(part)))
      response.on('end', () => resolve(`${response.statusCode} ${text}`))
    })
    sent.on('error', (error) => resolve(`failed: ${error.message}`))
  })
}

function slice(address: string): { metadata: { name: string; namespace: string }; [key: string]: unknown } {
  const [host, port] = address.split(':') as [string, string]
  const labels = { 'kubernetes.io/service-name': 'catalog' }
  return {
    metadata: { name: 'catalog-1', namespace: 'shop', labels } as { name: string; namespace: string },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: Number(port) }],
    endpoints: [{ addresses: [host], conditions: { ready: true } }],
  }
}

const SERVICE = {
  metadata: { name: 'catalog', namespace: 'shop' },
  spec: { clusterIP: '10.96.0.10', ports: [{ name: 'http', port: 80 }] },
}
const policy = (spec: object): { metadata: { name: string; namespace: string }; spec: object } => ({
  metadata: { name: 'deny', namespace: 'shop' },
  spec,
})

t.test('documents from the API', { timeout: 110_000 }, async (t) => {
  const [one, two, file] = await Promise.all(
    ['one', 'two', 'file'].map((name) => httpOrigin(t, (_request, response) => response.end(name))),
  )
  if (one === undefined || two === undefined || file === undefined) throw new Error('no origins')
  const stub = await KubernetesStub.start(t)
  stub.put('services', SERVICE)
  stub.put('endpointslices', slice(one.address))
  const outbound = await freePort()
  const sidecar = await startSidecarProcess(t, {
    args: [`--kubernetes=${stub.kubeconfig(t)}`],
    settings: { workload: { name: 'web-1', namespace: 'shop' }, listeners: { outbound: [{ listen: `127.0.0.1:${outbound}` }] } },
    readyTimeoutMs: 30_000,
  })

  await t.test('are there from the first request on', async (t) => t.equal(await call(outbound), '200 one'))

  await t.test('move traffic when they change', async (t) => {
    stub.put('endpointslices', slice(two.address))
    const startMs = performance.now()
    await eventually(async () => (await call(outbound)) === '200 two', patience)
    t.comment(`from the event to the first request: ${(performance.now() - startMs).toFixed(0)} ms`)
  })

  await t.test('that are wrong are left out with a warning, when they are no policies', async () => {
    stub.put('httproutes', { metadata: { name: 'odd', namespace: 'other' }, spec: { parentRefs: [], rules: [{ machtes: [] }] } })
    stub.put('endpointslices', slice(one.address))
    await eventually(async () => (await call(outbound)) === '200 one', patience)
    await eventually(
      () => /kubernetes:httproutes\.gateway\.networking\.k8s\.io\/other\/odd.*left out:.*machtes/.test(sidecar.stderr()),
      patience,
    )
  })

  await t.test('that are policies and wrong keep everything as it was', async (t) => {
    stub.put('authorizationpolicies', policy({ action: 'DENNY' }))
    await eventually(
      () =>
        /the change was refused: kubernetes:authorizationpolicies\.security\.istio\.io\/shop\/deny.*DENNY/.test(sidecar.stderr()),
      patience,
    )
    stub.put('endpointslices', slice(two.address))
    t.equal(await call(outbound), '200 one')
    stub.remove('authorizationpolicies', 'shop', 'deny')
    await eventually(async () => (await call(outbound)) === '200 two', patience)
  })

  await t.test('give way to files', async () => {
    const documents = [
      { apiVersion: 'v1', kind: 'Service', ...SERVICE },
      { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', ...slice(file.address) },
    ]
    writeFileSync(join(sidecar.folder, 'catalog.yaml'), documents.map((document) => JSON.stringify(document)).join('\n---\n'))
    await eventually(async () => (await call(outbound)) === '200 file', patience)
    await eventually(
      () => /Service shop\/catalog of the cluster gives way to .*catalog\.yaml:1:1/.test(sidecar.stderr()),
      patience,
    )
    writeFileSync(join(sidecar.folder, 'catalog.yaml'), '')
    await eventually(async () => (await call(outbound)) === '200 two', patience)
  })

  await t.test('stay while the API is away, and the metrics say so', async (t) => {
    await stub.close()
    const metrics = async (): Promise<string> => (await fetch(`${sidecar.telemetry}/metrics`)).text()
    await eventually(async () => (await metrics()).includes('outrigger_kubernetes_behind{resource="services"} 1'), patience)
    t.equal(await call(outbound), '200 two')
    t.equal((await fetch(`${sidecar.telemetry}/healthz/ready`)).status, 200)
    t.match(await metrics(), /outrigger_kubernetes_objects\{resource="endpointslices\.discovery\.k8s\.io"\} 1/)
  })
  t.strictSame(await sidecar.stop(), { code: 0, signal: null })
})

t.test('says why it is not ready while it waits, and stops when it is told to', async (t) => {
  const stub = await KubernetesStub.start(t)
  stub.refuse(/\/pods\?/, 403, { times: 1000 })
  const starting = startSidecarProcess(t, {
    args: [`--kubernetes=${stub.kubeconfig(t)}`],
    settings: { listeners: {} },
    readyTimeoutMs: 3000,
  })
  await t.rejects(starting, { message: /not ready; it wrote:[^]*"resource":"pods".*403 not now/ })
})

t.test('a kubeconfig that is not there is an error at once', async (t) => {
  const starting = startSidecarProcess(t, { args: ['--kubernetes=/nowhere/kubeconfig'], settings: { listeners: {} } })
  await t.rejects(starting, { message: /cannot read \/nowhere\/kubeconfig: no such file or directory/ })
})
