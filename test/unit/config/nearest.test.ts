import t from 'tap'
import { didYouMean, editDistance, nearest } from '../../../src/config/nearest.ts'

t.test('counts insertions, deletions, replacements and swaps of neighbours', async (t) => {
  const cases: readonly [string, string, number][] = [
    ['', '', 0],
    ['abc', 'abc', 0],
    ['abc', '', 3],
    ['ab', 'abc', 1],
    ['abc', 'axc', 1],
    ['abcd', 'acbd', 1],
    ['kitten', 'sitting', 3],
  ]
  for (const [a, b, distance] of cases) {
    t.equal(editDistance(a, b), distance, `${a} ${b}`)
    t.equal(editDistance(b, a), distance, `${b} ${a}`)
  }
})

t.test('guesses what is close enough, whatever its case', async (t) => {
  const known = ['listeners', 'services', 'routes', 'tls', 'tcp']
  t.equal(nearest('listners', known), 'listeners')
  t.equal(nearest('Service', known), 'services')
  t.equal(nearest('tsl', known), 'tls')
  t.equal(nearest('x', known), undefined)
  t.equal(nearest('endpoints', known), undefined)
  t.equal(nearest('', []), undefined)
})

t.test('names the nearest, or all when they are few', async (t) => {
  t.equal(didYouMean('prefx', ['exact', 'prefix']), 'did you mean "prefix"?')
  t.equal(didYouMean('foo', ['exact', 'prefix']), 'known: exact, prefix')
  t.equal(didYouMean('foo', []), '')
  const many = Array.from({ length: 14 }, (_, index) => `key-number-${index}`)
  t.match(didYouMean('foo', many), /^known: key-number-0, .*key-number-11, …$/)
})
