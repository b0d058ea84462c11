import t from 'tap'
import { configFromText, problemLines } from '../../../../support/config-text.ts'

const policy = (spec: object) =>
  JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'p', namespace: 'shop' }, spec })

const compiled = (spec: object) => configFromText(policy(spec)).networkPolicies[0]

const any = { labels: {}, expressions: [] }

t.test('a policy without types is about ingress, and about egress when it has rules for it', async (t) => {
  t.same(compiled({ podSelector: {} }), { name: 'p', namespace: 'shop', selector: any, ingress: [], egress: undefined })
  t.same(compiled({ podSelector: {}, policyTypes: [], egress: [] })?.egress, undefined)
  t.same(compiled({ podSelector: {}, egress: [{}] }), {
    name: 'p',
    namespace: 'shop',
    selector: any,
    ingress: [],
    egress: [{ peers: undefined, ports: undefined }],
  })
  t.same(compiled({ policyTypes: ['Egress'] })?.ingress, undefined)
  t.same(compiled({ policyTypes: ['Egress'] })?.egress, [])
})

t.test('peers and ports are those of the document', async (t) => {
  const rule = compiled({
    podSelector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', 'b'] }] },
    ingress: [
      {
        from: [
          { podSelector: {} },
          { namespaceSelector: { matchLabels: { team: 'x' } } },
          { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
        ],
        ports: [{ port: 80 }, { port: 'web', protocol: 'TCP' }, { port: 8000, endPort: 8080 }, { protocol: 'TCP' }],
      },
    ],
  })
  t.same(rule?.selector, { labels: { app: 'web' }, expressions: [{ key: 'tier', operator: 'In', values: ['a', 'b'] }] })
  t.same(rule?.ingress, [
    {
      peers: [
        { kind: 'pods', namespaces: undefined, pods: any },
        { kind: 'pods', namespaces: { labels: { team: 'x' }, expressions: [] }, pods: any },
        { kind: 'block', cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] },
      ],
      ports: [
        { kind: 'range', from: 80, to: 80 },
        { kind: 'name', name: 'web' },
        { kind: 'range', from: 8000, to: 8080 },
        { kind: 'range', from: 1, to: 65535 },
      ],
    },
  ])
})

t.test('empty lists of peers and ports mean all of them', async (t) => {
  t.same(compiled({ ingress: [{ from: [], ports: [] }] })?.ingress, [{ peers: undefined, ports: undefined }])
  t.same(compiled({ ingress: [{ from: null, ports: null }] })?.ingress, [{ peers: undefined, ports: undefined }])
})

t.test('a rule for other transports leaves no port of TCP open', async (t) => {
  t.same(compiled({ ingress: [{ ports: [{ protocol: 'UDP', port: 53 }, { protocol: 'SCTP' }] }] })?.ingress, [
    { peers: undefined, ports: [] },
  ])
})

