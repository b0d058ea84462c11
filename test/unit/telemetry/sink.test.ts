import { execFileSync } from 'node:child_process'
import { constants, createReadStream, existsSync, openSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Sink } from '../../../src/telemetry/sink.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function setUp(t: Test, options: { destination?: string; maxPendingChars?: number } = {}) {
  const clock = new FakeClock()
  const file = options.destination ?? join(t.testdir(), 'log')
  const dropped = { lines: 0 }
  const troubles: string[] = []
  const sink = new Sink({
    ...options,
    destination: file,
    clock,
    onDropped: (lines) => (dropped.lines += lines),
    onTrouble: (message) => troubles.push(message),
  })
  t.teardown(() => sink.close())
  return { clock, file, sink, dropped, troubles, text: () => readFileSync(file, 'utf8') }
}

t.test('lines are gathered and written in order', async (t) => {
  const { clock, sink, text } = setUp(t)
  sink.write('a\n')
  sink.write('b\n')
  t.equal(text(), '')
  clock.advance(100)
  sink.write('c\n')
  await sink.flushed()
  t.equal(text(), 'a\nb\nc\n')
  t.equal(clock.timers, 0)
})

t.test('much is written at once, without waiting for the clock', async (t) => {
  const { sink, text } = setUp(t)
  sink.write(`${'x'.repeat(20_000)}\n`)
  await eventually(() => text().length === 20_001)
})

t.test('what goes beyond the limit is dropped and counted', async (t) => {
  const { sink, dropped, text } = setUp(t, { maxPendingChars: 10 })
  for (let i = 0; i < 5; i++) sink.write('12345\n')
  t.equal(dropped.lines, 4)
  await sink.flushed()
  sink.write('again\n')
  await sink.flushed()
  t.equal(text(), '12345\nagain\n')
})

t.test(
  'a full disk costs lines, not the process, and is told once',
  { skip: existsSync('/dev/full') ? false : 'no /dev/full' },
  async (t) => {
    const { sink, dropped, troubles } = setUp(t, { destination: '/dev/full' })
    for (let i = 0; i < 3; i++) {
      sink.write('a\nb\n')
      sink.write('c\n')
      await sink.flushed()
    }
    t.equal(dropped.lines, 6)
    t.equal(troubles.length, 1)
    t.match(troubles[0], /cannot write to \/dev\/full: ENOSPC/)
  },
)

t.test('goes on in a new file after the old one was moved away', async (t) => {
  const { file, sink, text } = setUp(t)
  sink.write('old\n')
  await sink.flushed()
  renameSync(file, `${file}.1`)
  sink.write('pending\n')
  sink.reopen()
  await sink.flushed()
  t.equal(text(), 'pending\n')
  t.equal(readFileSync(`${file}.1`, 'utf8'), 'old\n')
})

t.test("keeps the old file when the new one can't be opened", async (t) => {
  const { file, sink, troubles } = setUp(t, { destination: join(t.testdir({ folder: {} }), 'folder', 'log') })
  renameSync(join(file, '..'), join(file, '..', '..', 'moved'))
  sink.reopen()
  sink.write('a\n')
  await sink.flushed()
  t.equal(readFileSync(join(file, '..', '..', 'moved', 'log'), 'utf8'), 'a\n')
  t.match(troubles[0], /ENOENT/)
})

t.test('appends to what is there', async (t) => {
  const { sink, text } = setUp(t, { destination: join(t.testdir({ log: 'before\n' }), 'log') })
  sink.write('after\n')
  await sink.flushed()
  t.equal(text(), 'before\nafter\n')
})

t.test('a pipe that nobody empties holds up neither close nor anything else', async (t) => {
  const pipe = join(t.testdir(), 'pipe')
  execFileSync('mkfifo', [pipe])
  const reader = createReadStream('', { fd: openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK), autoClose: true })
  t.teardown(() => reader.destroy())
  const { clock, sink, dropped } = setUp(t, { destination: pipe })
  const line = `${'x'.repeat(99_999)}\n`
  for (let i = 0; i < 60; i++) sink.write(line)
  t.ok(dropped.lines > 10, `${dropped.lines} dropped`)
  const closed = sink.close()
  await clock.pass(1000)
  await closed
})

t.test("a pipe without a reader can't be opened, and says so at once", async (t) => {
  const pipe = join(t.testdir(), 'pipe')
  execFileSync('mkfifo', [pipe])
  t.throws(() => new Sink({ destination: pipe, clock: new FakeClock() }), /ENXIO/)
})

t.test('nothing is written after close', async (t) => {
  const { sink, dropped, text } = setUp(t)
  sink.write('a\n')
  await sink.close()
  sink.write('b\n')
  t.equal(text(), 'a\n')
  t.equal(dropped.lines, 1)
})
