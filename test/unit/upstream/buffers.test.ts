// The memory that upstream sockets read into: what is still referred to is never read into again.
import t from 'tap'
import { FULL, HELD, WRITTEN } from '../../../src/codec/stream.ts'
import { ReadBuffers } from '../../../src/upstream/pool/buffers.ts'

const LARGE_BODY = 10_000_000

t.test('reads into the same buffer while its bytes are gone at once', async (t) => {
  const buffers = new ReadBuffers()
  const first = buffers.current
  t.equal(buffers.turn(WRITTEN, 0), first)
  t.equal(buffers.current, first)
  buffers.close()
})

t.test('leaves a buffer alone that somebody still refers to', async (t) => {
  const buffers = new ReadBuffers()
  const first = buffers.current
  const second = buffers.turn(HELD, 0)
  const third = buffers.turn(FULL, 0)
  t.equal(new Set([first, second, third]).size, 3)
  t.equal(buffers.turn(WRITTEN, 0), third)
  buffers.close()
})

t.test('lent buffers are used again when everything is written', async (t) => {
  const buffers = new ReadBuffers()
  const first = buffers.current
  buffers.turn(HELD, 0)
  buffers.turn(WRITTEN, 0)
  const other = new ReadBuffers()
  t.equal(other.current, first)
  other.close()
  buffers.close()
})

t.test('lent buffers are not used again after the connection is gone', async (t) => {
  const buffers = new ReadBuffers()
  const lent = buffers.current
  buffers.turn(HELD, 0)
  buffers.close()
  const others = Array.from({ length: 4 }, () => new ReadBuffers())
  t.notOk(others.some((other) => other.current === lent))
  for (const other of others) other.close()
})

t.test('borrows a large buffer for a large body, and gives it back for the next to use', async (t) => {
  const buffers = new ReadBuffers()
  const small = buffers.current
  const large = buffers.turn(WRITTEN, LARGE_BODY)
  t.ok(large.length > small.length)
  t.equal(buffers.turn(WRITTEN, LARGE_BODY / 2), large)
  t.equal(buffers.turn(WRITTEN, 10).length, small.length)
  const other = new ReadBuffers()
  t.equal(other.turn(WRITTEN, LARGE_BODY), large)
  other.close()
  buffers.close()
})

t.test('large buffers have a limit for all connections, which those that end give back', async (t) => {
  const all = Array.from({ length: 40 }, () => new ReadBuffers())
  const sizes = (): number[] => all.map((buffers) => buffers.turn(HELD, LARGE_BODY).length)
  const large = (lengths: number[]): number => lengths.filter((length) => length > 100_000).length
  t.equal(large(sizes()), 32)
  t.equal(large(sizes()), 0, 'what is lent counts')
  for (const buffers of all) buffers.close()
  const again = Array.from({ length: 40 }, () => new ReadBuffers())
  t.equal(large(again.map((buffers) => buffers.turn(WRITTEN, LARGE_BODY).length)), 32)
  for (const buffers of again) buffers.close()
})

t.test('closing twice gives nothing back twice', async (t) => {
  const buffers = new ReadBuffers()
  buffers.close()
  buffers.close()
  const [a, b] = [new ReadBuffers(), new ReadBuffers()]
  t.not(a.current, b.current)
  a.close()
  b.close()
})