const block = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: p, namespace: shop }
spec:
`

const mistakes: readonly (readonly [name: string, yaml: string, line: string])[] = [
  ['a misspelt key', '  podSelectors: {}', 'c.yaml:5:3: unknown key "podSelectors" in spec (did you mean "podSelector"?)'],
  [
    'a misspelt type',
    '  policyTypes: [Ingres]',
    'c.yaml:5:17: spec.policyTypes[0]: expected one of Ingress, Egress, got "Ingres" (did you mean "Ingress"?)',
  ],
  [
    'an empty peer',
    '  ingress: [{ from: [{}] }]',
    'c.yaml:5:22: spec.ingress[0].from[0]: expected a podSelector, a namespaceSelector or an ipBlock, got a mapping',
  ],
  [
    'a block beside a selector',
    '  ingress: [{ from: [{ podSelector: {}, ipBlock: { cidr: 10.0.0.0/8 } }] }]',
    'c.yaml:5:50: spec.ingress[0].from[0].ipBlock: an ipBlock stands alone, without selectors beside it',
  ],
  [
    'an address that is no block',
    '  egress: [{ to: [{ ipBlock: { cidr: 10.0.0.300/8 } }] }]',
    'c.yaml:5:38: spec.egress[0].to[0].ipBlock.cidr: expected a block of addresses such as "10.0.0.0/8" or "fd00::/8", got "10.0.0.300/8"',
  ],
  [
    'an exception outside its block',
    '  egress: [{ to: [{ ipBlock: { cidr: 10.0.0.0/8, except: [11.0.0.0/16] } }] }]',
    'c.yaml:5:59: spec.egress[0].to[0].ipBlock.except[0]: expected a smaller block within 10.0.0.0/8, got "11.0.0.0/16"',
  ],
  [
    'an exception that is the whole block',
    '  egress: [{ to: [{ ipBlock: { cidr: 10.0.0.0/8, except: [10.0.0.0/8] } }] }]',
    'c.yaml:5:59: spec.egress[0].to[0].ipBlock.except[0]: expected a smaller block within 10.0.0.0/8, got "10.0.0.0/8"',
  ],
  [
    'a range that ends before it begins',
    '  ingress: [{ ports: [{ port: 80, endPort: 79 }] }]',
    'c.yaml:5:44: spec.ingress[0].ports[0].endPort: expected a port from 80, where the range begins, got 79',
  ],
  [
    'a range that begins with a name',
    '  ingress: [{ ports: [{ port: web, endPort: 90 }] }]',
    'c.yaml:5:45: spec.ingress[0].ports[0].endPort: endPort needs a port that is a number',
  ],
  [
    'a port that is too large',
    '  ingress: [{ ports: [{ port: 70000 }] }]',
    'c.yaml:5:31: spec.ingress[0].ports[0].port: expected a port, 1 to 65535, or the name of one: lower-case letters, digits and "-", at most 15, got 70000',
  ],
  [
    'an operator that does not exist',
    '  podSelector: { matchExpressions: [{ key: app, operator: in, values: [x] }] }',
    'c.yaml:5:59: spec.podSelector.matchExpressions[0].operator: expected one of In, NotIn, Exists, DoesNotExist, got "in" (did you mean "In"?)',
  ],
  [
    'In without values',
    '  podSelector: { matchExpressions: [{ key: app, operator: In }] }',
    'c.yaml:5:37: spec.podSelector.matchExpressions[0].values: missing; In needs values',
  ],
  [
    'Exists with values',
    '  podSelector: { matchExpressions: [{ key: app, operator: Exists, values: [x] }] }',
    'c.yaml:5:75: spec.podSelector.matchExpressions[0].values: Exists takes no values',
  ],
]

for (const [name, yaml, line] of mistakes) {
  t.test(`${name} is an error at its place`, async (t) => t.same(problemLines(`${block}${yaml}\n`), [line]))
}

const warnings = (text: string) => problemLines(text).filter((line) => !line.includes('there is no listener'))

t.test('rules that policyTypes leaves out are warned about', async (t) => {
  t.same(warnings(`${block}  policyTypes: [Egress]\n  ingress: [{}]\n`), [
    'c.yaml:6:12: warning: spec.ingress: these rules are never asked, because policyTypes leaves Ingress out',
  ])
})

t.test('a name that no Pod gives a port is warned about, where Pods are known', async (t) => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', namespace: 'shop' },
    spec: {
      containers: [
        {
          ports: [
            { name: 'web', containerPort: 80 },
            { name: 'dns', containerPort: 53, protocol: 'UDP' },
          ],
        },
      ],
    },
  }
  const rules = `${block}  ingress: [{ ports: [{ port: web }, { port: wbe }, { port: dns }] }]\n`
  t.same(warnings(rules), [])
  t.same(warnings(`${rules}---\n${JSON.stringify(pod)}\n`), [
    'c.yaml:5:46: warning: no Pod has a port called "wbe" (it matches nothing)',
    'c.yaml:5:61: warning: no Pod has a port called "dns" (it matches nothing)',
  ])
})
