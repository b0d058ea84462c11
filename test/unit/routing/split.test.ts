import fc from 'fast-check'
import t from 'tap'
import { Split } from '../../../src/routing/split.ts'

function shares(weights: readonly number[], draws: number, start: number): number[] {
  const choices = weights.map((weight, index) => ({ weight, index }))
  const split = new Split(choices, () => start)
  const counts = weights.map(() => 0)
  for (let i = 0; i < draws; i++) {
    const choice = split.next()
    if (choice !== undefined) counts[choice.index] = (counts[choice.index] as number) + 1
  }
  return counts.map((count) => count / draws)
}

t.test('gives each its share within a thousandth over 10,000', async () => {
  const weights = fc
    .array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 20 })
    .filter((all) => all.some((one) => one > 0))
  fc.assert(
    fc.property(weights, fc.double({ min: 0, max: 0.999, noNaN: true }), (weights, start) => {
      const total = weights.reduce((sum, one) => sum + one, 0)
      return shares(weights, 10_000, start).every((share, i) => Math.abs(share - (weights[i] as number) / total) < 0.001)
    }),
    { numRuns: 50 },
  )
})

t.test('gives every second caller its share as well', async (t) => {
  const split = new Split([{ weight: 90 }, { weight: 10 }], () => 0)
  let few = 0
  for (let i = 0; i < 20_000; i++) if (split.next() === split.choices[1] && i % 2 === 0) few++
  t.ok(Math.abs(few / 10_000 - 0.1) < 0.01, `${few} of 10,000`)
})

t.test('never takes what has no weight', async (t) => {
  const [first, second, third, fourth, fifth] = shares([0, 1, 0, 3, 0], 4000, 0.5)
  t.same([first, third, fifth], [0, 0, 0])
  t.equal((second ?? 0) + (fourth ?? 0), 1)
  t.equal(new Split([{ weight: 0 }], () => 0).next(), undefined)
  t.equal(new Split([], () => 0).next(), undefined)
})

t.test('draws nothing for a single one', async (t) => {
  const only = { weight: 7 }
  t.equal(new Split([only, { weight: 0 }], () => 0).next(), only)
})

t.test('takes the same one for the same number, at every border', async (t) => {
  const split = new Split([{ weight: 1 }, { weight: 1 }], () => 0)
  t.equal(split.at(0), split.choices[0])
  t.equal(split.at(2 ** 31 - 1), split.choices[0])
  t.equal(split.at(2 ** 31), split.choices[1])
  t.equal(split.at(2 ** 32 - 1), split.choices[1])
  t.same(split.shares, [0.5, 0.5])
})
