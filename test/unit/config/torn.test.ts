import t from 'tap'
import { looksTorn } from '../../../src/config/torn.ts'

const file = (text: string, path = 'a.yaml') => ({ path, bytes: Buffer.from(text) })

const cases: readonly [string, string, boolean][] = [
  ['a: 1\n', 'a: 2\n', false],
  ['a: 1\n', 'a: 2\nb', true],
  ['a: 1\n', '', true],
  ['a: 1', 'a: 2', false],
  ['a: 1', '', true],
  ['', '', true],
  ['', 'a', false],
]

for (const [before, now, torn] of cases) {
  t.equal(looksTorn(file(now), [file('x', 'b.yaml'), file(before)]), torn, `${JSON.stringify(before)} → ${JSON.stringify(now)}`)
}
t.equal(looksTorn(file('a'), []), false, 'a new file')
t.equal(looksTorn(file(''), []), true, 'a new file that is still empty')
