// What users get: the production file set as a process of its own, and the root file system of the image.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { freePort, httpOrigin } from '../support/origin.ts'
import { installProduction, layOutRoot } from '../support/production.ts'
import { missing, runProgram } from '../support/programs.ts'
import { run, startSidecarProcess, temporaryFolder } from '../support/sidecar-process.ts'

const root = temporaryFolder(t)
const { program, dockerfile } = installProduction(join(root, 'outrigger'))

t.test('has no development dependency and no source', async (t) => {
  const packages = readdirSync(join(root, 'outrigger/node_modules'))
  for (const name of ['typescript', 'tap', 'node', 'oxlint']) t.notOk(packages.includes(name), name)
  t.notOk(existsSync(join(root, 'outrigger/src')))
})

t.test('carries traffic both ways, counts it, and goes when asked', async (t) => {
  const app = await httpOrigin(t)
  const [inbound, outbound] = [await freePort(), await freePort()]
  const sidecar = await startSidecarProcess(t, {
    program,
    settings: {
      workload: { name: 'catalog-1', namespace: 'shop' },
      listeners: {
        inbound: [{ listen: `127.0.0.1:${inbound}`, app: app.address }],
        outbound: [{ listen: `127.0.0.1:${outbound}` }],
      },
      services: [{ name: 'catalog', namespace: 'shop', port: 80, endpoints: [{ address: `127.0.0.1:${inbound}` }] }],
    },
  })
  for (let i = 0; i < 3; i++) {
    const response = await fetch(`http://127.0.0.1:${inbound}/items`, { method: 'POST', body: 'one' })
    t.match(await response.json(), { method: 'POST', url: '/items', body: 'one' })
  }
  const body =
    await runNode(`require('node:http').get({ port: ${outbound}, host: '127.0.0.1', headers: { host: 'catalog.shop' } },
    (response) => response.pipe(process.stdout))`)
  t.match(JSON.parse(body), { method: 'GET', url: '/', headers: { host: 'catalog.shop' } })
  t.equal(app.seen(), 4)
  const metrics = await (await fetch(`${sidecar.telemetry}/metrics`)).text()
  t.match(metrics, /istio_requests_total\{reporter="destination".*response_code="200".*\} 4/)
  t.same(await sidecar.stop(), { code: 0, signal: null })
  t.notMatch(sidecar.stderr(), /"level":"(warn|error)"/)
})

const rootless = process.getuid?.() !== 0 && 'only root may change the root folder'
const skip = missing('chroot', 'ldd') || rootless

t.test('runs on the root file system of the image, as its user, and reports its health', { skip }, async (t) => {
  layOutRoot(root)
  const [inbound, telemetry] = [await freePort(), await freePort()]
  const app = await httpOrigin(t)
  mkdirSync(join(root, 'etc/outrigger'))
  writeFileSync(
    join(root, 'etc/outrigger/settings.yaml'),
    `listeners: { inbound: [ { listen: 127.0.0.1:${inbound}, app: "${app.address}" } ] }\ntelemetry: { listen: 127.0.0.1:${telemetry} }\n`,
  )
  chmodSync(root, 0o755)
  const health = `http://127.0.0.1:${telemetry}/healthz/live`
  const inImage = ['chroot', `--userspec=${instruction('USER', /(\d+:\d+)/)}`, root] as const
  const env = { PATH: process.env['PATH'], NODE_ENV: 'production', OUTRIGGER_HEALTH: health }
  const sidecar = run(t, [...inImage, ...commandOf('ENTRYPOINT'), ...commandOf('CMD')], env)
  await eventually(async () => (await fetch(health)).ok).catch(() => t.fail(sidecar.stderr()))
  t.equal((await fetch(`http://127.0.0.1:${inbound}/`)).status, 200)
  t.same(await run(t, [...inImage, ...commandOf('HEALTHCHECK')], env).exit, { code: 0, signal: null }, 'healthy')
  t.same(await sidecar.stop(), { code: 0, signal: null })
  t.same(await run(t, [...inImage, ...commandOf('HEALTHCHECK')], env).exit, { code: 1, signal: null }, 'gone')
})

t.test('asks the same of V8 in the image as where it starts by itself', async (t) => {
  const [line = ''] = readFileSync(program, 'utf8').split('\n')
  t.same(line.split(' ').slice(3), commandOf('ENTRYPOINT').slice(1, -1))
})

/** The JSON of an instruction in the last stage. */
function commandOf(name: string): string[] {
  return JSON.parse(instruction(name, name === 'HEALTHCHECK' ? /CMD (\[.*\])/ : /^\S+ (\[.*\])/)) as string[]
}

function instruction(name: string, value: RegExp): string {
  const lines = dockerfile.slice(dockerfile.lastIndexOf('\nFROM ')).replaceAll('\\\n', ' ').split('\n')
  return value.exec(lines.find((line) => line.startsWith(`${name} `)) ?? '')?.[1] ?? ''
}

function runNode(source: string): Promise<string> {
  return runProgram(process.execPath, ['-e', source])
}
