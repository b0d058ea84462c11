// A change of the configuration takes effect while traffic flows, and nothing that is under way notices.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { freePort, httpOrigin } from '../support/origin.ts'
import { run, type SidecarProcess, startSidecarProcess, temporaryFolder } from '../support/sidecar-process.ts'

function call(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const sent = get({ host: '127.0.0.1', port, headers: { host: 'web.default' }, agent }, (response) => {
      let text = ''
      response.on('data', (part: Buffer) => (text += String(part)))
      response.on('end', () => resolve(text))
      response.on('error', (error) => resolve(`broken: ${error.message}`))
    })
    sent.on('error', (error) => resolve(`failed: ${error.message}`))
  })
}

function services(address: string): string {
  return `services: [ { name: web, port: 80, endpoints: [ { address: "${address}" } ] } ]\n`
}

async function metric({ telemetry }: SidecarProcess, name: string): Promise<string | undefined> {
  const text = await (await fetch(`${telemetry}/metrics`)).text()
  return new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]
}

t.test('moves traffic to another endpoint under load without losing a request', async (t) => {
  const one = await httpOrigin(t, (_request, response) => response.end('one'))
  const two = await httpOrigin(t, (_request, response) => response.end('two'))
  const outbound = await freePort()
  const sidecar = await startSidecarProcess(t, {
    settings: { listeners: { outbound: [{ listen: `127.0.0.1:${outbound}` }] } },
    files: { 'services.yaml': services(one.address) },
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  t.teardown(() => agent.destroy())
  const seen: string[] = []
  const calls = { go: true }
  const callers = Array.from({ length: 4 }, async () => {
    while (calls.go) seen.push(await call(outbound, agent))
  })
  await eventually(() => seen.length > 50)
  const file = join(sidecar.folder, 'services.yaml')
  writeFileSync(`${file}.new`, services(two.address))
  const startMs = performance.now()
  renameSync(`${file}.new`, file)
  await eventually(() => seen.includes('two'))
  t.comment(`from rename to enforced: ${(performance.now() - startMs).toFixed(0)} ms`)
  const before = seen.length
  await eventually(() => seen.length > before + 50)
  calls.go = false
  await Promise.all(callers)
  t.same(
    seen.filter((answer) => answer !== 'one' && answer !== 'two'),
    [],
    `${seen.length} requests, none lost`,
  )
  t.same(new Set(seen.slice(-20)), new Set(['two']))
})

t.test('finishes what is under way on the snapshot that it began with', async (t) => {
  const gate = Promise.withResolvers<void>()
  const slow = await httpOrigin(t, (_request, response) => void gate.promise.then(() => response.end('slow')))
  const other = await httpOrigin(t, (_request, response) => response.end('other'))
  const outbound = await freePort()
  const sidecar = await startSidecarProcess(t, {
    settings: { listeners: { outbound: [{ listen: `127.0.0.1:${outbound}` }] } },
    files: { 'services.yaml': services(slow.address) },
  })
  const agent = new Agent()
  const waiting = call(outbound, agent)
  await eventually(() => slow.seen() === 1)
  writeFileSync(join(sidecar.folder, 'services.yaml'), services(other.address))
  await eventually(async () => (await metric(sidecar, 'outrigger_snapshot_generation')) === '2')
  t.equal(await call(outbound, agent), 'other')
  gate.resolve()
  t.equal(await waiting, 'slow')
})

t.test('keeps serving, stays ready and says so when a change is bad', async (t) => {
  const origin = await httpOrigin(t, (_request, response) => response.end('good'))
  const outbound = await freePort()
  const sidecar = await startSidecarProcess(t, {
    settings: { listeners: { outbound: [{ listen: `127.0.0.1:${outbound}` }] } },
    files: { 'services.yaml': services(origin.address) },
  })
  writeFileSync(join(sidecar.folder, 'services.yaml'), 'servces: []\n')
  await eventually(async () => (await metric(sidecar, 'outrigger_reload_last_successful')) === '0')
  // file, line and the nearest name
  await eventually(() => /services\.yaml:1:1: .*servces.*services/.test(sidecar.stderr()))
  t.equal(await call(outbound, new Agent()), 'good')
  t.equal((await fetch(`${sidecar.telemetry}/healthz/ready`)).status, 200)
  writeFileSync(join(sidecar.folder, 'services.yaml'), services(origin.address))
  await eventually(async () => (await metric(sidecar, 'outrigger_reload_last_successful')) === '1')
})

t.test('follows the ..data link of a mounted ConfigMap', async (t) => {
  const one = await httpOrigin(t, (_request, response) => response.end('one'))
  const two = await httpOrigin(t, (_request, response) => response.end('two'))
  const folder = temporaryFolder(t)
  const [outbound, telemetry] = [await freePort(), await freePort()]
  const publish = (version: string, address: string): void => {
    mkdirSync(join(folder, version))
    writeFileSync(
      join(folder, version, 'settings.yaml'),
      `listeners: { outbound: [ { listen: 127.0.0.1:${outbound} } ] }\ntelemetry: { listen: 127.0.0.1:${telemetry} }\n${services(address)}`,
    )
    symlinkSync(version, join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  publish('..1', one.address)
  symlinkSync(join('..data', 'settings.yaml'), join(folder, 'settings.yaml'))
  run(t, [join(import.meta.dirname, '../../bin/outrigger.js'), 'run', '--config', folder])
  const agent = new Agent()
  await eventually(async () => (await call(outbound, agent)) === 'one', { timeoutMs: 15_000 })
  publish('..2', two.address)
  rmSync(join(folder, '..1'), { recursive: true })
  await eventually(async () => (await call(outbound, agent)) === 'two')
  t.pass('the new version serves')
})
