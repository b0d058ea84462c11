import t from 'tap'
import type { SelectorExpression } from '../../../../src/config/schema/network-policies.ts'
import { compileSelector } from '../../../../src/policy/network/selector.ts'

type Operator = SelectorExpression['operator']

const one = (operator: Operator, ...values: string[]) =>
  compileSelector({ labels: {}, expressions: [{ key: 'tier', operator, values }] })

// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#set-based-requirement
const cases: readonly [Operator, string[], Record<string, string>, boolean][] = [
  ['In', ['a', 'b'], { tier: 'a' }, true],
  ['In', ['a', 'b'], { tier: 'c' }, false],
  ['In', ['a', 'b'], {}, false],
  ['NotIn', ['a', 'b'], { tier: 'a' }, false],
  ['NotIn', ['a', 'b'], { tier: 'c' }, true],
  ['NotIn', ['a', 'b'], {}, true],
  ['Exists', [], { tier: '' }, true],
  ['Exists', [], { other: 'a' }, false],
  ['DoesNotExist', [], { tier: '' }, false],
  ['DoesNotExist', [], { other: 'a' }, true],
]

for (const [operator, values, labels, matches] of cases) {
  const name = `tier ${operator} [${values}] is ${matches ? '' : 'not '}for ${JSON.stringify(labels)}`
  t.test(name, async (t) => t.equal(one(operator, ...values)(labels, true), matches))
}

t.test('labels and expressions must all hold', async (t) => {
  const both = compileSelector({ labels: { app: 'web' }, expressions: [{ key: 'tier', operator: 'Exists', values: [] }] })
  t.equal(both({ app: 'web', tier: 'a' }, true), true)
  t.equal(both({ app: 'web' }, true), false)
  t.equal(both({ tier: 'a' }, true), false)
})

t.test('an empty selector is for everything', async (t) =>
  t.equal(compileSelector({ labels: {}, expressions: [] })({}, true), true),
)

t.test('what is not known to be missing is not taken for missing', async (t) => {
  t.equal(one('NotIn', 'a')({}, false), false)
  t.equal(one('DoesNotExist')({}, false), false)
  t.equal(one('NotIn', 'a')({ tier: 'b' }, false), true)
})

t.test('names that every object has are no labels', async (t) => {
  const selector = compileSelector({ labels: {}, expressions: [{ key: 'constructor', operator: 'Exists', values: [] }] })
  t.equal(selector({}, true), false)
})
