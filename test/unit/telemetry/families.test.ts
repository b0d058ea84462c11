import t from 'tap'
import { FAILURES } from '../../../src/core/failures.ts'
import { ISTIO, OWN } from '../../../src/telemetry/families.ts'
import type { FamilySpec } from '../../../src/telemetry/family.ts'
import { metricFacts } from '../../support/metric-facts.ts'

const facts = metricFacts()
const skip = facts === undefined ? '../shared/conformance is missing' : false

t.test("Istio's families have Istio's types and labels", { skip }, async (t) => {
  const ours = new Map(Object.values<FamilySpec>(ISTIO).map((spec) => [spec.name, spec]))
  for (const metric of facts?.istio.metrics ?? []) {
    const spec = metric.name === 'istio_build' ? (OWN.istioBuild as FamilySpec) : ours.get(metric.name)
    t.equal(spec?.type, metric.type, metric.name)
    t.same(Object.keys(spec?.labels ?? {}).sort(), [...metric.labels].sort(), metric.name)
    ours.delete(metric.name)
  }
  t.equal(ours.size, 0, 'and there are no others under its name')
})

t.test("Istio's histograms have Envoy's bounds", { skip }, async (t) => {
  for (const spec of [ISTIO.durations, ISTIO.requestBytes, ISTIO.responseBytes])
    t.same(spec.buckets, facts?.envoyHistogramBucketsMs.bounds)
})

t.test("every flag of a failure is one of Envoy's", { skip }, async (t) => {
  const known = new Set(['-', ...(facts?.responseFlags ?? []).map(({ flag }) => flag)])
  for (const [code, { flag }] of Object.entries(FAILURES)) t.ok(known.has(flag), `${code}: ${flag}`)
})

t.test("own names start with the project's, counters end with _total, and nothing is declared twice", async (t) => {
  const names = Object.values<FamilySpec>({ ...ISTIO, ...OWN }).map(({ name }) => name)
  t.equal(new Set(names).size, names.length)
  for (const { name, type, help, buckets } of Object.values<FamilySpec>(OWN)) {
    t.match(name, /^outrigger_|^istio_build$/)
    t.equal(name.endsWith('_total'), type === 'counter', name)
    t.match(help, /\.$/, name)
    t.equal(buckets !== undefined, type === 'histogram', name)
    t.same(buckets, buckets === undefined ? undefined : [...buckets].sort((a, b) => a - b), `${name}: bounds rise`)
  }
})
