import t from 'tap'
import { examineConfig } from '../../../../../src/exchange/examine.ts'
import { configFromText, problemLines } from '../../../../support/config-text.ts'

const policy = (spec: object, metadata: object = {}): string =>
  JSON.stringify({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'p', namespace: 'foo', ...metadata },
    spec,
  })

t.test('a policy becomes one of the family istio', (t) => {
  const spec = {
    selector: { matchLabels: { app: 'a' } },
    action: 'DENY',
    rules: [
      {
        from: [{ source: { namespaces: ['dev'] } }],
        to: [{ operation: { ports: ['80'], paths: ['/x*'] } }],
        when: [{ key: 'connection.sni', values: ['a'] }],
      },
    ],
  }
  const { policies } = configFromText(policy(spec))
  t.match(policies, [
    {
      name: 'p',
      namespace: 'foo',
      family: 'istio',
      action: 'deny',
      selector: { app: 'a' },
      rules: [
        {
          from: [{ namespaces: ['dev'] }],
          to: [{ ports: [80], paths: ['/x*'] }],
          when: [{ key: 'connection.sni', values: ['a'] }],
        },
      ],
    },
  ])
  t.end()
})

t.test('a policy for a Gateway is for its Pods, once for each', (t) => {
  const targetRefs = ['a', 'b'].map((name) => ({ group: 'gateway.networking.k8s.io', kind: 'Gateway', name }))
  const { policies } = configFromText(policy({ targetRefs }))
  t.same(
    policies.map(({ selector }) => selector['gateway.networking.k8s.io/gateway-name']),
    ['a', 'b'],
  )
  t.end()
})

const CASES: { name: string; spec: object; metadata?: object; line: RegExp }[] = [
  { name: 'DENY without rules', spec: { action: 'DENY' }, line: /DENY without rules would never match/ },
  { name: 'CUSTOM without a provider', spec: { action: 'CUSTOM', rules: [{}] }, line: /CUSTOM needs provider\.name/ },
  { name: 'a provider for nothing', spec: { provider: { name: 'x' } }, line: /only CUSTOM has a provider/ },
  { name: 'an empty source', spec: { rules: [{ from: [{ source: {} }] }] }, line: /the source is empty/ },
  { name: 'an empty operation', spec: { rules: [{ to: [{ operation: {} }] }] }, line: /the operation is empty/ },
  { name: 'no source at all', spec: { rules: [{ from: [] }] }, line: /expected at least one source/ },
  {
    name: 'a port that is none',
    spec: { rules: [{ to: [{ operation: { ports: ['http'] } }] }] },
    line: /expected a port as text/,
  },
  {
    name: 'a block that is none',
    spec: { rules: [{ from: [{ source: { ipBlocks: ['10/8'] } }] }] },
    line: /expected an address or a block/,
  },
  {
    name: 'accounts and namespaces',
    spec: { rules: [{ from: [{ source: { serviceAccounts: ['a'], namespaces: ['b'] } }] }] },
    line: /go together with neither/,
  },
  {
    name: 'a condition without values',
    spec: { rules: [{ when: [{ key: 'source.ip' }] }] },
    line: /neither values nor notValues/,
  },
  {
    name: 'an unknown condition key',
    spec: { rules: [{ when: [{ key: 'source.ipp', values: ['a'] }] }] },
    line: /unknown condition key "source\.ipp"/,
  },
  {
    name: 'a template that is none',
    spec: { rules: [{ to: [{ operation: { paths: ['/a/{**}/{*}'] } }] }] },
    line: /\{\*\*\} must be its last wildcard/,
  },
  {
    name: 'a selector and a target',
    spec: { selector: { matchLabels: { a: 'b' } }, targetRef: { kind: 'Service', name: 'x' } },
    line: /not both/,
  },
  {
    name: 'a target that is none',
    spec: { targetRef: { kind: 'Pod', name: 'x' } },
    line: /nothing that a policy can be attached to/,
  },
  {
    name: 'dry-run of an audit',
    spec: { action: 'AUDIT' },
    metadata: { annotations: { 'istio.io/dry-run': 'true' } },
    line: /dry-run is for ALLOW and DENY/,
  },
  { name: 'dry-run maybe', spec: {}, metadata: { annotations: { 'istio.io/dry-run': 'maybe' } }, line: /expected true or false/ },
  { name: 'an unknown key', spec: { rules: [{ to: [{ operation: { path: ['/'] } }] }] }, line: /unknown key "path"/ },
]

for (const c of CASES)
  t.test(`${c.name} is an error with its place`, (t) => {
    const lines = problemLines(policy(c.spec, c.metadata), { examine: examineConfig })
    t.ok(
      lines.some((line) => c.line.test(line) && /^c\.yaml:1:\d+: (?!warning)/.test(line)),
      lines.join('\n'),
    )
    t.end()
  })

t.test('what a finding says of a rule stands at its place in the resource', (t) => {
  const text = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: p, namespace: foo }
spec:
  rules:
    - to:
        - operation:
            paths: ["/ok", "/{x}"]
`
  t.match(
    problemLines(text, { examine: examineConfig }).join('\n'),
    /^c\.yaml:8:28: AuthorizationPolicy foo\/p\.rules\[0\]\.to\[0\]\.paths\[1\]: /,
  )
  t.end()
})
