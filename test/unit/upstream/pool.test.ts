// Connections to one endpoint, on a fake clock and with connections that the test brings up and ends.
import t from 'tap'
import type { UpstreamConnection, UpstreamConnectionOwner, UpstreamReceiver, UpstreamStream } from '../../../src/codec/stream.ts'
import { serviceSchema } from '../../../src/config/schema/services.ts'
import type { FailureCode } from '../../../src/core/failures.ts'
import { Load } from '../../../src/upstream/pool/load.ts'
import { Pool, type PoolWaiter } from '../../../src/upstream/pool/pool.ts'
import { FakeClock } from '../../support/fake-clock.ts'

/** One exchange at a time, as HTTP/1.1 has it, or `streams` of them. */
class FakeConnection implements UpstreamConnection {
  readonly owner: UpstreamConnectionOwner
  readonly preface: Buffer | undefined
  readonly streams: number
  state: 'connecting' | 'up' | 'gone' = 'connecting'
  active = 0
  draining = false
  keepAliveSeconds = -1

  constructor(owner: UpstreamConnectionOwner, preface: Buffer | undefined, streams: number) {
    this.owner = owner
    this.preface = preface
    this.streams = streams
  }

  get capacity(): number {
    return this.state === 'up' && !this.draining ? this.streams - this.active : 0
  }

  begin(_receiver: UpstreamReceiver): UpstreamStream {
    this.active++
    return {} as UpstreamStream
  }

  up(): void {
    this.state = 'up'
    this.owner.onReady(this)
  }

  /** An exchange on it is over. */
  done(): void {
    this.active--
    if (this.draining && this.active === 0) this.gone('draining')
    else this.owner.onIdle(this)
  }

  gone(code: FailureCode): void {
    if (this.state === 'gone') return
    this.state = 'gone'
    this.owner.onGone(this, code, 'gone')
  }

  drain(): void {
    this.draining = true
    if (this.active === 0) this.gone('draining')
  }

  destroy(code: FailureCode): void {
    this.gone(code)
  }
}

class Waiter implements PoolWaiter {
  connection: FakeConnection | undefined
  failure: FailureCode | undefined

  onConnection(connection: UpstreamConnection): void {
    connection.begin({} as UpstreamReceiver)
    this.connection = connection as FakeConnection
  }

  onPoolFailure(code: FailureCode): void {
    this.failure = code
  }
}

interface Setting {
  readonly limits?: { readonly connections?: number; readonly pending?: number }
  readonly streams?: number
}

function setUp({ limits = {}, streams = 1 }: Setting = {}) {
  const clock = new FakeClock()
  const load = new Load(serviceSchema.parse({ name: 'a', port: 80, limits }))
  const dialled: FakeConnection[] = []
  const pool = new Pool({
    clock,
    load,
    connectTimeoutMs: 5000,
    idleTimeoutMs: 60_000,
    expectedCapacity: streams,
    dial(owner, preface) {
      const connection = new FakeConnection(owner, preface, streams)
      dialled.push(connection)
      return connection
    },
  })
  const ask = (fresh = false): Waiter => {
    const waiter = new Waiter()
    pool.acquire(waiter, fresh)
    return waiter
  }
  const connection = (index: number): FakeConnection => dialled[index] as FakeConnection
  /** So many connections, all idle, the last one the newest. */
  const warm = (count: number): void => {
    const waiters = Array.from({ length: count }, () => ask())
    for (const each of dialled) each.up()
    for (const { connection } of waiters) connection?.done()
  }
  return { clock, load, dialled, pool, ask, connection, warm }
}

t.test('opens a connection for each that waits, and hands it over when it is up', async (t) => {
  const { pool, load, ask, connection } = setUp()
  const [a, b] = [ask(), ask()]
  t.equal(pool.open, 2)
  t.equal(load.pending, 2)
  connection(1).up()
  t.equal(a.connection, connection(1), 'whoever waits longest')
  connection(0).up()
  t.equal(b.connection, connection(0))
  t.equal(load.pending, 0)
})

t.test('uses the newest idle one first', async (t) => {
  const { ask, connection, warm, pool } = setUp()
  warm(3)
  t.equal(pool.idle, 3)
  t.equal(ask().connection, connection(2))
  t.equal(ask().connection, connection(1))
  connection(2).done()
  t.equal(ask().connection, connection(2))
  t.equal(pool.idle, 1)
})

