import t from 'tap'
import { Fields } from '../../../src/core/fields.ts'
import { jsonLine } from '../../../src/telemetry/access-log-json.ts'
import { outcome, requestHead } from '../../support/outcome.ts'

const parse = (parts: Parameters<typeof outcome>[0]) => JSON.parse(jsonLine(outcome(parts))) as Record<string, unknown>

t.test("Istio's keys, then ours", async (t) => {
  t.same(parse({ requestBytes: 5, rule: 'shop/readers[0]', kind: 'grpc', grpcStatus: 0, attempts: 2 }), {
    start_time: '2026-01-02T03:04:05.006Z',
    method: 'GET',
    path: '/items?x=1',
    protocol: 'HTTP/1.1',
    response_code: 200,
    response_flags: '-',
    response_code_details: 'via_upstream',
    connection_termination_details: null,
    upstream_transport_failure_reason: null,
    bytes_received: 5,
    bytes_sent: 1024,
    duration: 2,
    upstream_service_time: 2,
    x_forwarded_for: null,
    user_agent: 'curl/8.0',
    request_id: 'id-1',
    authority: 'catalog.shop',
    upstream_host: '127.0.0.1:8080',
    upstream_cluster: 'catalog.shop.svc.cluster.local',
    upstream_local_address: null,
    downstream_local_address: '10.0.1.2:15006',
    downstream_remote_address: '10.0.1.1:40000',
    requested_server_name: null,
    route_name: 'items',
    kind: 'grpc',
    direction: 'inbound',
    failure: null,
    detail: null,
    rule: 'shop/readers[0]',
    grpc_status: 0,
    attempts: 2,
    security: 'none',
    source: 'shop/cart-1',
    source_principal: null,
    destination: 'shop/catalog-1',
    destination_principal: null,
    traceparent: null,
  })
})

t.test('without a request, what would come from it is null', async (t) => {
  t.match(parse({ request: undefined, kind: 'tcp', attempts: 0, failure: 'connect_timeout', detail: 'no answer' }), {
    method: null,
    path: null,
    protocol: null,
    upstream_service_time: null,
    failure: 'connect_timeout',
    detail: 'no answer',
    upstream_transport_failure_reason: 'no answer',
    response_flags: 'UF',
  })
})

t.test('texts survive, and nothing in them can forge a line or mislead an eye', async (t) => {
  const nasty = 'a"b\\c\n\u001b[31m\u0000'
  const utf8 = Buffer.from('Björn \u202e\u200b\u0085').toString('latin1')
  const line = jsonLine(
    outcome({ requestId: nasty, request: requestHead({ path: utf8, fields: Fields.of(['User-Agent', '\xff']) }) }),
  )
  t.notMatch(line.slice(0, -1), /[\x00-\x1f\x7f-\x9f\u200b\u202e]/)
  t.match(JSON.parse(line), { request_id: nasty, path: 'Björn \u202e\u200b\u0085', user_agent: '\ufffd' })
})
