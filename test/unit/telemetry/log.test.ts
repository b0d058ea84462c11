import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openLog } from '../../../src/telemetry/log.ts'
import { FakeClock } from '../../support/fake-clock.ts'

async function setUp(t: Test, pretty = false) {
  const destination = join(t.testdir(), 'log')
  const log = await openLog({ level: 'info', pretty, clock: new FakeClock(), destination })
  t.teardown(() => log.close())
  const text = async () => {
    await log.flushed()
    return readFileSync(destination, 'utf8')
  }
  return {
    log,
    text,
    lines: async () =>
      (await text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
  }
}

t.test('JSON lines with level, time, facts and message', async (t) => {
  const { log, lines } = await setUp(t)
  log.with({ listener: '0.0.0.0:15006' }).warn('too many connections', { open: 3 })
  t.same(await lines(), [
    { level: 'warn', time: '2026-01-01T00:00:00.000Z', listener: '0.0.0.0:15006', open: 3, msg: 'too many connections' },
  ])
})

t.test('the level can be changed, also for logs made before', async (t) => {
  const { log, lines } = await setUp(t)
  const inner = log.with({ a: 1 }).with({ b: 2 })
  for (const level of ['silent', 'error', 'debug', 'trace'] as const) {
    log.level = level
    t.equal(log.level, level)
    inner.error('error', { at: level })
    inner.info('info', { at: level })
    inner.debug('debug', { at: level })
    inner.trace('trace', { at: level })
  }
  const seen = (await lines()) as { at: string; msg: string; a: number; b: number }[]
  t.same(
    seen.map(({ at, msg }) => `${at} ${msg}`),
    ['error error', 'debug error', 'debug info', 'debug debug', 'trace error', 'trace info', 'trace debug', 'trace trace'],
  )
  t.ok(seen.every(({ a, b }) => a === 1 && b === 2))
})

t.test('an error keeps its message, code and stack', async (t) => {
  const { log, lines } = await setUp(t)
  log.error('failed', { error: Object.assign(new Error('no'), { code: 'ENO' }) })
  log.error('failed', { error: 'a text' })
  t.match(await lines(), [{ error: { message: 'no', code: 'ENO', stack: /Error: no\n/ } }, { error: 'a text' }])
})

t.test('pretty for people', async (t) => {
  const { log, text } = await setUp(t, true)
  log.info('up', { port: 15006 })
  log.info('steer \u001b[2J me')
  t.match(await text(), 'steer \\u001b[2J me')
  t.match(await text(), /INFO.*up.*"port":15006.*\n/)
})
