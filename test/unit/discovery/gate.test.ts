import t from 'tap'
import { Gate } from '../../../src/discovery/gate.ts'
import { settled } from '../../support/fake-clock.ts'

t.test('lets so many in at once, the others in order, whatever becomes of those before', async (t) => {
  const gate = new Gate(2)
  const begun: number[] = []
  const doors = Array.from({ length: 5 }, () => Promise.withResolvers<number>())
  const passes = doors.map((door, index) =>
    gate.pass(() => {
      begun.push(index)
      return door.promise
    }),
  )
  const outcomes = Promise.allSettled(passes)
  await settled()
  t.same(begun, [0, 1])
  doors[1]?.reject(new Error('failed'))
  await settled()
  t.same(begun, [0, 1, 2])
  for (const door of doors) door.resolve(7)
  t.same(
    (await outcomes).map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
  )
  t.same(begun, [0, 1, 2, 3, 4])
  t.equal(await gate.pass(async () => 8), 8)
})