t.test('one that is over serves who waits before it rests', async (t) => {
  const { ask, connection, pool } = setUp({ limits: { connections: 1 } })
  const first = ask()
  connection(0).up()
  const second = ask()
  t.equal(second.connection, undefined)
  t.equal(pool.open, 1)
  first.connection?.done()
  t.equal(second.connection, connection(0))
})

t.test('lets idle ones go after the timeout, the oldest first', async (t) => {
  const { clock, ask, connection, warm, pool, load } = setUp()
  warm(2)
  clock.advance(30_000)
  ask().connection?.done()
  clock.advance(30_001)
  t.equal(connection(0).state, 'gone')
  t.equal(connection(1).state, 'up')
  clock.advance(30_001)
  t.equal(pool.open, 0)
  t.equal(load.connections, 0)
})

t.test('lets idle ones go before the endpoint that announces a timeout would', async (t) => {
  const { clock, ask, connection, warm, pool } = setUp()
  warm(2)
  connection(1).keepAliveSeconds = 5
  ask().connection?.done()
  t.equal(pool.idle, 2)
  clock.advance(4001)
  t.equal(pool.open, 0, 'also those that have not heard of it')
})

t.test('meets half of a timeout that is shorter than the margin', async (t) => {
  const { clock, ask, connection, warm, pool } = setUp()
  warm(1)
  connection(0).keepAliveSeconds = 1
  ask().connection?.done()
  clock.advance(499)
  t.equal(pool.open, 1)
  clock.advance(2)
  t.equal(pool.open, 0)
})

t.test('learns from an endpoint that closes idle ones, and forgets no connection over it', async (t) => {
  const { clock, ask, connection, warm, pool } = setUp()
  warm(3)
  clock.advance(10_000)
  connection(0).gone('upstream_reset')
  t.equal(pool.idle, 2)
  const fresh = ask()
  t.equal(fresh.connection, undefined, 'those as old are not used any more')
  t.equal(connection(1).state, 'gone')
  t.equal(connection(2).state, 'gone')
  t.equal(pool.open, 1)
  connection(3).up()
  fresh.connection?.done()
  clock.advance(8001)
  t.equal(pool.open, 0, 'from now on after four fifths')
})

t.test('learns nothing from a close right after a response, nor from stray bytes', async (t) => {
  const { clock, connection, warm, pool, load } = setUp()
  warm(3)
  clock.advance(500)
  connection(0).gone('upstream_reset')
  clock.advance(5000)
  connection(1).gone('upstream_protocol')
  t.equal(load.strays, 1)
  clock.advance(50_000)
  t.equal(pool.open, 1)
})

t.test('refuses who would be one too many to wait', async (t) => {
  const { ask, load, connection } = setUp({ limits: { pending: 2, connections: 1 } })
  const [a, b, c] = [ask(), ask(), ask()]
  t.equal(c.failure, 'overflow')
  t.equal(load.overflows, 1)
  connection(0).up()
  t.ok(a.connection)
  t.equal(b.failure, undefined)
  t.equal(ask().failure, undefined, 'there is room again')
})

t.test('waits where there may be no further connection, and opens one when another is gone', async (t) => {
  const { ask, connection, dialled, load } = setUp({ limits: { connections: 2 } })
  const [a, , c] = [ask(), ask(), ask()]
  t.equal(dialled.length, 2)
  connection(0).up()
  connection(1).up()
  a.connection?.gone('upstream_reset')
  t.equal(dialled.length, 3)
  connection(2).up()
  t.equal(c.connection, connection(2))
  t.equal(load.connections, 2)
})

t.test('a connection that does not come up fails one that waits', async (t) => {
  const { ask, connection, load } = setUp()
  const [a, b] = [ask(), ask()]
  connection(0).gone('connect_failed')
  t.equal(a.failure, 'connect_failed')
  t.equal(b.failure, undefined)
  t.equal(load.connectFailures, 1)
  connection(1).up()
  t.equal(b.connection, connection(1))
})

t.test('a connection has a time to come up in', async (t) => {
  const { ask, clock, pool, connection } = setUp()
  const waiter = ask()
  clock.advance(4999)
  t.equal(waiter.failure, undefined)
  clock.advance(1)
  t.equal(waiter.failure, 'connect_timeout')
  t.equal(pool.open, 0)
  const second = ask()
  connection(1).up()
  clock.advance(10_000)
  t.equal(second.connection?.state, 'up', 'one that is up has none')
})

