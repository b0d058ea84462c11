// Sidecars in Pods: traffic is captured by real iptables rules, and nobody has told the applications.
import { rmSync } from 'node:fs'
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { Node, noPods, type Pod } from '../support/pods.ts'

const CLUSTER_IP = '10.96.0.10'
const CAPTURED = {
  inbound: [{ listen: ':15006', captured: true, detectionTimeout: '8s' }],
  outbound: [{ listen: ':15001', captured: true, detectionTimeout: '8s' }],
}

function settingsOf(name: string, namespace: string, more: object = {}): Record<string, unknown> {
  return { workload: { name, namespace, labels: { app: name } }, listeners: CAPTURED, ...more }
}

function catalogAt(pod: Pod): object {
  return {
    services: [
      { name: 'catalog', namespace: 'shop', port: 80, addresses: [CLUSTER_IP], endpoints: [{ address: `${pod.ip}:8080` }] },
      {
        name: 'db',
        namespace: 'shop',
        port: 5432,
        protocol: 'tcp',
        addresses: ['10.96.0.11'],
        endpoints: [{ address: `${pod.ip}:9000` }],
      },
    ],
  }
}

t.test('traffic of Pods is captured', { skip: noPods(), timeout: 120_000 }, async (t) => {
  const node = new Node(t)
  const [web, catalog, outside, server] = [node.pod('web'), node.pod('catalog'), node.pod('outside'), node.pod('server')]
  await Promise.all([
    web.app({ http: 8080 }),
    catalog.app({ http: 8080, http6: 8086, greet: 3306, echo: 9000 }),
    server.app({ http: 80, greet: 25 }),
  ])
  for (const pod of [web, catalog]) pod.capture()
  await Promise.all([
    web.sidecar(settingsOf('web', 'shop', catalogAt(catalog))),
    catalog.sidecar(settingsOf('catalog', 'shop', catalogAt(catalog))),
  ])

  await t.test('inbound, from whoever knows nothing of a mesh; the application sees its own address', async (t) => {
    const told = await outside.ask(`http://${catalog.ip}:8080/items?x=1`)
    t.match(told, { pod: 'catalog', path: '/items?x=1', local: `${catalog.ip}:8080` })
    t.match(told.remote, /^127\.0\.0\.6:/)
    t.match(told.headers, { 'x-forwarded-for': outside.ip, host: `${catalog.ip}:8080` })
    t.match(await catalog.metrics(), /istio_requests_total\{reporter="destination"[^}]*response_code="200"/)
  })

  await t.test('inbound over IPv6', async (t) => {
    const told = await outside.ask(`http://[${catalog.ip6}]:8086/six`)
    t.match(told, { pod: 'catalog', path: '/six' })
    t.match(told.headers, { 'x-forwarded-for': outside.ip6 })
  })

  await t.test('outbound by the name of a service, at its virtual address', async (t) => {
    const told = await web.ask('--resolve', `catalog.shop:80:${CLUSTER_IP}`, 'http://catalog.shop/items')
    t.match(told, { pod: 'catalog', headers: { host: 'catalog.shop' } })
    t.match(await web.metrics(), /istio_requests_total\{reporter="source"[^}]*destination_service_name="catalog"/)
  })

  await t.test('outbound by the virtual address alone', async (t) => {
    t.match(await web.ask(`http://${CLUSTER_IP}/`), { pod: 'catalog' })
  })

  await t.test('outbound bytes by their virtual address', async (t) => {
    const { text } = await web.curl('telnet://10.96.0.11:5432', '--max-time', '1', '--upload-file', '/etc/hostname')
    t.ok(text.length > 0, 'what was sent comes back')
    t.match(await web.metrics(), /istio_tcp_connections_opened_total\{[^}]*destination_service_name="db"/)
  })

  await t.test('outbound to what is no service', async (t) => {
    t.match(await web.ask(`http://${server.ip}/far`), { pod: 'server', path: '/far' })
    t.match((await web.ask('--resolve', `example.com:80:${server.ip}`, 'http://example.com/')).headers, { host: 'example.com' })
  })

  await t.test('servers that speak first are not kept waiting', async (t) => {
    const startMs = performance.now()
    t.match((await web.curl(`telnet://${server.ip}:25`, '--max-time', '5')).text, /220 server/)
    t.match((await outside.curl(`telnet://${catalog.ip}:3306`, '--max-time', '5')).text, /220 catalog/)
    t.ok(performance.now() - startMs < 7000, 'well before detection would have given up')
  })

  await t.test('a Pod that calls itself through its service is treated as any other caller', async (t) => {
    const before = await inboundCount(catalog)
    const told = await catalog.ask('--resolve', `catalog.shop:80:${CLUSTER_IP}`, 'http://catalog.shop/self')
    t.match(told, { pod: 'catalog', path: '/self' })
    t.equal(await inboundCount(catalog), before + 1)
    t.match(await catalog.ask('http://127.0.0.1:8080/local'), { path: '/local' }, 'and by itself without a sidecar')
  })

  await t.test("the sidecar's own doors are no way in", async (t) => {
    for (const port of [15_000, 15_001, 15_006]) {
      const { code, text } = await outside.curl(
        '--max-time',
        '3',
        '--write-out',
        '%{http_code}',
        `http://${catalog.ip}:${port}/config`,
      )
      t.ok(code !== 0 || /50[38]$/.test(text), `port ${port}: ${text}`)
    }
    const proxied = await outside.curl(
      '--proxy',
      `http://${catalog.ip}:15001`,
      '--write-out',
      '%{http_code}',
      `http://${server.ip}/`,
    )
    t.notMatch(proxied.text, /"pod"/, 'no open proxy')
    t.match((await outside.curl(`http://${catalog.ip}:15020/healthz/ready`)).text, /"ready":true/, 'but health is for everybody')
  })
})

