// The timeouts of one exchange, on a fake clock.
import t from 'tap'
import { AlarmPool } from '../../../src/core/alarm.ts'
import type { FailureCode } from '../../../src/core/failures.ts'
import { Deadlines } from '../../../src/exchange/deadlines.ts'
import type { Timeouts } from '../../../src/routing/timeouts.ts'
import { FakeClock } from '../../support/fake-clock.ts'

/** Milliseconds; 0: no limit. */
function times(requestMs: number, idleMs: number): Timeouts {
  return { requestMs, attemptMs: 0, idleMs, streamIdleMs: idleMs, maxStreamMs: 0 }
}

function setUp() {
  const clock = new FakeClock()
  const failures: FailureCode[] = []
  const deadlines = new Deadlines(clock, new AlarmPool(clock), {
    streaming: false,
    fail(code) {
      failures.push(code)
      deadlines.close()
    },
    onAttemptTimeout() {
      failures.push('attempt_timeout')
    },
    onHedge() {},
    onHeldLong() {},
  })
  return { clock, failures, deadlines }
}

t.test('without limits there is no timer', async (t) => {
  const { clock, deadlines, failures } = setUp()
  deadlines.begin(clock.nowMs(), times(0, 0), 0)
  deadlines.attempt(0)
  t.equal(clock.timers, 0)
  clock.advance(1e9)
  t.same(failures, [])
})

t.test('the whole exchange counts from its start, whatever moves', async (t) => {
  const { clock, deadlines, failures } = setUp()
  deadlines.begin(clock.nowMs() - 400, times(1000, 0), 0)
  deadlines.answered(-1)
  for (let i = 0; i < 599; i++) {
    deadlines.activity++
    clock.advance(1)
  }
  t.same(failures, [])
  clock.advance(1)
  t.same(failures, ['request_timeout'])
})

t.test('an attempt has until its response head', async (t) => {
  const { clock, deadlines, failures } = setUp()
  deadlines.begin(clock.nowMs(), times(1000, 0), 0)
  deadlines.attempt(100)
  clock.advance(99)
  deadlines.attempt(100)
  clock.advance(99)
  t.same(failures, [], 'the second attempt has a time of its own')
  clock.advance(1)
  t.same(failures, ['attempt_timeout'])
})

t.test('after the response head only the whole counts', async (t) => {
  const { clock, deadlines, failures } = setUp()
  deadlines.begin(clock.nowMs(), times(1000, 0), 0)
  deadlines.attempt(100)
  deadlines.answered(-1)
  clock.advance(999)
  t.same(failures, [])
  clock.advance(1)
  t.same(failures, ['request_timeout'])
})

t.test('silence strikes after the idle timeout', async (t) => {
  const { clock, deadlines, failures } = setUp()
  deadlines.begin(clock.nowMs(), times(0, 1000), 0)
  clock.advance(999)
  t.same(failures, [])
  clock.advance(1)
  t.same(failures, ['upstream_idle'])
})

t.test('each byte puts silence off; it strikes after 1 to 1¼ of the timeout', async (t) => {
  for (const pauseMs of [1, 100, 249, 250, 251, 600, 900]) {
    const { clock, deadlines, failures } = setUp()
    deadlines.begin(clock.nowMs(), times(0, 1000), 0)
    for (let i = 0; i < 10; i++) {
      clock.advance(pauseMs)
      deadlines.activity++
    }
    clock.advance(999)
    t.same(failures, [], `pauses of ${pauseMs} ms and silence of 999 ms`)
    clock.advance(251)
    t.same(failures, ['upstream_idle'], `pauses of ${pauseMs} ms and silence of 1250 ms`)
  }
})

t.test('a response head breaks the silence', async (t) => {
  const { clock, deadlines, failures } = setUp()
  deadlines.begin(clock.nowMs(), times(0, 1000), 0)
  clock.advance(900)
  deadlines.answered(-1)
  clock.advance(999)
  t.same(failures, [])
})

t.test('other deadlines that pass do not count as silence', async (t) => {
  const { clock, deadlines, failures } = setUp()
  deadlines.begin(clock.nowMs(), times(0, 1000), 0)
  deadlines.activity++
  for (let i = 0; i < 4; i++) {
    deadlines.attempt(10)
    deadlines.answered(-1)
    clock.advance(10)
  }
  clock.advance(959)
  t.same(failures, [])
})

t.test('a tunnel knows only silence, counted from its beginning', async (t) => {
  const { clock, deadlines, failures } = setUp()
  deadlines.begin(clock.nowMs(), times(2000, 1000), 0)
  clock.advance(900)
  deadlines.answered(-1)
  deadlines.tunnel(4000)
  clock.advance(3999)
  t.same(failures, [])
  clock.advance(1)
  t.same(failures, ['upstream_idle'])
})

t.test('a tunnel may have no limit at all', async (t) => {
  const { clock, deadlines, failures } = setUp()
  deadlines.begin(clock.nowMs(), times(2000, 1000), 0)
  deadlines.tunnel(0)
  clock.advance(1e9)
  t.same(failures, [])
})

t.test('close() ends it', async (t) => {
  const { clock, deadlines, failures } = setUp()
  deadlines.begin(clock.nowMs(), times(100, 10), 0)
  deadlines.attempt(5)
  deadlines.close()
  deadlines.close()
  clock.advance(1000)
  t.same(failures, [])
})
