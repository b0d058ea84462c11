import { mkdirSync, rmSync } from 'node:fs'
import t, { type Test } from 'tap'
import { formatProblem } from '../../../src/config/problem.ts'
import { ConfigSource, type SourceOptions } from '../../../src/config/source.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Folder } from '../../support/folder.ts'

const SETTINGS = 'listeners: { outbound: [{ listen: "127.0.0.1:0" }] }\n'
const level = (name: string) => `logLevel: ${name}\n${SETTINGS}`
const serviceOf = (name: string) => `services: [{ name: ${name}, port: 80, dns: { name: x } }]\n`

/** A source whose time stands still: `pass` lets it look at once and after every wait that it asks for. */
async function started(t: Test, folder: Folder, options: Partial<SourceOptions> = {}) {
  const clock = new FakeClock()
  const source = new ConfigSource({ paths: [folder.path], clock, ...options })
  const events: string[] = []
  t.teardown(() => source.close())
  await source.load()
  await source.watch({
    changed: ({ settings, services }) => events.push(`${settings.logLevel} ${services.map(({ name }) => name).join()}`.trim()),
    refused: (problems) => events.push(...problems.map((problem) => formatProblem(problem).replace(`${folder.path}/`, ''))),
  })
  const look = async (ms: number): Promise<string[]> => {
    clock.advance(ms)
    await source.look()
    return events.splice(0)
  }
  return { source, look, clock }
}

t.test('takes a change when it has settled', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', level('info'))
  const { source, look } = await started(t, folder)
  t.equal(source.config?.settings.logLevel, 'info')
  t.same(await look(0), [], 'nothing has changed')
  folder.replace('a.yaml', level('warn'))
  t.same(await look(0), [])
  t.same(await look(49), [])
  t.same(await look(1), ['warn'])
  t.equal(source.config?.settings.logLevel, 'warn')
  t.same(await look(100), [], 'once')
})

t.test('a change on top of a change waits anew; the last one wins', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', level('info'))
  const { look } = await started(t, folder)
  for (const name of ['warn', 'error', 'debug']) {
    folder.replace('a.yaml', level(name))
    t.same(await look(40), [])
  }
  t.same(await look(50), ['debug'])
})

t.test('what never settles is taken after a second', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', level('info'))
  const { look } = await started(t, folder)
  const seen: string[] = []
  for (let i = 0; i < 60; i++) {
    folder.replace('a.yaml', `${level('warn')}# ${i}\n`)
    seen.push(...(await look(40)))
  }
  t.same(seen, ['warn', 'warn'])
})

t.test('a file caught half-written', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', level('info'))
  const { look } = await started(t, folder)
  folder.write('a.yaml', '')
  t.same(await look(0), [])
  t.same(await look(500), [], 'emptied')
  folder.write('a.yaml', 'logLevel: debug\nlisteners: {}')
  t.same(await look(0), [])
  t.same(await look(900), [], 'good as it is, but not at the end of a line')
  folder.write('a.yaml', 'logLevel: debug\nlisteners: { outb\n')
  t.same(await look(0), [])
  t.same(await look(299), [], 'wrong, but it may be the first half')
  folder.write('a.yaml', level('warn'))
  t.same(await look(0), [])
  t.same(await look(50), ['warn'])
})

t.test('a bad change leaves the last good one in place', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', level('info'))
  const { source, look } = await started(t, folder)
  folder.replace('a.yaml', level('loud'))
  await look(0)
  const line = 'a.yaml:1:11: logLevel: expected one of trace, debug, info, warn, error, silent, got "loud"'
  t.same(await look(50), [])
  t.same(await look(250), [line])
  t.same(await look(10_000), [], 'once')
  t.equal(source.config?.settings.logLevel, 'info')
  t.equal(source.problems.length, 1)
  folder.replace('a.yaml', level('info'))
  await look(0)
  t.same(await look(50), ['info'], 'back to what it was')
  t.same(source.problems, [])
})

t.test('a file that goes takes services with it, but no settings', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', level('info'))
  folder.write('b.yaml', serviceOf('b'))
  folder.write('c.yaml', serviceOf('c'))
  const { source, look } = await started(t, folder)
  rmSync(folder.join('b.yaml'))
  await look(0)
  t.same(await look(50), ['info c'])
  rmSync(folder.join('a.yaml'))
  await look(0)
  await look(50)
  t.same(await look(250), [
    'a.yaml:1:1: the file has gone or is empty, and no other sets logLevel, listeners (the last good configuration stays)',
  ])
  t.equal(source.config?.settings.listeners.outbound.length, 1)
  folder.write('renamed.yaml', level('warn'))
  await look(0)
  t.same(await look(50), ['warn c'])
})

t.test('settings that are edited out become the defaults', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', level('warn'))
  const { look } = await started(t, folder)
  folder.replace('a.yaml', SETTINGS)
  await look(0)
  t.same(await look(50), ['info'])
})

t.test('a directory that goes is a bad change', async (t) => {
  const folder = new Folder(t)
  mkdirSync(folder.join('config'))
  folder.write('config/a.yaml', level('warn'))
  const { source, look } = await started(t, folder, { paths: [folder.join('config')] })
  rmSync(folder.join('config'), { recursive: true })
  await look(0)
  t.same(await look(300), ['config:1:1: cannot read: no such file or directory'])
  t.equal(source.config?.settings.logLevel, 'warn')
})

t.test('what only compiling finds is a bad change too, told at its place', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', SETTINGS)
  const { look } = await started(t, folder, {
    examine: ({ services }) =>
      services.flatMap(({ name }, index) =>
        name === 'odd' ? [{ list: 'services', index, path: ['name'], message: 'odd' }] : [],
      ),
  })
  folder.replace('a.yaml', SETTINGS + serviceOf('odd'))
  await look(0)
  t.same(await look(300), ['a.yaml:2:20: services[0].name: odd'])
})

t.test('a large configuration is compiled on a thread of its own, with the same answers', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', SETTINGS)
  const { look } = await started(t, folder, { environment: { LEVEL: 'warn' } })
  const endpoints = Array.from({ length: 3000 }, (_, i) => `{ address: "10.0.${i >> 8}.${i & 255}:80" }`).join(', ')
  const large = (address: string) =>
    `${SETTINGS}logLevel: "\${LEVEL}"\nservices: [{ name: big, port: 80, endpoints: [${endpoints}, ${address}] }]\n`
  folder.replace('a.yaml', large('{ address: "10.1.0.0:80" }'))
  await look(0)
  t.same(await look(50), ['warn big'])
  folder.replace('a.yaml', large('{ adress: "10.1.0.0:80" }'))
  await look(0)
  t.match(await look(300), [
    /^a\.yaml:3:\d+: unknown key "adress" in services\[0\]\.endpoints\[3000\] \(did you mean "address"\?\)$/,
  ])
})

t.test('nothing is heard after the end', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', SETTINGS)
  const { source, look, clock } = await started(t, folder)
  folder.replace('a.yaml', level('warn'))
  await look(0)
  await source.close()
  t.equal(clock.timers, 0)
  t.same(await look(1000), [])
})

t.test('without a good start there is no configuration, until a good change comes', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', 'x: 1\n')
  const { source, look } = await started(t, folder)
  t.equal(source.config, undefined)
  folder.replace('a.yaml', SETTINGS)
  await look(0)
  t.same(await look(50), ['info'])
})
