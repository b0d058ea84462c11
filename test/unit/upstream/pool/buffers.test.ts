// Which memory the next read goes into.
import t from 'tap'
import { FULL, HELD, WRITTEN } from '../../../../src/codec/stream.ts'
import { ReadBuffers } from '../../../../src/upstream/pool/buffers.ts'

const LARGE_BODY = 10_000_000

t.test('bytes that are gone leave their buffer for the next read', async (t) => {
  const buffers = new ReadBuffers()
  const first = buffers.current
  t.equal(buffers.turn(WRITTEN, 0), first)
})

t.test('bytes that are held keep their buffer', async (t) => {
  const buffers = new ReadBuffers()
  const first = buffers.current
  const second = buffers.turn(HELD, 0)
  t.not(second, first)
  const third = buffers.turn(HELD, 0)
  t.not(third, first)
  t.not(third, second)
})

t.test('a peer that always has enough costs two buffers, not one a read', async (t) => {
  const buffers = new ReadBuffers()
  const seen = new Set<Buffer>()
  for (let i = 0; i < 100; i++) seen.add(buffers.turn(FULL, LARGE_BODY))
  t.ok(seen.size <= 2, `${seen.size} buffers`)
})

t.test('a large body is worth a large buffer, and its end gives it back', async (t) => {
  const buffers = new ReadBuffers()
  const small = buffers.current.length
  t.ok(buffers.turn(WRITTEN, LARGE_BODY).length > small)
  t.equal(buffers.turn(WRITTEN, 0).length, small)
  buffers.close()
  t.equal(buffers.current.length, 0)
})

t.test('a buffer that was too small is replaced by a larger one, for good', async (t) => {
  const buffers = new ReadBuffers()
  const small = buffers.current.length
  const larger = buffers.turn(WRITTEN, 0, true).length
  t.ok(larger > small)
  t.equal(buffers.turn(WRITTEN, 0).length, larger)
  t.ok(buffers.turn(WRITTEN, LARGE_BODY).length > larger)
  t.equal(buffers.turn(WRITTEN, 0).length, larger)
})
