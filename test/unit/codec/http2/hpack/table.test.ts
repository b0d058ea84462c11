import t from 'tap'
import { DynamicTable } from '../../../../../src/codec/http2/hpack/table.ts'

t.test('the newest comes first, the oldest goes first', async (t) => {
  const table = new DynamicTable<{ size: number; n: number }>(100)
  for (let n = 0; n < 5; n++) table.add({ size: 30, n })
  t.same(
    [0, 1, 2, 3].map((i) => table.get(i)?.n),
    [4, 3, 2, undefined],
  )
  t.equal(table.bytes, 90)
  table.resize(59)
  t.same([table.count, table.get(0)?.n], [1, 4])
  table.add({ size: 60, n: 9 })
  t.same([table.count, table.bytes], [0, 0])
})

t.test('it grows beyond the entries it has room for at first', async (t) => {
  const table = new DynamicTable<{ size: number; n: number }>(1000)
  for (let n = 0; n < 2500; n++) table.add({ size: 1, n })
  t.equal(table.count, 1000)
  t.equal(table.get(0)?.n, 2499)
  t.equal(table.get(999)?.n, 1500)
  t.equal(table.get(1000), undefined)
})
