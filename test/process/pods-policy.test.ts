// Pods of two namespaces with identities: who may speak to whom, over everything that is spoken, and what a changed policy does to what is open.
import { execFileSync } from 'node:child_process'
import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { Node, noPods, type Pod } from '../support/pods.ts'
import { PROGRAM, temporaryFolder } from '../support/sidecar-process.ts'

const CLUSTER_IP = '10.96.0.10'
const patience = { timeoutMs: 20_000, everyMs: 20 }

function settingsOf(pod: Pod, namespace: string, certificates: string): Record<string, unknown> {
  return {
    workload: { name: pod.name, namespace, serviceAccount: pod.name, labels: { app: pod.name } },
    identity: { folder: join(certificates, pod.name) },
    listeners: {
      inbound: [{ listen: ':15006', captured: true, mtls: 'strict' }],
      outbound: [{ listen: ':15001', captured: true }],
    },
  }
}

function services(catalog: Pod): string {
  const service = (port: number, protocol: string, target: number): object => ({
    name: 'catalog',
    namespace: 'shop',
    port,
    protocol,
    tls: { mode: 'mesh' },
    addresses: [CLUSTER_IP],
    endpoints: [{ address: `${catalog.ip}:${target}`, serviceAccount: 'catalog' }],
  })
  return JSON.stringify({
    services: [service(80, 'http', 8080), service(8082, 'http2', 8082), service(8083, 'grpc', 8083), service(9000, 'tcp', 9000)],
  })
}

function allowOnly(namespace: string): string {
  const rules = [{ from: [{ source: { namespaces: [namespace] } }] }]
  return JSON.stringify({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'callers', namespace: 'shop' },
    spec: { rules },
  })
}

