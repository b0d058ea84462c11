import fc from 'fast-check'
import t from 'tap'
import { queryValue } from '../../../src/routing/query.ts'

const CASES: readonly (readonly [query: string, name: string, value: string | undefined])[] = [
  ['', 'a', undefined],
  ['a', 'a', ''],
  ['a=', 'a', ''],
  ['a=1&a=2', 'a', '1'],
  ['b=1&a=2', 'a', '2'],
  ['a=b=c', 'a', 'b=c'],
  ['&&a=1', 'a', '1'],
  ['aa=1', 'a', undefined],
  ['A=1', 'a', undefined],
  ['%61=%41+b%20c', 'a', 'A b c'],
  ['a=%C3%A9', 'a', 'é'],
  ['a=%zz%41', 'a', '%zzA'],
  ['a=%ff', 'a', '\ufffd'],
  ['b&=a=1', 'a', undefined],
  ['a;b=1', 'b', undefined],
]

for (const [query, name, value] of CASES) {
  t.test(`${name} in "${query}" is ${JSON.stringify(value)}`, async (t) => {
    t.equal(queryValue(query, name), value)
  })
}

t.test('reads what URLSearchParams writes', async () => {
  const text = fc.string({ unit: 'binary', maxLength: 6 })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }), text), { minLength: 1, maxLength: 5 }),
      (pairs) => {
        const params = new URLSearchParams(pairs)
        const query = params.toString()
        return pairs.every(([name]) => queryValue(query, name) === params.get(name))
      },
    ),
  )
})
