import t from 'tap'
import { compileRegex, RegexError } from '../../../src/core/regex.ts'

t.test('matches the whole text', async (t) => {
  const regex = compileRegex('/v[0-9]+')
  t.ok(regex.test('/v12'))
  t.notOk(regex.test('/v12/'))
  t.notOk(regex.test('x/v12'))
})

t.test('speaks RE2', async (t) => {
  for (const [pattern, text] of [
    ['(?i)/Admin', '/aDMIN'],
    ['\\Qa.b\\E', 'a.b'],
    ['[[:alpha:]]+', 'abc'],
    ['\\pL+', 'äö'],
    ['(?P<n>a)(?<m>b)', 'ab'],
    ['^a$', 'a'],
    ['a|b', 'b'],
    ['(?s).', '\n'],
  ] as const)
    t.ok(compileRegex(pattern).test(text), pattern)
})

const BAD: readonly (readonly [pattern: string, says: RegExp])[] = [
  ['(', /missing closing \)/],
  ['a**', /nested repetition/],
  ['[z-a]', /character class range/],
  ['(a)\\1', /escape sequence/],
  ['(?=a)', /unsupported Perl syntax/],
  ['a{1001}', /repeat count/],
  ['(a{90}){11}b{1000}a{1000}', /too large/],
  ['a'.repeat(5000), /longer than 4096/],
]

for (const [pattern, says] of BAD) {
  t.test(`refuses ${pattern.slice(0, 30)}`, async (t) => {
    try {
      compileRegex(pattern)
      t.fail('it compiled')
    } catch (error) {
      t.type(error, RegexError)
      t.match((error as Error).message, says)
    }
  })
}

t.test('needs time in proportion to the text, whatever the pattern', async (t) => {
  for (const pattern of ['(a+)+$', '(a|a)*b', '(.*)(.*)(.*)(.*)[0-9]', '(a?){40}a{40}x', '([a-z]+)*[0-9]', '.*a.{12}x']) {
    const regex = compileRegex(pattern)
    const text = 'a'.repeat(20_000)
    regex.test(text)
    const start = process.hrtime.bigint()
    t.notOk(regex.test(`${text}!`))
    const ms = Number(process.hrtime.bigint() - start) / 1e6
    t.ok(ms < 1000, `${pattern}: ${ms.toFixed(1)} ms for 20,000 characters`)
  }
})
