import t from 'tap'
import { EXPECT, Fields, fieldName, HOP, HOST, LENGTH, PLAIN } from '../../../src/core/fields.ts'

t.test('knows what each name is to a codec', async (t) => {
  const kinds: [string, number][] = [
    ['Connection', HOP],
    ['Keep-Alive', HOP],
    ['Proxy-Connection', HOP],
    ['TE', HOP],
    ['Transfer-Encoding', HOP],
    ['UPGRADE', HOP],
    ['HTTP2-Settings', HOP],
    ['Content-Length', LENGTH],
    ['Host', HOST],
    ['Expect', EXPECT],
    ['Accept', PLAIN],
    ['Trailer', PLAIN],
  ]
  for (const [wire, kind] of kinds) t.same(fieldName(wire), { wire, lower: wire.toLowerCase(), kind }, wire)
})

t.test('refuses what is no token', async (t) => {
  for (const wire of ['', ' a', 'a ', 'a:b', 'a b', 'a\0', 'é', '(a)', 'a,b', '"a"', 'a\t', 'a[0]'])
    t.equal(fieldName(wire), undefined, wire)
})

t.test('gives the same name again, and long ones without keeping them', async (t) => {
  t.equal(fieldName('X-Once-More'), fieldName('X-Once-More'))
  const long = 'x'.repeat(65)
  t.not(fieldName(long), fieldName(long))
  t.equal(fieldName(long)?.lower, long)
})

t.test('keeps at most so many names', async (t) => {
  for (let i = 0; i < 5000; i++) fieldName(`x-flood-${i}`)
  t.not(fieldName('x-flood-4999'), fieldName('x-flood-4999'))
  t.same(fieldName('x-flood-4999'), { wire: 'x-flood-4999', lower: 'x-flood-4999', kind: PLAIN })
})

const sample = (): Fields => Fields.of(['Host', 'a'], ['X-A', '1'], ['x-b', '2'], ['x-a', '3'])

t.test('finds by lower case and keeps order, spelling and repetition', async (t) => {
  const fields = sample()
  t.equal(fields.size, 4)
  t.equal(fields.get('x-a'), '1')
  t.same(fields.all('x-a'), ['1', '3'])
  t.same(fields.all('x-c'), [])
  t.ok(fields.has('host'))
  t.notOk(fields.has('x-c'))
  t.same(
    [...fields],
    [
      ['Host', 'a'],
      ['X-A', '1'],
      ['x-b', '2'],
      ['x-a', '3'],
    ],
  )
})

t.test('has a field whose value is empty', async (t) => {
  const fields = Fields.of(['X-Empty', ''])
  t.ok(fields.has('x-empty'))
  t.equal(fields.get('x-empty'), '')
})

t.test('sets in place, drops the repetitions, keeps the old spelling', async (t) => {
  const fields = sample()
  fields.set('x-A', '9')
  t.same(
    [...fields],
    [
      ['Host', 'a'],
      ['X-A', '9'],
      ['x-b', '2'],
    ],
  )
  fields.set('X-New', '5')
  t.same([...fields].at(-1), ['X-New', '5'])
})

t.test('removes every field of a name', async (t) => {
  const fields = sample()
  fields.remove('x-a')
  t.same(
    [...fields],
    [
      ['Host', 'a'],
      ['x-b', '2'],
    ],
  )
  fields.remove('x-c')
  t.equal(fields.size, 2)
})

t.test('copies apart', async (t) => {
  const fields = sample()
  const copy = fields.copy()
  copy.set('host', 'b')
  copy.push('x-c', 'X-C', '4')
  t.equal(fields.get('host'), 'a')
  t.equal(fields.size, 4)
  t.same([...copy].at(-1), ['X-C', '4'])
})
