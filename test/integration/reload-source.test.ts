// Configuration that changes on a real disk under a real clock: what is taken, what is refused, and how soon.
import { closeSync, mkdirSync, openSync, renameSync, rmSync, symlinkSync, writeSync } from 'node:fs'
import { setInterval } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Problem } from '../../src/config/problem.ts'
import type { Config } from '../../src/config/schema/config.ts'
import { ConfigSource } from '../../src/config/source.ts'
import { systemClock } from '../../src/core/clock.ts'
import { eventually } from '../support/eventually.ts'
import { Folder } from '../support/folder.ts'

const SETTINGS = 'listeners: { outbound: [{ listen: "127.0.0.1:0" }] }\n'
const named = (name: string) => `workload: { name: ${name} }\n${SETTINGS}`

async function started(t: Test, path: string) {
  const source = new ConfigSource({ paths: [path], clock: systemClock })
  t.teardown(() => source.close())
  const taken: Config[] = []
  const refused: (readonly Problem[])[] = []
  await source.load()
  await source.watch({ changed: (config) => taken.push(config), refused: (problems) => refused.push(problems) })
  return { source, taken, refused, name: () => source.config?.settings.workload.name }
}

t.test('a ConfigMap swaps its ..data link', async (t) => {
  const folder = new Folder(t)
  const publish = (version: string, name: string) => {
    mkdirSync(folder.join(version))
    folder.write(`${version}/settings.yaml`, named(name))
    symlinkSync(version, folder.join('..data_tmp'))
    renameSync(folder.join('..data_tmp'), folder.join('..data'))
  }
  publish('..1', 'one')
  symlinkSync('..data/settings.yaml', folder.join('settings.yaml'))
  const { taken, refused, name } = await started(t, folder.path)
  let former = '..1'
  for (const version of ['two', 'three', 'four']) {
    publish(`..${version}`, version)
    // as the kubelet does
    rmSync(folder.join(former), { recursive: true })
    former = `..${version}`
    await eventually(() => name() === version)
  }
  t.equal(taken.length, 3)
  t.same(refused, [])
})

t.test('a change is there within 150 ms or so', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', named('start'))
  const { name } = await started(t, folder.path)
  const times: number[] = []
  for (let i = 0; i < 9; i++) {
    const startMs = performance.now()
    folder.replace('a.yaml', named(`n${i}`))
    await eventually(() => name() === `n${i}`, { everyMs: 1 })
    times.push(performance.now() - startMs)
  }
  const median = times.sort((a, b) => a - b)[4] as number
  t.comment(`median ${median.toFixed(0)} ms, worst ${(times[8] as number).toFixed(0)} ms`)
  t.ok(median < 250, `${median.toFixed(0)} ms`)
})

t.test('a torn write never serves', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', named('old'))
  const { taken, refused, name } = await started(t, folder.path)
  const text = `${named('new')}services:\n  - { name: a, port: 80, dns: { name: a } }\n  - { name: b, port: 80, dns: { name: b } }\n`
  const file = openSync(folder.join('a.yaml'), 'w')
  let at = 0
  // a writer that takes its time over every few bytes
  for await (const _ of setInterval(5)) {
    at += writeSync(file, text.slice(at, at + 7))
    if (at >= text.length) break
  }
  closeSync(file)
  await eventually(() => name() === 'new')
  t.same(
    taken.map(({ services }) => services.length),
    [2],
    'nothing in between',
  )
  t.same(refused, [])
})

t.test('a deleted file or directory leaves the last good one', async (t) => {
  const folder = new Folder(t)
  mkdirSync(folder.join('config'))
  folder.write('config/a.yaml', named('good'))
  const { taken, refused, name } = await started(t, folder.join('config'))
  rmSync(folder.join('config', 'a.yaml'))
  await eventually(() => refused.length === 1)
  rmSync(folder.join('config'), { recursive: true })
  await eventually(() => refused.length === 2)
  t.equal(name(), 'good')
  t.equal(taken.length, 0)
  mkdirSync(folder.join('config'))
  folder.write('config/a.yaml', named('back'))
  await eventually(() => name() === 'back')
  t.match(
    refused.map(([problem]) => problem?.message),
    ['the directory has no *.yaml, *.yml or *.json', 'cannot read: no such file or directory'],
  )
})

t.test('a bad document leaves the last good one and is told once', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', named('good'))
  folder.write('b.yaml', 'services: []\n')
  const { source, taken, refused, name } = await started(t, folder.path)
  folder.write('b.yaml', 'services: [{ name: b, prot: 80 }]\n')
  await eventually(() => refused.length === 1)
  t.match(refused[0], [{ line: 1, column: 23, message: 'unknown key "prot" in services[0]', hint: 'did you mean "port"?' }])
  t.equal(name(), 'good')
  folder.write('b.yaml', 'services: [{ name: b, port: 80, dns: { name: b } }]\n')
  await eventually(() => source.config?.services.length === 1)
  t.equal(refused.length, 1)
  t.equal(taken.length, 1)
})

t.test('a hundred changes in a second are few, and the last one wins', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', named('start'))
  const { taken, refused, name } = await started(t, folder.path)
  let count = 0
  for await (const _ of setInterval(10)) {
    // in place and whole by turns, and now and then a bad one
    if (count % 10 === 5) folder.write('a.yaml', 'workload: { nam')
    else if (count % 2 === 0) folder.write('a.yaml', named(`n${count}`))
    else folder.replace('a.yaml', named(`n${count}`))
    if (++count === 100) break
  }
  await eventually(() => name() === 'n99')
  t.ok(taken.length <= 10, `${taken.length} taken`)
  t.equal(taken.at(-1)?.settings.workload.name, 'n99')
  t.same(refused, [])
})
