import t from 'tap'
import { atOnce, type Steps, withPauses } from '../../../src/core/steps.ts'

function* count(log: string[]): Steps<string> {
  log.push('one')
  yield
  log.push('two')
  yield
  return 'three'
}

t.test('gives what the steps have made, at once or with turns of the event loop in between', async (t) => {
  const log: string[] = []
  t.equal(atOnce(count(log)), 'three')
  t.same(log, ['one', 'two'])
  const paused = withPauses(count(log))
  t.same(log, ['one', 'two', 'one'])
  t.equal(await paused, 'three')
  t.same(log, ['one', 'two', 'one', 'two'])
})

t.test('what a step throws comes out either way', async (t) => {
  const fail = function* (): Steps<void> {
    yield
    throw new Error('no')
  }
  t.throws(() => atOnce(fail()), { message: 'no' })
  await t.rejects(withPauses(fail()), { message: 'no' })
})
