import t from 'tap'
import { type Clock, systemClock } from '../../../src/core/clock.ts'
import { FakeClock, settled } from '../../support/fake-clock.ts'

t.test('the system clock runs and stops its timers', async (t) => {
  const startMs = systemClock.nowMs()
  await new Promise<void>((resolve) => {
    const hold = setInterval(() => {}, 1000) // its own timers do not keep the process alive
    const cancelled = systemClock.after(0, () => t.fail('was cancelled'))
    cancelled()
    let ticks = 0
    const stop = systemClock.every(1, () => {
      if (++ticks < 3) return
      stop()
      systemClock.after(1, () => {
        clearInterval(hold)
        resolve()
      })
    })
  })
  t.ok(systemClock.nowMs() > startMs)
  t.ok(Math.abs(systemClock.wallMs() - Date.now()) < 1000)
  const chance = systemClock.random()
  t.ok(chance >= 0 && chance < 1)
})

t.test('the clock of tests runs what is due, in order, also what is set on the way', async (t) => {
  const clock = new FakeClock()
  const log: string[] = []
  const startMs = clock.nowMs()
  const wallMs = clock.wallMs()
  const note = (text: string): void => void log.push(`${clock.nowMs() - startMs} ${text}`)
  clock.after(20, () => note('second'))
  clock.after(10, () => {
    note('first')
    clock.after(5, () => note('between'))
  })
  const stop = clock.every(15, () => note('tick'))
  clock.after(30, () => t.fail('was cancelled'))()
  clock.advance(31)
  t.same(log, ['10 first', '15 tick', '15 between', '20 second', '30 tick'])
  t.equal(clock.nowMs() - startMs, 31)
  t.equal(clock.wallMs() - wallMs, 31)
  stop()
  t.equal(clock.timers, 0)
})

t.test('the clock of tests lets promises catch up', async (t) => {
  const clock: Clock & FakeClock = new FakeClock([0.25, 0.75])
  let done = false
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve))
  const work = (async () => {
    await sleep(10)
    await sleep(10)
    done = true
  })()
  await clock.pass(10)
  t.equal(done, false)
  await clock.pass(10)
  t.equal(done, true)
  await work
  await settled()
  t.same([clock.random(), clock.random(), clock.random()], [0.25, 0.75, 0.75])
  t.equal(new FakeClock().random(), 0.5)
})
