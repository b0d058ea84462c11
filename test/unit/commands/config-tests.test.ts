import t from 'tap'
import { examine } from '../../../src/commands/explain/tests.ts'
import { problemLines } from '../../support/config-text.ts'

const POLICY = `workload: { name: cart-1, namespace: shop }
policies:
  - { name: web, rules: [ { from: [ { namespaces: [web] } ], to: [ { methods: [GET] } ] } ] }
tests:
`
const lines = (tests: string): string[] =>
  problemLines(POLICY + tests, { examine }).filter((line) => !line.includes('there is no listener'))
const WEB = 'source: { principal: cluster.local/ns/web/sa/a }'

t.test('a configuration that keeps its promises is fine', (t) => {
  t.same(
    lines(`  - { request: { ${WEB}, path: /a }, expect: { verdict: allow, rule: "ns[shop]-policy[web]-rule[0]" } }
  - { request: { path: /a }, expect: { verdict: deny, status: 403 } }
`),
    [],
  )
  t.end()
})

t.test('one that does not is refused, at the place of the promise, with what came closest', (t) => {
  t.same(lines(`  - name: web may write\n    request: { ${WEB}, method: POST }\n    expect: { verdict: allow }\n`), [
    'c.yaml:7:24: tests[0].expect.verdict: the test "web may write" fails: expected verdict allow, got deny: no rule of the native policies for this workload allows it; ns[shop]-policy[web]-rule[0] came closest, but for to.methods',
  ])
  t.match(lines(`  - { request: { ${WEB} }, expect: { verdict: allow, rule: x } }\n`), [
    /expected rule x, got ns\[shop\]-policy\[web\]-rule\[0\]/,
  ])
  t.end()
})

t.test('a request that explain does not understand is a mistake as well', (t) => {
  t.match(lines('  - { request: { metod: GET }, expect: { verdict: allow } }\n'), [
    /^c\.yaml:5:16: tests\[0\]\.request: the test cannot be asked: unknown key "metod" \(did you mean "method"\?\)/,
  ])
  t.end()
})
