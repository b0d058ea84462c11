import t from 'tap'
import { isGrpc, MessageCounter } from '../../../src/codec/grpc.ts'
import { Fields } from '../../../src/core/fields.ts'
import { requestHead } from '../../support/outcome.ts'
import { Seeded } from '../../support/seeded.ts'

function message(length: number): Buffer {
  const bytes = Buffer.alloc(5 + length, 0xff)
  bytes[0] = 0
  bytes.writeUInt32BE(length, 1)
  return bytes
}

t.test('gRPC is told by its content type, and gRPC-Web is none', async (t) => {
  const of = (type: string): boolean => isGrpc(requestHead({ fields: Fields.of(['content-type', type]) }))
  t.ok(of('application/grpc'))
  t.ok(of('application/grpc+proto'))
  t.notOk(of('application/grpc-web'))
  t.notOk(of('application/grpc-web-text'))
  t.notOk(of('application/json'))
  t.notOk(isGrpc(requestHead()))
})

t.test('counts messages however their bytes are cut', async (t) => {
  const random = new Seeded(7)
  const lengths = [0, 0, 1, 4, 5, 6, 100, 70_000, 0, 3]
  const all = Buffer.concat(lengths.map(message))
  for (const most of [1, 2, 3, 7, 100, 100_000]) {
    const counter = new MessageCounter()
    for (let at = 0; at < all.length; ) {
      const step = 1 + random.below(most)
      counter.push(all.subarray(at, at + step))
      at += step
    }
    t.equal(counter.count, lengths.length, `pieces of at most ${most}`)
  }
})

t.test('a message counts from its first byte', async (t) => {
  const counter = new MessageCounter()
  counter.push(message(10).subarray(0, 1))
  t.equal(counter.count, 1)
  counter.push(message(10).subarray(1))
  t.equal(counter.count, 1)
})
