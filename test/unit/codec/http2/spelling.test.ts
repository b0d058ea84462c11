import t from 'tap'
import { respell, spellingOf } from '../../../../src/codec/http2/spelling.ts'
import { Fields } from '../../../../src/core/fields.ts'

const lower = (...pairs: readonly (readonly [string, string])[]): Fields => Fields.of(...pairs)
const written = (fields: Fields): string[] => fields.list.filter((_, i) => i % 3 > 0)

t.test('names, case and order come back', async (t) => {
  const sent = Fields.of(['Host', 'a.test'], ['X-B', '1'], ['x-a', '2'], ['X-b', '3'])
  const spelling = spellingOf(sent)
  t.equal(spelling, 'Host,X-B,x-a,X-b')
  const got = lower(['x-b', '1'], ['x-a', '2'], ['x-b', '3'])
  respell(got, spelling, 'a.test')
  t.same(written(got), written(sent))
})

t.test('what was added on the way follows, what was taken out stays out', async (t) => {
  const got = lower(['x-new', '1'], ['x-a', '2'])
  respell(got, 'X-Gone,X-A')
  t.same(written(got), ['X-A', '2', 'x-new', '1'])
})

t.test('nothing comes, goes or changes its value by it, whatever it says', async (t) => {
  for (const spelling of [
    'X-Admin,X-A',
    'X-A,X-A,X-A',
    'X-A: evil\r\nX-Evil',
    ',,,',
    'HOST,Host,hOsT',
    'x-a\0,\0,\0\0\0',
    '\u212a',
    'X-A,'.repeat(5000),
    'Content-Length,Transfer-Encoding,X-A',
  ]) {
    const got = lower(['x-a', '1'], ['content-length', '3'])
    respell(got, spelling, 'a.test')
    const values = new Map(Array.from({ length: got.list.length / 3 }, (_, i) => [got.list[i * 3], got.list[i * 3 + 2]]))
    t.equal(values.get('x-a'), '1', spelling.slice(0, 40))
    t.equal(values.get('content-length'), '3')
    t.ok(values.size <= 3 && got.list.length === values.size * 3, 'but for the Host that the authority stands for')
    for (let i = 0; i < got.list.length; i += 3) t.equal((got.list[i + 1] as string).toLowerCase(), got.list[i])
  }
})

t.test('a spelling that is too long is left out', async (t) => {
  t.equal(spellingOf(Fields.of(['x'.repeat(5000), '1'])), '')
  t.equal(spellingOf(new Fields()), '')
})
