// One write per burst: who is dirty is flushed when the outermost burst ends, or soon when there is none.
import t from 'tap'
import { beginBurst, beginReading, endBurst, type Flushable, markDirty } from '../../../src/codec/flush.ts'

function output(log: string[], name: string, also?: () => void): Flushable {
  return {
    flush() {
      log.push(name)
      also?.()
    },
  }
}

t.test('in a burst everything waits for its end, bursts within it included', async (t) => {
  const log: string[] = []
  beginBurst()
  markDirty(output(log, 'a'))
  beginBurst()
  markDirty(output(log, 'b'))
  endBurst()
  t.same(log, [])
  endBurst()
  t.same(log, ['a', 'b'])
})

t.test('what becomes dirty by flushing is flushed as well', async (t) => {
  const log: string[] = []
  beginBurst()
  markDirty(output(log, 'a', () => markDirty(output(log, 'b'))))
  endBurst()
  t.same(log, ['a', 'b'])
})

t.test('without a burst it leaves in a microtask, once', async (t) => {
  const log: string[] = []
  markDirty(output(log, 'a'))
  markDirty(output(log, 'b'))
  t.same(log, [])
  await Promise.resolve()
  t.same(log, ['a', 'b'])
  await Promise.resolve()
  t.same(log, ['a', 'b'])
})

t.test('what reading causes waits for the other sockets of the turn, unless it is much', async (t) => {
  const log: string[] = []
  const handled = (names: string[]): void => {
    beginReading()
    beginBurst()
    for (const name of names) markDirty(output(log, name))
    endBurst()
  }
  handled(['a'])
  handled(['b'])
  await Promise.resolve()
  t.same(log, [])
  await new Promise(setImmediate)
  t.same(log, ['a', 'b'])
  const many = Array.from({ length: 40 }, (_, i) => String(i))
  log.length = 0
  handled(many)
  t.same(log, many)
  await new Promise(setImmediate)
  beginBurst()
  markDirty(output(log, 'later'))
  endBurst()
  t.equal(log.at(-1), 'later', 'after the turn it leaves at once')
})