t.test('what a sidecar does not serve does not get past it', { skip: noPods(), timeout: 120_000 }, async (t) => {
  const node = new Node(t)
  const [web, outside] = [node.pod('web'), node.pod('outside')]
  const app = await web.app({ http: 8080 })
  await outside.app({ http: 80 })
  web.capture()

  await t.test('nothing passes before it is there', async (t) => {
    t.not((await outside.curl(`http://${web.ip}:8080/`, '--max-time', '2')).code, 0)
    t.not((await web.curl(`http://${outside.ip}/`, '--max-time', '2')).code, 0)
  })

  const sidecar = await web.sidecar(settingsOf('web', 'shop', { unknownDestinations: 'deny' }))
  await t.test('unknown destinations are refused when they are to be', async (t) => {
    t.match(await outside.ask(`http://${web.ip}:8080/`), { pod: 'web' })
    t.match((await web.curl('--write-out', '%{http_code}', `http://${outside.ip}/`)).text, /502$/)
    t.not((await web.curl(`telnet://${outside.ip}:25`, '--max-time', '3')).text, /220/)
  })

  await t.test('an application that restarts is found again', async (t) => {
    await app.stop()
    t.match((await outside.curl('--write-out', '%{http_code}', `http://${web.ip}:8080/`)).text, /503$/)
    await web.app({ http: 8080 })
    t.match(await outside.ask(`http://${web.ip}:8080/`), { pod: 'web' })
  })

  await t.test('a sidecar that is killed leaves nothing open, and one that starts anew carries on', async (t) => {
    sidecar.child.kill('SIGKILL')
    await sidecar.exit
    await eventually(async () => (await outside.curl(`http://${web.ip}:8080/`, '--max-time', '2')).code !== 0)
    rmSync(sidecar.folder, { recursive: true, force: true })
    await web.sidecar(settingsOf('web', 'shop'))
    t.match(await outside.ask(`http://${web.ip}:8080/`), { pod: 'web' })
  })

  await t.test('capture can be taken back', async (t) => {
    web.capture('--undo')
    const { remote } = await outside.ask(`http://${web.ip}:8080/direct`)
    t.ok(remote.startsWith(`${outside.ip}:`), 'nobody stands between them')
  })
})

async function inboundCount(pod: Pod): Promise<number> {
  let sum = 0
  for (const [, count] of (await pod.metrics()).matchAll(/^istio_requests_total\{reporter="destination"[^}]*\} (\d+)$/gm))
    sum += Number(count)
  return sum
}
