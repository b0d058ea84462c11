// What users get: the production file set as a process of its own, and the root file system of the image.
import { execFileSync } from 'node:child_process'
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
const skip = missing('bwrap', 'ldd', 'xtables-nft-multi', 'ip') || rootless

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
  // nothing can be written; the whole is one process, which signals reach
  const enter = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec chroot "--userspec=$USERSPEC" "$0" "$@"'
  const inImage = ['unshare', '--mount', 'sh', '-c', enter, root] as const
  const env = {
    PATH: process.env['PATH'],
    USERSPEC: instruction('USER', /(\d+:\d+)/),
    NODE_ENV: 'production',
    OUTRIGGER_HEALTH: health,
  }
  const sidecar = run(t, [...inImage, ...commandOf('ENTRYPOINT'), ...commandOf('CMD')], env)
  await eventually(async () => (await fetch(health)).ok).catch(() => t.fail(sidecar.stderr()))
  t.equal((await fetch(`http://127.0.0.1:${inbound}/`)).status, 200)
  t.same(await run(t, [...inImage, ...commandOf('HEALTHCHECK')], env).exit, { code: 0, signal: null }, 'healthy')
  t.same(await sidecar.stop(), { code: 0, signal: null })
  t.same(await run(t, [...inImage, ...commandOf('HEALTHCHECK')], env).exit, { code: 1, signal: null }, 'gone')
})

t.test('captures from the image, with nothing but the capability for it', { skip }, async (t) => {
  const inNetwork = [
    'unshare',
    '--net',
    'bwrap',
    '--ro-bind',
    root,
    '/',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--tmpfs',
    '/dev/shm',
  ] as const
  const capabilities = ['--cap-drop', 'ALL', '--cap-add', 'CAP_NET_ADMIN', '--cap-add', 'CAP_NET_RAW'] as const
  const env = { XTABLES_LOCKFILE: '/dev/shm/xtables.lock', PATH: '/usr/sbin:/usr/bin:/bin' }
  const [node, ...flags] = commandOf('ENTRYPOINT') as [string, ...string[]]
  const bound = inNetwork.map((word) =>
    word === 'unshare' ? '/usr/bin/unshare' : word === 'bwrap' ? '/usr/bin/bwrap' : word,
  ) as [string, ...string[]]
  const capture = run(t, [...bound, ...capabilities, node, ...flags, 'capture'], env)
  t.same(await capture.exit, { code: 0, signal: null }, capture.stderr())
  t.match(capture.stderr(), /ipv4: captured \(nft\)\nipv6: captured \(nft\)/)
  const without = run(t, [...bound, '--cap-drop', 'ALL', node, ...flags, 'capture'], env)
  t.same(await without.exit, { code: 1, signal: null })
  t.match(without.stderr(), /ipv4: iptables can not be used here: the program or the capability NET_ADMIN is missing/)
})

t.test('weighs no more than 30 MB besides node and the libraries of the system', { skip }, async (t) => {
  const bytes = Number(
    execFileSync('du', ['--summarize', '--bytes', `${root}/outrigger`, `${root}/usr/sbin`].slice(0, 3), {
      encoding: 'utf8',
    }).split('\t')[0],
  )
  t.comment(`${(bytes / 1e6).toFixed(1)} MB`)
  t.ok(bytes <= 30e6, `${bytes} bytes`)
})

t.test('its Dockerfile has nothing that a linter minds', { skip: missing('hadolint') }, async (t) => {
  t.equal(
    execFileSync('hadolint', ['--no-color', 'Dockerfile'], { cwd: new URL('../..', import.meta.url), encoding: 'utf8' }),
    '',
  )
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