t.test('Pods with identities', { skip: noPods(), timeout: 118_000 }, async (t) => {
  const node = new Node(t)
  const [web, admin, catalog, outside] = [node.pod('web'), node.pod('admin'), node.pod('catalog'), node.pod('outside')]
  const certificates = temporaryFolder(t)
  chmodSync(certificates, 0o755)
  const ca = (...args: string[]): string =>
    execFileSync(process.execPath, [PROGRAM, 'ca', ...args, '--folder', join(certificates, 'ca')], { encoding: 'utf8' })
  ca('init')
  for (const [pod, namespace] of [
    [web, 'shop'],
    [admin, 'ops'],
    [catalog, 'shop'],
  ] as const) {
    const into = join(certificates, pod.name)
    ca('issue', '--namespace', namespace, '--service-account', pod.name, '--into', into)
    execFileSync('chown', ['-R', '1337', into])
  }
  await catalog.app({ http: 8080, http2: 8082, grpc: 8083, echo: 9000 })
  for (const pod of [web, admin, catalog]) pod.capture()
  const [, , sidecar] = await Promise.all([
    web.sidecar(settingsOf(web, 'shop', certificates), { 'services.json': services(catalog) }),
    admin.sidecar(settingsOf(admin, 'ops', certificates), { 'services.json': services(catalog) }),
    catalog.sidecar(settingsOf(catalog, 'shop', certificates), { 'policy.json': allowOnly('shop') }),
  ])
  const host = ['--resolve', `catalog.shop:80:${CLUSTER_IP}`]
  const statusOf = async (pod: Pod): Promise<string> =>
    (await pod.curl(...host, '--write-out', '%{http_code}', '--output', '/dev/null', 'http://catalog.shop/')).text

  await t.test('the same namespace may call: HTTP/1.1, HTTP/2, gRPC, WebSocket and bytes, by mutual TLS', async (t) => {
    t.match(await web.ask(...host, 'http://catalog.shop/one'), { pod: 'catalog', path: '/one' })
    t.match(await web.ask('--http2-prior-knowledge', `http://${CLUSTER_IP}:8082/two`), { pod: 'catalog', version: '2.0' })
    const socket = web.webSocket(`ws://${CLUSTER_IP}/ws`)
    await eventually(() => socket.stdout().includes('catalog: hello'), patience)
    socket.child.kill()
    const call = web.grpc(`${CLUSTER_IP}:8083`)
    await eventually(() => call.stdout().includes('catalog: hello'), patience)
    call.child.kill()
    t.ok((await web.curl(`telnet://${CLUSTER_IP}:9000`, '--max-time', '1', '--upload-file', '/etc/hostname')).text.length > 0)
    t.match(
      await catalog.metrics(),
      /istio_requests_total\{reporter="destination"[^}]*source_principal="spiffe:\/\/cluster\.local\/ns\/shop\/sa\/web"[^}]*connection_security_policy="mutual_tls"/,
    )
  })

  await t.test('another namespace may not, and whoever has no identity is not even heard', async (t) => {
    t.equal(await statusOf(admin), '403')
    t.match(await catalog.metrics(), /response_code="403"/)
    t.equal(
      (
        await admin.curl(
          '--http2-prior-knowledge',
          '--write-out',
          '%{http_code}',
          '--output',
          '/dev/null',
          `http://${CLUSTER_IP}:8082/`,
        )
      ).text,
      '403',
    )
    t.equal(
      (await admin.curl(`telnet://${CLUSTER_IP}:9000`, '--max-time', '2', '--upload-file', '/etc/hostname')).text.includes('\n'),
      false,
    )
    const call = admin.grpc(`${CLUSTER_IP}:8083`)
    await eventually(() => call.stdout().includes('status 7'), patience)
    t.not((await outside.curl(`http://${catalog.ip}:8080/`)).code, 0)
    t.match(await catalog.metrics(), /reason="plaintext"\} [1-9]/)
  })

  await t.test('a changed policy closes what is open, and lets the others in', async (t) => {
    const socket = web.webSocket(`ws://${CLUSTER_IP}/ws`)
    const stream = web.start(1000, 'curl', '--silent', '--no-buffer', ...host, 'http://catalog.shop/stream')
    const call = web.grpc(`${CLUSTER_IP}:8083`)
    const opened = (): boolean => socket.stdout().includes('catalog: hello') && call.stdout().includes('catalog: hello')
    await eventually(() => opened() && stream.stdout().length > 3, patience)
    const file = join(sidecar.folder, 'policy.json')
    writeFileSync(`${file}.new`, allowOnly('ops'))
    const startMs = performance.now()
    renameSync(`${file}.new`, file)
    const { code } = await stream.exit
    await eventually(() => socket.stdout().includes('close ') && call.stdout().includes('status '), patience)
    t.comment(`from the rename to the last cut: ${(performance.now() - startMs).toFixed(0)} ms`)
    t.not(code, 0, 'a broken transfer, no clean end')
    t.match(socket.stdout(), /close (1008|1006)/)
    t.equal(await statusOf(web), '403')
    await eventually(async () => (await statusOf(admin)) === '200', patience)
  })

  await t.test('a Job ends its sidecar when it is done', async (t) => {
    const job = node.pod('job')
    const running = await job.sidecar({
      workload: { name: 'job', namespace: 'shop' },
      listeners: { outbound: [{ listen: ':15001', captured: true }] },
    })
    t.equal((await job.curl('--request', 'POST', 'http://127.0.0.1:15000/quitquitquit')).code, 0)
    t.strictSame(await running.exit, { code: 0, signal: null })
  })

  await t.test('SIGTERM lets what is under way finish in both directions', async (t) => {
    const job = node.pod('slow')
    const running = await job.sidecar({
      workload: { name: 'slow', namespace: 'shop' },
      listeners: { inbound: [{ listen: ':15006', captured: true }], outbound: [{ listen: ':15001', captured: true }] },
      drain: { grace: '1s', limit: '10s' },
    })
    await job.app({ http: 8080 })
    await outside.app({ http: 8081 })
    job.capture()
    const inbound = outside.start(1000, 'curl', '--silent', '--no-buffer', '--max-time', '2', `http://${job.ip}:8080/stream`)
    const outbound = job.start(1000, 'curl', '--silent', '--no-buffer', '--max-time', '2', `http://${outside.ip}:8081/stream`)
    await eventually(() => inbound.stdout().length > 3 && outbound.stdout().length > 3, patience)
    const stopped = running.stop()
    // curl's own time is up after two seconds: until then bytes keep coming
    t.equal((await inbound.exit).code, 28)
    t.equal((await outbound.exit).code, 28)
    t.strictSame(await stopped, { code: 0, signal: null })
  })
})
