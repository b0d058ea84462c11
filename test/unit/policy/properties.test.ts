// Properties that hold for any policies and requests. SEED=… repeats a run.
import fc from 'fast-check'
import t from 'tap'
import { policyOf } from '../../../src/config/policy-entries.ts'
import type { PolicyConfig } from '../../../src/config/schema/policies.ts'
import { policySchema } from '../../../src/config/schema/policies.ts'
import { referenceVerdict } from '../../support/policy-reference.ts'
import { type Asked, inputOf, policiesWith } from '../../support/policy-world.ts'

const RUNS = 2_000
/** Requests put to each set of policies. */
const REQUESTS = 50

const NAMESPACES = ['a', 'b', 'ab']
const ACCOUNTS = ['x', 'y']
const DOMAINS = ['cluster.local', 'old.local', 'far.example']
const PATHS = ['/', '/a', '/a/b', '/a/b/c', '/b//c', '/ab', '/a/', '/x.js']
const HOSTS = ['one', 'ONE:80', 'two.one', 'one.', 'three']
const ADDRESSES = ['10.0.0.1', '10.0.1.1', '11.0.0.1']

const some = <T>(choices: readonly T[], maxLength = 2) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant<T[]>([]) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom(...choices), { minLength: 1, maxLength }) },
  )
const principals = DOMAINS.flatMap((domain) => NAMESPACES.map((namespace) => `${domain}/ns/${namespace}/sa/x`))

const source = fc.record({
  principals: some([...principals, '*', '*/sa/y', 'cluster.local/*']),
  notPrincipals: some([...principals, '*']),
  namespaces: some([...NAMESPACES, 'a*', '*b', '*']),
  notNamespaces: some([...NAMESPACES, 'a*']),
  trustDomains: some([...DOMAINS, '*.local']),
  serviceAccounts: some(['x', 'y', 'a/x', 'b/y']),
  notServiceAccounts: some(['x', 'a/x']),
  ipBlocks: some(['10.0.0.0/24', '10.0.0.0/8', '11.0.0.1', '0.0.0.0/0']),
  notIpBlocks: some(['10.0.0.0/16', '11.0.0.1']),
})
const operation = fc.record({
  hosts: some(['one', 'two*', '*one', 'one:*', '*']),
  notHosts: some(['one', 'two*']),
  ports: some([80, 81]),
  notPorts: some([80]),
  methods: some(['GET', 'P*', '*']),
  notMethods: some(['GET', 'POST']),
  paths: some([...PATHS, '/a*', '*.js', '*', '/a/{*}', '/a/{**}', '/{*}/b/{**}', '/{**}/c']),
  notPaths: some(['/a', '/a*', '/a/{**}']),
})
const condition = fc.oneof(
  fc.record({
    key: fc.constant('request.headers[X-H]'),
    values: fc.array(fc.constantFrom('1', '2', '*', '1*'), { minLength: 1, maxLength: 2 }),
    notValues: some(['1', '3']),
  }),
  fc.record({
    key: fc.constant('destination.port'),
    values: fc.constantFrom(['80'], ['81', '82']),
    notValues: fc.constant<string[]>([]),
  }),
)
const rule = fc.record({
  from: fc.array(source, { maxLength: 2 }),
  to: fc.array(operation, { maxLength: 2 }),
  when: fc.array(condition, { maxLength: 1 }),
})
const policy = fc
  .record({
    name: fc.constantFrom('p', 'q'),
    namespace: fc.constantFrom(undefined, 'shop', 'other', 'istio-system'),
    selector: fc.constantFrom({}, {}, { app: 'cart' }, { app: 'else' }),
    action: fc.constantFrom('allow', 'allow', 'deny'),
    family: fc.constantFrom('istio', 'native', 'native'),
    rules: fc.array(rule, { maxLength: 2 }),
  })
  .map((one) => policySchema.parse(one))

const asked: fc.Arbitrary<Asked> = fc.record(
  {
    principal: fc.constantFrom(...DOMAINS.flatMap((d) => NAMESPACES.flatMap((n) => ACCOUNTS.map((s) => `${d}/ns/${n}/sa/${s}`)))),
    ip: fc.constantFrom(...ADDRESSES),
    port: fc.constantFrom(80, 81, 82),
    method: fc.constantFrom('GET', 'POST', 'DELETE'),
    host: fc.constantFrom(...HOSTS),
    path: fc.constantFrom(...PATHS, '/a?b=/c'),
    headers: fc.array(fc.tuple(fc.constantFrom('x-h', 'X-H'), fc.constantFrom('1', '2', '3', '12', '')), { maxLength: 2 }),
    tcp: fc.constantFrom(true, false, false, false),
  },
  { requiredKeys: [] },
)

const SETTINGS = { trustDomainAliases: ['old.local'] }
const WORLD = { namespace: 'shop', labels: { app: 'cart' }, trustDomains: ['cluster.local', 'old.local'] }
const parameters = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) }

function engineOf(policies: readonly PolicyConfig[], defaultVerdict: 'allow' | 'deny' = 'allow'): (one: Asked) => boolean {
  const { inbound } = policiesWith({ ...SETTINGS, defaultVerdict, policies })
  return (one) => inbound?.decide(inputOf(one)).allowed ?? true
}

t.test('the compiled engine agrees with a naive reading, 100,000 times', (t) => {
  let allowed = 0
  fc.assert(
    fc.property(
      fc.array(policy, { maxLength: 8 }),
      fc.array(asked, { minLength: REQUESTS, maxLength: REQUESTS }),
      fc.constantFrom('allow' as const, 'deny' as const),
      (policies, requests, defaultVerdict) => {
        const allows = engineOf(policies, defaultVerdict)
        for (const one of requests) {
          const expected = referenceVerdict(policies, one, { ...WORLD, defaultVerdict })
          if (allows(one) !== expected) throw new Error(`${JSON.stringify(one)} should be ${expected ? 'allowed' : 'denied'}`)
          if (expected) allowed++
        }
      },
    ),
    { ...parameters, numRuns: RUNS },
  )
  const share = allowed / RUNS / REQUESTS
  t.ok(share > 0.05 && share < 0.95, `both verdicts are common: ${share} allowed`)
  t.end()
})

t.test('one more denial never allows more', (t) => {
  fc.assert(
    fc.property(fc.array(policy, { maxLength: 5 }), policy, fc.array(asked, { minLength: 5 }), (policies, more, requests) => {
      const before = engineOf(policies)
      const after = engineOf([...policies, { ...more, action: 'deny' }])
      return requests.every((one) => before(one) || !after(one))
    }),
    { ...parameters, numRuns: 500 },
  )
  t.pass('whatever the policies')
  t.end()
})

t.test('one more permission never denies more where its family has one for the workload', (t) => {
  fc.assert(
    fc.property(fc.array(policy, { maxLength: 5 }), policy, fc.array(asked, { minLength: 5 }), (policies, more, requests) => {
      const one: PolicyConfig = policyOf(policySchema.parse({ name: 'one', family: more.family, rules: [] }), 0)
      const before = engineOf([...policies, one])
      const after = engineOf([...policies, one, { ...more, action: 'allow' }])
      return requests.every((request) => !before(request) || after(request))
    }),
    { ...parameters, numRuns: 500 },
  )
  t.pass('whatever the policies')
  t.end()
})
