import t from 'tap'
import { literalPrefix } from '../../../src/core/regex-syntax.ts'

const CASES: readonly (readonly [pattern: string, prefix: string])[] = [
  ['/foo/.*', '/foo/'],
  ['^/foo$', '/foo'],
  ['/foo?', '/fo'],
  ['/foo*', '/fo'],
  ['/foo{0,1}', '/fo'],
  ['/foo+', '/fo'],
  ['/a\\.b\\/c', '/a.b/c'],
  ['/a\\.*b', '/a'],
  ['/v\\d', '/v'],
  ['/a(b|c)', '/a'],
  ['/a|/b', ''],
  ['/a(b|c)|/b', ''],
  ['/[a|b]', ''],
  ['/a(b\\|c)', '/a'],
  ['/a\\Q|\\E', ''],
  ['(?i)/a', ''],
  ['.*', ''],
  ['', ''],
]

for (const [pattern, prefix] of CASES) {
  t.test(`every match of ${pattern} begins with "${prefix}"`, async (t) => {
    t.equal(literalPrefix(pattern), prefix)
  })
}
