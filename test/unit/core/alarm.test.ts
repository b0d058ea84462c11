import t from 'tap'
import { Alarm } from '../../../src/core/alarm.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const setUp = (): { clock: FakeClock; alarm: Alarm; rings: () => number } => {
  const clock = new FakeClock()
  let rings = 0
  return { clock, alarm: new Alarm(clock, () => rings++), rings: () => rings }
}

t.test('strikes once at its time', async (t) => {
  const { clock, alarm, rings } = setUp()
  alarm.set(clock.nowMs() + 100)
  clock.advance(99)
  t.equal(rings(), 0)
  clock.advance(1)
  t.equal(rings(), 1)
  clock.advance(1000)
  t.equal(rings(), 1)
  t.equal(clock.timers, 0)
})

t.test('moves later without setting another timer', async (t) => {
  const { clock, alarm, rings } = setUp()
  alarm.set(clock.nowMs() + 100)
  clock.advance(50)
  alarm.set(clock.nowMs() + 100)
  t.equal(clock.timers, 1)
  clock.advance(99)
  t.equal(rings(), 0)
  clock.advance(1)
  t.equal(rings(), 1)
})

t.test('moves earlier', async (t) => {
  const { clock, alarm, rings } = setUp()
  alarm.set(clock.nowMs() + 1000)
  alarm.set(clock.nowMs() + 10)
  t.equal(clock.timers, 1)
  clock.advance(10)
  t.equal(rings(), 1)
})

t.test('stays silent when cleared, and can be set again', async (t) => {
  const { clock, alarm, rings } = setUp()
  alarm.set(clock.nowMs() + 10)
  alarm.clear()
  clock.advance(100)
  t.equal(rings(), 0)
  alarm.set(clock.nowMs() + 10)
  clock.advance(10)
  t.equal(rings(), 1)
})

t.test('can be set again from its own strike', async (t) => {
  const clock = new FakeClock()
  const at: number[] = []
  const alarm: Alarm = new Alarm(clock, () => {
    at.push(clock.nowMs())
    if (at.length < 3) alarm.set(clock.nowMs() + 10)
  })
  const startMs = clock.nowMs()
  alarm.set(startMs + 10)
  clock.advance(100)
  t.same(at, [startMs + 10, startMs + 20, startMs + 30])
})

t.test('strikes soon for a time that has passed', async (t) => {
  const { clock, alarm, rings } = setUp()
  alarm.set(clock.nowMs() - 5)
  clock.advance(1)
  t.equal(rings(), 1)
})

t.test('never strikes at Infinity', async (t) => {
  const { clock, alarm, rings } = setUp()
  alarm.set(Infinity)
  t.equal(clock.timers, 0)
  clock.advance(1e9)
  t.equal(rings(), 0)
})

t.test('holds no timer when closed', async (t) => {
  const { clock, alarm, rings } = setUp()
  alarm.set(clock.nowMs() + 10)
  alarm.close()
  t.equal(clock.timers, 0)
  clock.advance(100)
  t.equal(rings(), 0)
  alarm.set(clock.nowMs() + 10)
  clock.advance(10)
  t.equal(rings(), 1)
})
