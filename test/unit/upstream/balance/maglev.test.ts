// Maglev: the contract of all balancers, Envoy's tables, and who moves when an endpoint goes.
import t from 'tap'
import { MaglevTable, maglev } from '../../../../src/upstream/balance/maglev.ts'
import { hashOf } from '../../../../src/upstream/balance/request-hash.ts'
import { type Endpoint, reconcile, UNHEALTHY } from '../../../../src/upstream/endpoint.ts'
import { endpointsOf, runContract, seededClock } from '../../../contract/balancer.ts'
import { hashFrom } from '../../../support/hash64.ts'
import { outsideCases } from '../../../support/outside-cases.ts'

runContract(t, maglev)

interface MaglevCase {
  readonly id: string
  readonly name: string
  readonly keys: readonly string[]
  readonly tableSize: number
  readonly table: readonly number[] | null
  readonly retry?: readonly { readonly hash: number; readonly reject: string; readonly pick: number }[]
}

for (const { id, name, keys, tableSize, table, retry } of outsideCases(t, 'resilience.json', 'maglev') as readonly MaglevCase[]) {
  // other cases have keys that are no addresses, or weights of localities
  if (table === null || !keys.every((key) => key.includes(':'))) continue
  t.test(`outside case ${id}: ${name}`, async (t) => {
    const endpoints = reconcile(
      [],
      keys.map((address) => ({ address, weight: 1, labels: {} })),
    ).endpoints
    const made = new MaglevTable(endpoints, tableSize)
    t.same([...made.table], table)
    for (const { hash, reject, pick } of retry ?? []) {
      const n = { none: 0, 'host 1': 1, all: 2 }[reject] as number
      t.equal(made.nth(hashFrom(String(hash)), n), endpoints[pick], `refusing ${reject}`)
    }
  })
}

t.test('shares by weight', async (t) => {
  const endpoints = endpointsOf([1, 2, 5])
  const { table } = new MaglevTable(endpoints, 65_537)
  const counts = [0, 0, 0]
  for (const index of table) counts[index] = (counts[index] as number) + 1
  t.ok(Math.abs((counts[2] as number) / 65_537 - 5 / 8) < 0.001, String(counts))
  t.ok(Math.abs((counts[0] as number) / 65_537 - 1 / 8) < 0.001, String(counts))
})

t.test('an endpoint that is not ready moves its own requests and no others', async (t) => {
  const endpoints = endpointsOf([1, 1, 1, 1, 1])
  const balancer = maglev(endpoints, seededClock(1))
  const keys = Array.from({ length: 20_000 }, (_, i) => hashOf(`key-${i}`))
  const before = keys.map((key) => balancer.pick(undefined, key))
  const gone = endpoints[0] as Endpoint
  gone.set(UNHEALTHY, true)
  const moved = keys.filter((key, i) => balancer.pick(undefined, key) !== before[i]).length
  t.equal(moved, before.filter((endpoint) => endpoint === gone).length)
})

t.test('a table without an endpoint keeps nearly all of the others in place', async (t) => {
  const keys = Array.from({ length: 20_000 }, (_, i) => hashOf(`key-${i}`))
  const all = endpointsOf([1, 1, 1, 1, 1])
  const before = new MaglevTable(all, 65_537)
  const after = new MaglevTable(all.slice(1), 65_537)
  const disturbed = keys.filter((key) => before.nth(key, 0) !== all[0] && before.nth(key, 0) !== after.nth(key, 0)).length
  t.ok(disturbed / keys.length < 0.05, `${disturbed} of 20,000 moved though their endpoint stayed`)
})
