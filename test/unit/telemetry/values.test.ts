import t from 'tap'
import { Family } from '../../../src/telemetry/values.ts'

const samples = (family: Family) =>
  [...family.samples()].map(({ labels, numbers }) => `${labels} ${Array.from(numbers).join(' ')}`)
const open = { name: 'c_total', type: 'counter', help: '', labels: { service: 'configured' }, merge: 'sum' } as const
const closed = { ...open, labels: { side: ['a', 'b'], result: ['yes', 'no'] } } as const
const gauge = { ...open, name: 'g', type: 'gauge' } as const

t.test('the same labels give the same cell', async (t) => {
  const family = new Family(open, 10)
  t.equal(family.bind({ service: 'x' }), family.bind({ service: 'x' }))
  t.not(family.bind({ service: 'x' }), family.bind({ service: 'y' }))
})

t.test('a counter whose labels are all closed shows its zeros from the start', async (t) => {
  t.same(samples(new Family(closed, 10)), [
    'side="a",result="yes" 0',
    'side="a",result="no" 0',
    'side="b",result="yes" 0',
    'side="b",result="no" 0',
  ])
  t.same(samples(new Family(open, 10)), [])
})

t.test('labels are written in the order of their declaration', async (t) => {
  const family = new Family(closed, 10)
  t.equal(family.bind({ result: 'no', side: 'b' }), family.bind({ side: 'b', result: 'no' }))
})

t.test('label sets above the cap share one overflow cell', async (t) => {
  const family = new Family(open, 2)
  for (const service of ['a', 'b', 'c', 'd']) family.bind({ service })
  family.bind({ service: 'e' })
  t.equal(family.size, 3)
  t.equal(family.bind({ service: 'c' }), family.bind({ service: 'd' }))
  t.match(samples(family).join(), 'service="overflow"')
  t.not(family.bind({ service: 'a' }), family.bind({ service: 'c' }), 'those from before keep theirs')
})

t.test('what is read at a scrape is gone with the next when it is no longer put', async (t) => {
  const family = new Family(gauge, 10)
  const pools = new Map([
    ['a', 1],
    ['b', 2],
  ])
  const cancel = family.collectFrom((put) => {
    for (const [service, value] of pools) put({ service }, value)
  })
  t.same(samples(family), ['service="a" 1', 'service="b" 2'])
  pools.delete('a')
  t.same(samples(family), ['service="b" 2'])
  cancel()
  t.same(samples(family), [])
})

t.test('two readers of one label set are added up, and hide what was bound', async (t) => {
  const family = new Family(gauge, 10)
  family.bind({ service: 'a' })
  family.collectFrom((put) => put({ service: 'a' }, 1))
  family.collectFrom((put) => put({ service: 'a' }, 2))
  t.same(samples(family), ['service="a" 3'])
})

t.test('a value on a bound is in its bucket, one above the last in +Inf', async (t) => {
  const family = new Family({ ...open, name: 'h', type: 'histogram', labels: {}, buckets: [1, 2] }, 10)
  const cell = family.bind({}) as unknown as { observe(value: number): void }
  for (const value of [0, 1, 1.5, 2, 3]) cell.observe(value)
  t.same(samples(family), [' 2 2 1 7.5'])
})
