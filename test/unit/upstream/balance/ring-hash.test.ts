// The ring: the contract of all balancers, Envoy's rings, and who moves when an endpoint goes.
import t from 'tap'
import { hashOf } from '../../../../src/upstream/balance/request-hash.ts'
import { Ring, ringHash } from '../../../../src/upstream/balance/ring-hash.ts'
import { type Endpoint, reconcile, UNHEALTHY } from '../../../../src/upstream/endpoint.ts'
import { endpointsOf, runContract, seededClock } from '../../../contract/balancer.ts'
import { hashFrom } from '../../../support/hash64.ts'
import { outsideCases } from '../../../support/outside-cases.ts'

runContract(t, ringHash)

interface RingCase {
  readonly id: string
  readonly name: string
  readonly keys: readonly string[]
  readonly weights?: readonly number[]
  readonly localityWeights?: readonly number[]
  readonly minimumRingSize: number
  readonly maximumRingSize: number | null
  readonly expectConfigError?: boolean
  readonly size?: number
  readonly ring: readonly (readonly [string, string])[] | null
  readonly picks: readonly (readonly [string, string])[]
  readonly retry?: readonly { readonly attempts: number; readonly reject: string; readonly pick: string }[]
}

function addressed(keys: readonly string[], weights: readonly number[] = []): Endpoint[] {
  const list = keys.map((address, i) => ({ address, weight: weights[i] ?? 1, labels: {} }))
  return reconcile([], list).endpoints
}

for (const c of outsideCases(t, 'resilience.json', 'ringHash') as readonly RingCase[]) {
  // weights of localities and limits of the ring are no settings here
  if (c.localityWeights !== undefined || c.expectConfigError === true) continue
  t.test(`outside case ${c.id}: ${c.name}`, async (t) => {
    const ring = new Ring(addressed(c.keys, c.weights), c.minimumRingSize, c.maximumRingSize ?? 8_388_608)
    if (c.size !== undefined) t.equal(ring.size, c.size)
    for (const [key, position] of c.ring ?? []) t.equal(ring.nth(hashFrom(position), 0)?.address, key, `the point at ${position}`)
    for (const [hash, key] of c.picks) t.equal(ring.nth(hashFrom(hash), 0)?.address, key, `a request of ${hash}`)
    for (const { attempts, reject, pick } of c.retry ?? []) {
      const n = reject === 'none' ? 0 : reject === 'all' ? attempts : 1
      t.equal(ring.nth(hashFrom('0'), n % ring.size)?.address, pick, `${attempts} further choices, refusing ${reject}`)
    }
  })
}

const HOSTS = ['10.0.0.1:8080', '10.0.0.2:8080', '10.0.0.3:8080', '10.0.0.4:8080', '10.0.0.5:8080']

t.test('an endpoint that goes moves its own requests and no others; when it is back, so are they', async (t) => {
  const endpoints = addressed(HOSTS)
  const balancer = ringHash(endpoints, seededClock(1))
  const keys = Array.from({ length: 20_000 }, (_, i) => hashOf(`key-${i}`))
  const before = keys.map((key) => balancer.pick(undefined, key))
  const gone = endpoints[0] as Endpoint
  gone.set(UNHEALTHY, true)
  const moved = keys.filter((key, i) => balancer.pick(undefined, key) !== before[i]).length
  t.equal(moved, before.filter((endpoint) => endpoint === gone).length, 'only those that were with it')
  t.ok(moved / keys.length < 0.3, `${moved} of 20,000 requests`)
  gone.set(UNHEALTHY, false)
  t.same(
    keys.filter((key, i) => balancer.pick(undefined, key) !== before[i]),
    [],
  )
})

t.test('the order of the list does not matter', async (t) => {
  const key = hashOf('user-1')
  const one = ringHash(addressed(HOSTS), seededClock(1)).pick(undefined, key)
  const other = ringHash(addressed(HOSTS.toReversed()), seededClock(2)).pick(undefined, key)
  t.equal(one?.address, other?.address)
})

t.test('the next choice is another endpoint, always the same', async (t) => {
  const endpoints = endpointsOf([1, 1, 1])
  const balancer = ringHash(endpoints, seededClock(1))
  const key = hashOf('user-1')
  const first = balancer.pick(undefined, key)
  const next = balancer.pick(first, key)
  t.not(next, first)
  t.equal(balancer.pick(first, key), next)
})
