// The program as a user calls it: what it understands, and how it exits.
import { writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { freePort, tcpOrigin } from '../support/origin.ts'
import { PROGRAM, run, startSidecarProcess, temporaryFolder } from '../support/sidecar-process.ts'

interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const LISTENER = 'listeners: { outbound: [ { listen: 127.0.0.1:15001 } ] }\n'

async function call(t: Test, ...args: string[]): Promise<Result> {
  const { exit, stdout, stderr } = run(t, [process.execPath, PROGRAM, ...args])
  const { code } = await exit
  return { code, stdout: stdout(), stderr: stderr() }
}

const NOT_UNDERSTOOD = [
  [],
  ['fly'],
  ['run'],
  ['run', '--config'],
  ['run', '--config', '.', '--fast'],
  ['check'],
  ['explain'],
  ['explain', '--config', '.', '--request'],
  ['demo', 'what'],
]
for (const args of NOT_UNDERSTOOD) {
  t.test(`exits 2 with a hint when it is called as: outrigger ${args.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await call(t, ...args)
    t.equal(code, 2)
    t.equal(stdout, '')
    t.match(stderr, args.length === 0 ? /Usage: outrigger/ : /^error: .*\n.*--help/)
  })
}

t.test('says what it is and what it can do', async (t) => {
  t.match(await call(t, '--version'), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/, stderr: '' })
  const { code, stdout } = await call(t, '--help')
  t.equal(code, 0)
  for (const command of ['run', 'check', 'explain', 'demo', 'ca']) t.match(stdout, new RegExp(`^  ${command} `, 'm'))
})

t.test('exits 1 when there is no such file, and names it', async (t) => {
  const { code, stderr } = await call(t, 'run', '--config', '/nowhere/at-all.yaml')
  t.equal(code, 1)
  t.match(stderr, /\/nowhere\/at-all\.yaml/)
})

t.test('exits 1 with a line per problem, each at its place', async (t) => {
  const file = join(temporaryFolder(t), 'settings.yaml')
  writeFileSync(file, 'trustedHop: 1\nlogLevel: loud\n')
  const { code, stderr } = await call(t, 'run', '--config', file)
  t.equal(code, 1)
  t.equal(stderr.trimEnd().split('\n').length, 2)
  t.match(stderr, `${file}:1:1: `)
  t.match(stderr, /trustedHops/, 'the nearest name')
  t.match(stderr, `${file}:2:`)
})

t.test('checks without starting, and prints what a configuration comes to', async (t) => {
  const file = join(temporaryFolder(t), 'settings.yaml')
  writeFileSync(file, `${LISTENER}trustedHops: 1\n`)
  t.same(await call(t, 'check', '--config', file), { code: 0, stdout: '', stderr: '' })
  t.match(await call(t, 'check', '--config', file, '--print'), { code: 0, stdout: /^trustedHops: 1$/m, stderr: '' })
  writeFileSync(file, `${LISTENER}trustedHops: many\n`)
  const { code, stdout } = await call(t, 'check', '--config', file)
  t.equal(code, 1)
  t.match(stdout, `${file}:2:14: `)
})

t.test('explains requests of a file, one answer a line, also to a reader that leaves early', async (t) => {
  const folder = temporaryFolder(t)
  const [settings, requests] = [join(folder, 'settings.yaml'), join(folder, 'requests.json')]
  writeFileSync(settings, `${LISTENER}unknownDestinations: deny\n`)
  writeFileSync(requests, '{ "id": "a", "at": "outbound", "host": "nobody" }\n'.repeat(5000))
  const explain = ['explain', '--config', settings, '--request', requests]
  const { code, stdout } = await call(t, ...explain)
  t.equal(code, 0)
  const answers = stdout.trimEnd().split('\n')
  t.equal(answers.length, 5000)
  t.match(JSON.parse(answers[0] as string), { id: 'a', status: 502, services: [] })
  const { exit, stderr } = run(t, ['sh', '-c', `"$0" "$@" | head -n 1`, process.execPath, PROGRAM, ...explain])
  t.same(await exit, { code: 0, signal: null })
  t.equal(stderr(), '')
})

t.test('waits, without a listener, for a configuration that has one', async (t) => {
  const file = join(temporaryFolder(t), 'settings.yaml')
  writeFileSync(file, '')
  const { child, exit, stderr } = run(t, [process.execPath, PROGRAM, 'run', '--config', file])
  await eventually(() => stderr().includes('"listeners":[],"msg":"ready"'))
  child.kill('SIGTERM')
  t.equal((await exit).code, 0)
})

t.test('says that the port is in use and exits 1', async (t) => {
  const taken = await tcpOrigin(t, () => {})
  const file = join(temporaryFolder(t), 'settings.yaml')
  writeFileSync(file, `listeners: { inbound: [ { listen: ${taken.address}, app: 127.0.0.1:9 } ] }\n`)
  const { code, stderr } = await call(t, 'run', '--config', file)
  t.equal(code, 1)
  t.match(stderr, taken.address)
  t.match(stderr, /in use/)
  t.equal(stderr.trimEnd().split('\n').length, 1, 'said once')
})

t.test('a second signal ends at once what the first one would let finish', async (t) => {
  const app = await tcpOrigin(t, () => {})
  const port = await freePort()
  const sidecar = await startSidecarProcess(t, {
    settings: { listeners: { inbound: [{ listen: `127.0.0.1:${port}`, app: app.address, protocol: 'http' }] } },
  })
  const socket = await open(t, port)
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => app.seen() === 1)
  sidecar.child.kill('SIGTERM')
  await eventually(() => sidecar.stderr().includes('stopping'))
  t.equal(sidecar.child.exitCode, null, 'waits for the answer')
  t.same(await sidecar.stop(), { code: 0, signal: null })
})

t.test('a Node that is too old is told so in one line', async (t) => {
  const old = 'data:text/javascript,Object.defineProperty(process, "versions", { value: { node: "20.11.0" } })'
  const { exit, stderr } = run(t, [process.execPath, '--import', old, PROGRAM, '--version'])
  t.same(await exit, { code: 1, signal: null })
  t.match(stderr(), /^outrigger needs Node 22\.23 or newer.*\n$/)
})

async function open(t: Test, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return socket
}