t.test('who does not want it any more is not served, and what comes up for it is kept', async (t) => {
  const { pool, load, connection } = setUp()
  const waiter = new Waiter()
  pool.acquire(waiter, false)
  pool.cancel(waiter)
  pool.cancel(waiter)
  t.equal(load.pending, 0)
  connection(0).up()
  t.equal(waiter.connection, undefined)
  t.equal(pool.idle, 1)
})

t.test('after a stale connection only a fresh one will do', async (t) => {
  const { ask, connection, warm, pool } = setUp()
  warm(2)
  const other = ask()
  const waiter = ask(true)
  t.equal(waiter.connection, undefined)
  t.equal(pool.open, 3)
  other.connection?.done()
  t.equal(waiter.connection, undefined, 'not even one that has just proved alive')
  connection(2).up()
  t.equal(waiter.connection, connection(2))
})

t.test('who needs a fresh one is served, and failed, before those who do not', async (t) => {
  const { ask, connection } = setUp()
  const [any, fresh] = [ask(), ask(true)]
  connection(0).up()
  t.equal(fresh.connection, connection(0))
  const second = ask(true)
  connection(1).gone('connect_failed')
  t.equal(second.failure, 'connect_failed')
  connection(2).up()
  t.equal(any.connection, connection(2))
})

t.test('close() ends what is idle and what waits, and lets the rest finish', async (t) => {
  const { ask, connection, warm, pool, load, clock } = setUp()
  warm(2)
  const busy = ask()
  const waiting = ask(true)
  pool.close()
  t.equal(connection(0).state, 'gone')
  t.equal(waiting.failure, 'connect_failed', 'it may be sent elsewhere')
  t.equal(busy.connection?.state, 'up')
  busy.connection?.done()
  t.equal(pool.open, 0)
  t.equal(load.connections, 0)
  t.equal(load.pending, 0)
  t.equal(clock.timers, 0)
})

t.test('destroy() cuts everything', async (t) => {
  const { ask, warm, pool, load } = setUp()
  warm(2)
  const busy = ask()
  pool.destroy('draining')
  t.equal(busy.connection?.state, 'gone')
  t.equal(load.connections, 0)
})

t.test('acquireOnce() gives a connection of its own that nobody else gets', async (t) => {
  const { connection, warm, pool, load } = setUp()
  warm(1)
  const waiter = new Waiter()
  pool.acquireOnce(waiter, Buffer.from('head'))
  t.equal(String(connection(1).preface), 'head')
  connection(1).up()
  t.equal(waiter.connection, connection(1))
  connection(1).done()
  t.equal(connection(1).state, 'gone')
  t.equal(pool.open, 1)
  const failing = new Waiter()
  pool.acquireOnce(failing, Buffer.from('head'))
  connection(2).gone('connect_failed')
  t.equal(failing.failure, 'connect_failed')
  t.equal(load.connections, 1)
})

t.test('acquireOnce() keeps to the limit of connections', async (t) => {
  const { pool, load } = setUp({ limits: { connections: 1 } })
  pool.acquireOnce(new Waiter(), Buffer.from('head'))
  const second = new Waiter()
  pool.acquireOnce(second, Buffer.from('head'))
  t.equal(second.failure, 'overflow')
  t.equal(load.overflows, 1)
})

t.test('a connection of many streams takes all who wait, and stays while it is used', async (t) => {
  const { ask, connection, pool, clock, dialled } = setUp({ streams: 3 })
  const waiters = [ask(), ask(), ask(), ask()]
  t.equal(dialled.length, 2)
  connection(0).up()
  t.same(
    waiters.map((waiter) => waiter.connection === connection(0)),
    [true, true, true, false],
  )
  connection(1).up()
  t.equal(pool.idle, 0, 'it has room, and is used')
  clock.advance(100_000)
  t.equal(connection(1).state, 'up', 'one stream is open')
  t.equal(ask().connection, connection(1))
  connection(1).done()
  connection(1).done()
  clock.advance(59_000)
  t.equal(connection(1).state, 'up')
  clock.advance(60_000)
  t.equal(connection(1).state, 'gone')
})
