import fc from 'fast-check'
import { RE2JS } from 're2js'
import t from 'tap'
import { plainRegex } from '../../../src/core/regex-plain.ts'

const SIMPLE = [
  '/foo/.*',
  '/[^/]+/[0-9]+',
  '^/v[12]/(items|carts)(/.*)?$',
  '/a\\.b/?',
  '[a-z]{2,3}-\\d+',
  '/foo(?:/[^/]*)?',
  '[^/]+/?',
  '(a|b)c',
  '/.well\\-known',
  '[a-f0-9]{8}',
  '',
]
const NOT_SIMPLE = [
  '(a+)+',
  '.*/x',
  '[^/]+[a-z]',
  '.*.*',
  'a?a',
  '\\d*[0-9]',
  'a|b',
  '(a|ab)c',
  '(a|b)*',
  '(?i)a',
  '\\pL',
  'a+?',
  'a++',
  '\\s',
  '[[:alpha:]]',
  'é',
  'a*b?a',
  '[a-z]+(x)?',
  'a{1000}',
  '\\bx',
]

for (const pattern of SIMPLE) t.test(`${pattern} is simple`, async (t) => t.ok(plainRegex(pattern)))
for (const pattern of NOT_SIMPLE) t.test(`${pattern} is not`, async (t) => t.equal(plainRegex(pattern), undefined))

const atom = fc.constantFrom(
  'a',
  'b',
  '/',
  '-',
  '\\.',
  '.',
  '[^/]',
  '[a-c]',
  '[^ab-]',
  '\\d',
  '\\w',
  '[.$]',
  '(ab|c)',
  '(?:b)',
  '(a|ab)',
  'é',
  '😀',
)
const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,2}', '{0,1}', '{2,}')
const chain = fc
  .array(
    fc.tuple(atom, quantifier).map((both) => both.join('')),
    { maxLength: 5 },
  )
  .map((parts) => parts.join(''))
const pattern = fc
  .tuple(
    fc.constantFrom('', '^'),
    chain,
    fc.oneof(
      fc.constant(''),
      chain.map((end) => `(${end})?`),
    ),
    fc.constantFrom('', '$'),
  )
  .map((parts) => parts.join(''))
const text = fc
  .array(fc.constantFrom('a', 'b', 'c', 'ab', '/', '-', '.', '$', '7', 'é', '😀', '\n', '\r', '\u2028'), { maxLength: 8 })
  .map((parts) => parts.join(''))

t.test('what is simple means the same as in RE2', async (t) => {
  let simple = 0
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 10 }), (source, texts) => {
      const plain = plainRegex(source)
      if (plain === undefined) return true
      simple++
      const exact = RE2JS.compile(source)
      return texts.every((one) => plain.test(one) === exact.matches(one))
    }),
    { numRuns: 3000 },
  )
  t.ok(simple > 300, `${simple} of 3,000 patterns were simple`)
})

t.test('what is simple takes time in proportion to the text', async (t) => {
  const sources = fc.sample(
    pattern.filter((source) => plainRegex(source) !== undefined),
    200,
  )
  const texts = ['a', '/', 'ab', 'a/', '7', '.-', 'b/a-'].map((piece) => `${piece.repeat(20_000)}!`)
  for (const source of sources) {
    const plain = plainRegex(source) as RegExp
    for (const one of texts) {
      const start = process.hrtime.bigint()
      plain.test(one)
      const ms = Number(process.hrtime.bigint() - start) / 1e6
      if (ms > 200) t.fail(`${source}: ${ms} ms for ${one.length} characters`)
    }
  }
})
