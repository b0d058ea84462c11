import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { watchConfig } from '../../../src/config/watch.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Folder } from '../../support/folder.ts'

/** `heard()` waits for a change and forgets it. */
function listen(t: Test, paths: readonly string[], clock = systemClock) {
  let changes = 0
  const watch = watchConfig(paths, clock, () => changes++)
  t.teardown(() => watch.close())
  const heard = async (): Promise<void> => {
    await eventually(() => changes > 0)
    changes = 0
  }
  return { heard, count: () => changes }
}

t.test('hears of files written, replaced, added and taken away', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', '1')
  const { heard } = listen(t, [folder.path])
  folder.write('a.yaml', '2')
  await heard()
  folder.replace('a.yaml', '3')
  await heard()
  folder.write('b.yaml', '1')
  await heard()
  rmSync(folder.join('b.yaml'))
  await heard()
  t.pass()
})

t.test('hears of one file among others', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', '1')
  const { heard } = listen(t, [folder.join('a.yaml')])
  folder.replace('a.yaml', '2')
  await heard()
  rmSync(folder.join('a.yaml'))
  await heard()
  folder.write('a.yaml', '3')
  await heard()
  t.pass()
})

t.test('hears of the swap of a link on the way, and of what it then leads to', async (t) => {
  const folder = new Folder(t)
  for (const version of ['..1', '..2']) {
    mkdirSync(folder.join(version))
    folder.write(`${version}/a.yaml`, version)
  }
  symlinkSync('..1', folder.join('..data'))
  symlinkSync('..data/a.yaml', folder.join('a.yaml'))
  for (const path of [folder.path, folder.join('a.yaml')]) {
    const { heard } = listen(t, [path])
    symlinkSync('..2', folder.join('..tmp'))
    renameSync(folder.join('..tmp'), folder.join('..data'))
    await heard()
    folder.write('..2/a.yaml', 'changed in place')
    await heard()
  }
  t.pass()
})

t.test('follows links to other directories', async (t) => {
  const folder = new Folder(t)
  mkdirSync(folder.join('config'))
  mkdirSync(folder.join('elsewhere'))
  folder.write('elsewhere/a.yaml', '1')
  symlinkSync('../elsewhere/a.yaml', folder.join('config', 'a.yaml'))
  const { heard } = listen(t, [folder.join('config')])
  writeFileSync(folder.join('elsewhere', 'a.yaml'), '2')
  await heard()
  t.pass()
})

t.test('hears of a directory that goes and comes back', async (t) => {
  const folder = new Folder(t)
  mkdirSync(folder.join('config'))
  const { heard } = listen(t, [folder.join('config')])
  rmSync(folder.join('config'), { recursive: true })
  await heard()
  mkdirSync(folder.join('config'))
  await heard()
  folder.write('config/a.yaml', '1')
  await heard()
  t.pass()
})

t.test('a burst is one change or few', async (t) => {
  const folder = new Folder(t)
  const { count, heard } = listen(t, [folder.path])
  for (let i = 0; i < 200; i++) folder.write('a.yaml', String(i))
  await eventually(() => count() > 0)
  t.ok(count() <= 3, String(count()))
  await heard()
})

t.test('what changes without end is told of all the same', async (t) => {
  const folder = new Folder(t)
  const { count } = listen(t, [folder.path])
  let writes = 0
  await eventually(() => {
    folder.write('a.yaml', String(writes++))
    return count() > 0
  })
  t.ok(count() <= 2)
})

t.test('looks now and then even when nothing was heard', async (t) => {
  const clock = new FakeClock()
  const { count } = listen(t, ['/nowhere/at/all'], clock)
  clock.advance(9999)
  t.equal(count(), 0)
  clock.advance(1)
  t.equal(count(), 1)
  clock.advance(10_000)
  t.equal(count(), 2)
})

t.test('is quiet about what lies beside it, and after its end', async (t) => {
  const folder = new Folder(t)
  mkdirSync(folder.join('config'))
  const clock = new FakeClock()
  const watch = watchConfig([folder.join('config')], clock, () => t.fail('nothing has changed'))
  folder.write('neighbour.yaml', '1')
  const other = listen(t, [folder.join('neighbour.yaml')])
  folder.write('neighbour.yaml', '2')
  await other.heard()
  t.equal(clock.timers, 1, 'only the poll')
  void watch.close()
  t.equal(clock.timers, 0)
  folder.write('config/a.yaml', '1')
  folder.write('neighbour.yaml', '3')
  await other.heard()
  t.equal(clock.timers, 0)
})
