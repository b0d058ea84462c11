// Load of the sidecar itself, on a fake clock.
import t from 'tap'
import { Overload } from '../../../src/exchange/overload.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function setUp(settings = { loopDelay: 500, memoryPercent: 0 }) {
  const clock = new FakeClock()
  const heap = { percent: 10 }
  const overload = new Overload({ clock, settings: () => settings, heapPercent: () => heap.percent })
  /** The loop is blocked: timers run this late. */
  const block = (ms: number): void => {
    const now = clock.nowMs.bind(clock)
    clock.nowMs = () => now() + ms
    clock.advance(50)
    clock.nowMs = now
  }
  return { clock, overload, heap, block }
}

t.test('an event loop that is on time refuses nothing', async (t) => {
  const { clock, overload } = setUp()
  clock.advance(10_000)
  t.equal(overload.inbound, 0)
  t.notOk(overload.sheds('inbound'))
})

t.test('beyond the limit inbound goes first, outbound from twice the limit on, and never all', async (t) => {
  for (const [lateMs, inbound, outbound] of [
    [500, 0, 0],
    [750, 0.5, 0],
    [1000, 0.95, 0],
    [2000, 0.95, 0.95],
    [60_000, 0.95, 0.95],
  ] as const) {
    const { overload, block } = setUp()
    block(lateMs)
    t.ok(Math.abs(overload.inbound - inbound) < 0.01, `${lateMs} ms: inbound ${overload.inbound}`)
    t.ok(Math.abs(overload.outbound - outbound) < 0.01, `${lateMs} ms: outbound ${overload.outbound}`)
  }
})

t.test('it is over soon after', async (t) => {
  const { clock, overload, block } = setUp()
  block(1000)
  clock.advance(1200)
  t.equal(overload.inbound, 0)
})

t.test('a heap that is nearly full refuses as well', async (t) => {
  const { clock, overload, heap } = setUp({ loopDelay: 0, memoryPercent: 90 })
  heap.percent = 90
  clock.advance(50)
  t.equal(overload.inbound, 0)
  heap.percent = 93
  clock.advance(50)
  t.ok(Math.abs(overload.inbound - 0.6) < 0.001)
  heap.percent = 99
  clock.advance(50)
  t.equal(overload.inbound, 0.95)
  t.ok(overload.outbound > 0.3)
})

t.test('refuses by chance, in the measure of its share', async (t) => {
  const { clock, overload, block } = setUp()
  block(750)
  clock.random = () => 0.4
  t.ok(overload.sheds('inbound'))
  clock.random = () => 0.6
  t.notOk(overload.sheds('inbound'))
})

t.test('both may be turned off, and closing leaves no timer', async (t) => {
  const { clock, overload, heap, block } = setUp({ loopDelay: 0, memoryPercent: 0 })
  heap.percent = 100
  block(60_000)
  t.equal(overload.inbound, 0)
  overload.close()
  t.equal(clock.timers, 0)
})
