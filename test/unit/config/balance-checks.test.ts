// What contradicts itself in how a service balances and breaks.
import t from 'tap'
import { problemLines } from '../../support/config-text.ts'

function linesOf(text: string): string[] {
  return problemLines(text).filter((line) => !line.includes('there is no listener'))
}

const SERVICE = 'services:\n  - { name: a, port: 80, endpoints: [{ address: 127.0.0.1:1 }], '

for (const [name, text, line] of [
  [
    'a hash that nothing uses',
    'hash: { source: true } }',
    'services[0]: hash has no effect with balance least_request: ring_hash and maglev use it',
  ],
  [
    'slow start with a ring',
    'balance: ring_hash, slowStart: {} }',
    'services[0]: slowStart does not go with balance ring_hash: round_robin and least_request have it',
  ],
  [
    'ejections that end before they begin',
    'outlierDetection: { baseEjection: 10s, maxEjection: 3s } }',
    'services[0]: outlierDetection.maxEjection is shorter than baseEjection',
  ],
  ['two subsets of one name', 'subsets: [{ name: v1 }, { name: v1 }] }', 'services[0]: the subset "v1" is there twice'],
  [
    'a subset whose overrides do not go together',
    'subsets: [{ name: v1, overrides: { hash: { source: true } } }] }',
    'services[0]: hash has no effect with balance least_request: ring_hash and maglev use it',
  ],
  [
    'a zone that is not known',
    'locality: { preferZone: true } }',
    'warning: services[0]: preferZone has no effect: the zone of the workload is not known (set workload.zone)',
  ],
] as const) {
  t.test(`says: ${name}`, async (t) => {
    const lines = linesOf(`${SERVICE}${text}\n`)
    t.equal(lines.length, 1, String(lines))
    t.ok(lines[0]?.includes(line.replace(/^warning: /, '')), String(lines))
  })
}

t.test('says nothing where all is well', async (t) => {
  const well =
    'balance: maglev, hash: { header: x-user }, outlierDetection: { baseEjection: 10m }, subsets: [{ name: v1, overrides: { balance: random } }] }'
  // a subset that balances otherwise has no use for the hash of the whole
  t.same(linesOf(`${SERVICE}${well}\n`), [])
  t.same(linesOf(`workload: { zone: a }\n${SERVICE}locality: { preferZone: true } }\n`), [])
})
