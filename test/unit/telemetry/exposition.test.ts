import t from 'tap'
import { labelText, renderFamily } from '../../../src/telemetry/exposition.ts'
import type { FamilySpec } from '../../../src/telemetry/family.ts'
import { metricFacts, type WriteCase } from '../../support/metric-facts.ts'

const spec = (parts: Partial<FamilySpec>): FamilySpec => ({
  name: 'x_total',
  type: 'counter',
  help: 'X.',
  labels: {},
  merge: 'sum',
  ...parts,
})
const render = (family: FamilySpec, samples: { labels: string; numbers: number[] }[]) =>
  [...renderFamily(family, samples)].join('')

t.test('a family without samples is not written at all', async (t) => {
  t.equal(render(spec({}), []), '')
})

t.test('a value has its labels in braces, and no braces without labels', async (t) => {
  t.equal(
    render(spec({}), [
      { labels: '', numbers: [1] },
      { labels: 'a="b"', numbers: [2.5] },
    ]),
    '# HELP x_total X.\n# TYPE x_total counter\nx_total 1\nx_total{a="b"} 2.5\n',
  )
})

t.test('buckets are written as running totals, with +Inf, sum and count', async (t) => {
  const histogram = spec({ name: 'd', type: 'histogram', buckets: [0.5, 10] })
  t.equal(
    render(histogram, [{ labels: 'a="b"', numbers: [1, 2, 3, 77.5] }]),
    '# HELP d X.\n# TYPE d histogram\nd_bucket{a="b",le="0.5"} 1\nd_bucket{a="b",le="10"} 3\nd_bucket{a="b",le="+Inf"} 6\nd_sum{a="b"} 77.5\nd_count{a="b"} 6\n',
  )
  t.match(render(histogram, [{ labels: '', numbers: [0, 0, 0, 0] }]), '\nd_bucket{le="0.5"} 0\n')
})

t.test('a large family comes in pieces that end at line ends', async (t) => {
  const samples = Array.from({ length: 5000 }, (_, i) => ({ labels: `name="${'n'.repeat(30)}${i}"`, numbers: [i] }))
  const pieces = [...renderFamily(spec({}), samples)]
  t.ok(pieces.length > 2, `${pieces.length} pieces`)
  for (const piece of pieces) t.ok(piece.endsWith('\n') && piece.length < 70_000)
})

t.test("infinities are written in Prometheus' words", async (t) => {
  t.match(render(spec({ type: 'gauge' }), [{ labels: '', numbers: [-Infinity] }]), 'x_total -Inf\n')
})

t.test('as prometheus/common writes it', async (t) => {
  const facts = metricFacts()
  if (facts === undefined) {
    t.pass('', { skip: '../shared/conformance is missing' })
    return
  }
  const cases = facts.exposition.write.filter(({ family }) => family.type !== 'summary' && /^\w+$/.test(family.name))
  t.ok(cases.length > 0)
  for (const one of cases) {
    const family = spec({
      name: one.family.name,
      type: one.family.type as FamilySpec['type'],
      help: one.family.help,
      buckets: bounds(one),
    })
    // ours has no times, and writes large numbers without exponent
    const expected = one.text.replace(/ \d{10}$/gm, '').replace('1.7560473e+06', '1756047.3')
    t.equal(render(family, samplesOf(one)), expected, one.id)
  }
})

function bounds({ family }: WriteCase): number[] {
  return (family.metrics[0]?.buckets ?? []).map(([bound]) => bound)
}

function samplesOf({ family }: WriteCase): { labels: string; numbers: number[] }[] {
  return family.metrics.map(({ labels, value, buckets, count, sum }) => {
    const text = labelText(Object.fromEntries(labels))
    if (buckets === undefined) return { labels: text, numbers: [Number(value === '+Inf' ? Infinity : value)] }
    const cumulative = [...buckets.map(([, total]) => total), count as number]
    return { labels: text, numbers: [...cumulative.map((total, i) => total - (cumulative[i - 1] ?? 0)), sum as number] }
  })
}
