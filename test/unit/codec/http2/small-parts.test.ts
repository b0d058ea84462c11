// The parts that are a few lines each: rates, windows, tables of streams, queues.
import t from 'tap'
import { Allowance } from '../../../../src/codec/http2/allowance.ts'
import { ByteQueue } from '../../../../src/codec/http2/byte-queue.ts'
import { ClosedStreams, DONE, RESET_BY_US, UNKNOWN } from '../../../../src/codec/http2/closed-streams.ts'
import { errorName, failureOfReset, REFUSED_STREAM, resetOfFailure } from '../../../../src/codec/http2/errors.ts'
import { IdMap } from '../../../../src/codec/http2/id-map.ts'
import { PeerSettings } from '../../../../src/codec/http2/peer-settings.ts'
import { ReceiveWindow } from '../../../../src/codec/http2/receive-window.ts'
import { settings } from '../../../support/h2-wire.ts'

t.test('an allowance lets a burst pass and then so many a second', async (t) => {
  const allowance = new Allowance('pings', { burst: 3, perSecond: 2 }, 0)
  for (let i = 0; i < 3; i++) allowance.spend(0)
  t.throws(() => allowance.spend(100), { message: 'too many pings', limit: 'pings' })
  t.doesNotThrow(() => allowance.spend(2000))
  allowance.earn(100)
  for (let i = 0; i < 3; i++) allowance.spend(2000)
  t.throws(() => allowance.spend(2000), 'no more is saved than a burst')
})

t.test('a receive window grows by halves', async (t) => {
  const window = new ReceiveWindow(100)
  t.equal(window.admit(60), true)
  t.equal(window.release(40), 0)
  t.equal(window.release(20), 60)
  t.equal(window.admit(100), true)
  t.equal(window.admit(1), false)
})

t.test('a byte queue gives back what it got, in few pieces', async (t) => {
  const queue = new ByteQueue()
  t.equal(queue.shift(), undefined)
  const sent = Buffer.from(Array.from({ length: 50_000 }, (_, i) => i & 255))
  for (let at = 0; at < sent.length; at += 7) queue.push(sent.subarray(at, at + 7))
  const pieces: Buffer[] = []
  for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) pieces.push(piece)
  t.ok(Buffer.concat(pieces).equals(sent))
  t.ok(pieces.length < 110, `${pieces.length} pieces`)
  t.equal(queue.isEmpty, true)
  queue.push(Buffer.from('a'))
  t.equal(queue.shift()?.toString(), 'a')
})

t.test('the ends of the last streams are remembered', async (t) => {
  const closed = new ClosedStreams()
  closed.add(1, DONE)
  closed.add(3, RESET_BY_US)
  t.same([closed.endOf(1), closed.endOf(3), closed.endOf(5)], [DONE, RESET_BY_US, UNKNOWN])
  for (let id = 5; id < 300; id += 2) closed.add(id, DONE)
  t.same([closed.endOf(1), closed.endOf(299)], [UNKNOWN, DONE])
})

t.test('the map of streams behaves as a Map', async (t) => {
  const map = new IdMap<number>()
  const reference = new Map<number, number>()
  let state = 7
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % below
  }
  let next = 1
  for (let round = 0; round < 20_000; round++) {
    if (reference.size < 60 && random(2) === 0) {
      map.add(next, round)
      reference.set(next, round)
      next += 2 + 2 * random(40)
    } else {
      const ids = [...reference.keys()]
      const id = ids[random(ids.length)] ?? 999
      map.delete(id)
      reference.delete(id)
    }
    if (map.size !== reference.size) t.fail(`size in round ${round}`)
    for (const [id, value] of reference) if (map.get(id) !== value) t.fail(`value in round ${round}`)
    if (map.get(next + 2) !== undefined) t.fail('something from nothing')
    if (t.counts.fail > 0) return
  }
  const ascending = (a: number, b: number): number => a - b
  t.same(map.values().sort(ascending), [...reference.values()].sort(ascending))
  map.clear()
  t.same([map.size, map.values()], [0, []])
})

function read(...entries: readonly (readonly [id: number, value: number])[]): PeerSettings {
  const peer = new PeerSettings()
  peer.read(settings(...entries).subarray(9))
  return peer
}

t.test('settings are taken in order and checked', async (t) => {
  t.equal(new PeerSettings().maxStreams, 100)
  t.equal(read().maxStreams, Infinity)
  const peer = read([1, 0], [1, 8192], [3, 7], [4, 1000], [8, 1], [99, 5])
  t.same(
    [peer.tableBytes, peer.smallestTableBytes, peer.maxStreams, peer.streamWindowBytes, peer.connectProtocol],
    [8192, 0, 7, 1000, true],
  )
  for (const [id, value, code] of [
    [2, 2, 1],
    [4, 2 ** 31, 3],
    [5, 16_383, 1],
    [5, 2 ** 24, 1],
    [8, 2, 1],
  ] as const) {
    t.throws(() => read([id, value]), { code }, `${id}=${value}`)
  }
  t.throws(() => peer.read(settings([8, 0]).subarray(9)), { code: 1 }, 'RFC 8441 §3: not to be taken back')
})

t.test('error codes and failures', async (t) => {
  t.equal(failureOfReset(REFUSED_STREAM), 'refused_stream')
  t.equal(failureOfReset(8), 'upstream_reset')
  t.equal(resetOfFailure('overload', false), REFUSED_STREAM)
  t.equal(resetOfFailure('overload', true), 2)
  t.equal(resetOfFailure('bad_request', false), 1)
  t.equal(resetOfFailure('body_timeout', false), 8)
  t.same([errorName(11), errorName(99)], ['ENHANCE_YOUR_CALM', 'error 99'])
})
