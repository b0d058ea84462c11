import t from 'tap'
import { Fields } from '../../../src/core/fields.ts'
import { textLine } from '../../../src/telemetry/access-log-text.ts'
import { cart, catalog, outcome, requestHead } from '../../support/outcome.ts'

/** From the code to the termination details. */
const details = (parts: Parameters<typeof outcome>[0]) => textLine(outcome(parts)).split(' ').slice(4, 8).join(' ')

t.test("a success in Istio's format", async (t) => {
  const request = requestHead({
    fields: Fields.of(['X-Forwarded-For', '10.0.1.1'], ['User-Agent', 'curl/8.0'], ['X-Envoy-Original-Path', '/original']),
  })
  t.equal(
    textLine(outcome({ request, upstreamLocalAddress: '10.0.1.2:50000', serverName: 'catalog.shop' })),
    '[2026-01-02T03:04:05.006Z] "GET /original HTTP/1.1" 200 - via_upstream - "-" 0 1024 2 2 "10.0.1.1" "curl/8.0" "id-1" "catalog.shop" ' +
      '"127.0.0.1:8080" catalog.shop.svc.cluster.local 10.0.1.2:50000 10.0.1.2:15006 10.0.1.1:40000 catalog.shop items\n',
  )
})

t.test('TCP has no request, no code and its termination details', async (t) => {
  const tcp = outcome({
    kind: 'tcp',
    request: undefined,
    status: 0,
    requestId: '',
    route: '',
    failure: 'policy_denied',
    rule: 'shop/deny-all',
    attempts: 0,
  })
  t.equal(
    textLine(tcp),
    '[2026-01-02T03:04:05.006Z] "- - -" 0 - - rbac_access_denied_matched_policy[shop/deny-all] "-" 0 1024 2 - "-" "-" "-" "-" ' +
      '"127.0.0.1:8080" catalog.shop.svc.cluster.local - 10.0.1.2:15006 10.0.1.1:40000 - -\n',
  )
})

t.test('a denial names its rule, a failure what exactly failed', async (t) => {
  t.equal(
    details({ failure: 'policy_denied', status: 403, rule: 'shop/readers[0]' }),
    '403 - rbac_access_denied_matched_policy[shop/readers[0]] -',
  )
  t.equal(details({ failure: 'policy_denied', status: 403 }), '403 - rbac_access_denied_matched_policy[none] -')
  t.equal(details({ failure: 'no_endpoint', status: 503 }), '503 UH no_healthy_upstream -')
  t.equal(
    details({ failure: 'bad_request', status: 400, detail: 'space before colon' }),
    '400 DPE bad_request{space_before_colon} -',
  )
  t.equal(details({ failure: undefined, attempts: 0, status: 301 }), '301 - direct_response -')
  t.match(
    textLine(outcome({ failure: 'connect_failed', status: 503, detail: 'connect ECONNREFUSED 127.0.0.1:8080' })),
    '"connect ECONNREFUSED 127.0.0.1:8080"',
  )
})

t.test('nothing that a caller sends can forge a line or steer a terminal', async (t) => {
  const evil = 'a"b\\c\r\nd\u001b[31m\u0085\u00e9'
  const line = textLine(
    outcome({
      request: requestHead({
        method: evil,
        path: evil,
        authority: evil,
        fields: Fields.of(['user-agent', evil], ['x-forwarded-for', evil]),
      }),
      requestId: evil,
      serverName: evil,
      route: `${evil} x`,
      detail: evil,
      failure: 'connect_failed',
      source: { ...cart },
      destination: { ...catalog, service: evil },
    }),
  )
  t.match(line, /^[\x20-\x7e]+\n$/)
  t.equal(line.split('a\\"b\\\\c\\x0d\\x0ad\\x1b[31m\\x85\\xe9').length, 11, 'in ten places')
  t.match(line, /\\xe9_x\n$/)
})
