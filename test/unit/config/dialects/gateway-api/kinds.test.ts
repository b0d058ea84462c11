import t from 'tap'
import { problemLines } from '../../../../support/config-text.ts'
import { asText, gateway, resource, service } from '../../../../support/gateway-world.ts'

const PARENTS = 'parentRefs: [{ group: "", kind: Service, name: cart }]'

function route(rule: string): string {
  return `${asText([service('cart')])}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: r, namespace: shop }
spec:
  ${PARENTS}
  rules:
  - ${rule}
`
}

const CASES: readonly { readonly name: string; readonly rule: string; readonly line: string }[] = [
  {
    name: 'an unknown key is an error where it stands, with the nearest name',
    rule: '{ backendRef: [] }',
    line: 'c.yaml:9:7: unknown key "backendRef" in spec.rules[0] (did you mean "backendRefs"?)',
  },
  {
    name: 'an unknown type of filter is an error',
    rule: '{ filters: [ { type: UrlRewrite, urlRewrite: {} } ] }',
    line: 'c.yaml:9:26: spec.rules[0].filters[0].type: expected one of RequestHeaderModifier, ResponseHeaderModifier, RequestMirror, RequestRedirect, URLRewrite, CORS, ExternalAuth, ExtensionRef, got "UrlRewrite" (did you mean "URLRewrite"?)',
  },
  {
    name: 'a filter has what its type says',
    rule: '{ filters: [ { type: CORS, urlRewrite: {} } ] }',
    line: 'c.yaml:9:18: spec.rules[0].filters[0].cors: missing; type CORS needs it',
  },
  {
    name: 'a filter is there once',
    rule: '{ filters: [ { type: CORS, cors: {} }, { type: CORS, cors: {} } ] }',
    line: 'c.yaml:9:52: spec.rules[0].filters[1].type: a second filter of type CORS',
  },
  {
    name: 'a duration is written as the API has it',
    rule: '{ timeouts: { request: 1d } }',
    line: 'c.yaml:9:28: spec.rules[0].timeouts.request: expected a duration such as "10s", "500ms" or "1h30m", got "1d"',
  },
  {
    name: 'a backend that is a Service has a port',
    rule: '{ backendRefs: [ { name: cart } ] }',
    line: 'c.yaml:9:22: HTTPRoute shop/r: backendRef cart: port is missing (a Service needs it)',
  },
  {
    name: 'what replaces a prefix needs one',
    rule: '{ matches: [ { path: { type: Exact, value: /a } } ], filters: [ { type: URLRewrite, urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: /b } } } ], backendRefs: [ { name: cart, port: 80 } ] }',
    line: 'c.yaml:9:16: HTTPRoute shop/r: replacePrefixMatch needs exactly one match, of type PathPrefix',
  },
]

for (const { name, rule, line } of CASES) {
  t.test(name, async (t) => t.ok(problemLines(route(rule)).includes(line), problemLines(route(rule)).join('\n')))
}

t.test('listeners are told apart by name, and their TLS fits their protocol', async (t) => {
  const lines = problemLines(
    asText([
      gateway('public', [
        { name: 'a', port: 80, protocol: 'HTTP', tls: { mode: 'Terminate' } },
        { name: 'a', port: 81, protocol: 'TCP', hostname: 'x.example' },
        { name: 'b', port: 443, protocol: 'HTTPS', tls: { mode: 'Passthrough' } },
        { name: 'c', port: 444, protocol: 'TLS', tls: {} },
        { name: 'd', port: 80, protocol: 'HTTP', hostname: '10.0.0.1' },
      ]),
    ]),
  )
  for (const part of [
    'listeners[0].tls: not for the protocol HTTP',
    'listeners[1].name: a listener of this name is there already',
    'listeners[1].hostname: not for the protocol TCP',
    'listeners[2].tls: HTTPS ends TLS',
    'listeners[3].tls: mode is missing',
    'listeners[4].hostname: expected a host name',
  ])
    t.ok(
      lines.some((line) => line.includes(part)),
      `${part}\n${lines.join('\n')}`,
    )
})

t.test('what would let in whom it is there to stop is an error rather than ignored', async (t) => {
  const frontend = { default: { validation: { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] } } }
  const lines = problemLines(asText([gateway('public', [{ name: 'a', port: 80, protocol: 'HTTP' }], { tls: { frontend } })]))
  t.match(lines, [/checking certificates of callers is not understood yet/])
})

t.test('null is the same as nothing, and status is for others', async (t) => {
  const document = resource('ReferenceGrant', {
    name: 'g',
    version: 'v1beta1',
    spec: {
      from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'a' }],
      to: [{ group: '', kind: 'Service', name: null }],
    },
  })
  t.same(problemLines(asText([{ ...document, status: { anything: true } }])), [])
})

t.test('a kind is understood in the versions that it has', async (t) => {
  const listeners = [{ name: 'a', port: 80, protocol: 'HTTP' }]
  const of = (version: string) =>
    problemLines(asText([resource('Gateway', { name: 'g', version, spec: { gatewayClassName: 'outrigger', listeners } })]))
  t.same(of('v1beta1'), [])
  t.match(of('v1alpha3'), [
    /version "v1alpha3" of Gateway of gateway\.networking\.k8s\.io is not understood \(understood: v1, v1beta1\)/,
  ])
})
