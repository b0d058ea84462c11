import t from 'tap'
import { configFromText, problemLines } from '../../../support/config-text.ts'

const resource = (apiVersion: string, kind: string) => `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: a }\n`
const LATER = 'it is refused rather than ignored, because traffic would go otherwise than it says'

const cases: readonly { name: string; text: string; lines: readonly string[] }[] = [
  {
    name: 'a misspelt kind',
    text: resource('v1', 'Servcie'),
    lines: ['c.yaml:2:7: the kind Servcie is not known (did you mean "Service"?)'],
  },
  {
    name: 'a kind of a known group that nobody knows',
    text: resource('discovery.k8s.io/v1', 'Anything'),
    lines: ['c.yaml:2:7: the kind Anything of discovery.k8s.io is not known (known: EndpointSlice)'],
  },
  {
    name: 'an unknown group',
    text: resource('example.com/v1', 'Anything'),
    lines: ['c.yaml:1:13: warning: Anything of example.com is ignored'],
  },
  {
    name: 'a misspelt group',
    text: resource('security.istio.oi/v1', 'AuthorizationPolicy'),
    lines: ['c.yaml:1:13: the group security.istio.oi of AuthorizationPolicy is not known (did you mean "security.istio.io"?)'],
  },
  {
    name: 'an unknown version',
    text: resource('discovery.k8s.io/v1beta1', 'EndpointSlice'),
    lines: ['c.yaml:1:13: version "v1beta1" of EndpointSlice of discovery.k8s.io is not understood (understood: v1)'],
  },
  {
    name: 'a core kind that says nothing here',
    text: resource('v1', 'LimitRange'),
    lines: ['c.yaml:2:7: warning: LimitRange is ignored'],
  },
  {
    name: 'a Secret, of which nothing is said',
    text: `${resource('v1', 'Secret')}data: { password: aHVudGVyMg== }\n`,
    lines: [],
  },
  {
    name: 'a kind that every object has',
    text: resource('v1', 'constructor'),
    lines: [
      'c.yaml:2:7: the kind constructor is not known (known: Binding, Endpoints, Event, LimitRange, Node, PersistentVolume, PersistentVolumeClaim, PodTemplate, ReplicationController, ResourceQuota, Secret, Service, …)',
    ],
  },
  {
    name: 'a group that every object has',
    text: resource('constructor/v1', 'Pod'),
    lines: ['c.yaml:1:13: warning: Pod of constructor is ignored'],
  },
  { name: 'no kind', text: 'apiVersion: v1\n', lines: ['c.yaml:1:1: kind: expected text, got nothing'] },
  { name: 'a number as version', text: 'apiVersion: 1\nkind: Pod\n', lines: ['c.yaml:1:13: apiVersion: expected text, got 1'] },
  { name: 'no metadata', text: 'apiVersion: v1\nkind: Pod\n', lines: ['c.yaml:1:1: metadata: missing; expected a mapping'] },
  {
    name: 'a resource twice',
    text: `${resource('v1', 'Namespace')}---\n${resource('v1', 'Namespace')}`,
    lines: ['c.yaml:5:1: Namespace a is there twice, first at c.yaml:1:1'],
  },
  {
    name: 'a list that is none',
    text: 'apiVersion: v1\nkind: List\nitems: 5\n',
    lines: ['c.yaml:3:8: items: expected a list, got 5'],
  },
  {
    name: 'items that are none',
    text: 'apiVersion: v1\nkind: List\nitems:\n  - 5\n  - kind: Pod\n',
    lines: ['c.yaml:4:5: items[0]: expected a mapping, got 5', 'c.yaml:5:5: apiVersion: expected text, got nothing'],
  },
  {
    name: 'a mistake in a list',
    text: 'apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Service\n    metadata: { name: a }\n    spec: { ports: [{ port: x }] }\n',
    lines: ['c.yaml:7:29: items[0].spec.ports[0].port: expected a port, 1 to 65535, got "x"'],
  },
  {
    name: 'mistakes in a ConfigMap, at their own place',
    text: 'apiVersion: v1\nkind: ConfigMap\ndata:\n  a.yaml: |\n    listeners: {}\n    logLevel: loud\n  b.yaml: |-\n    x: [\n  c.json: "{\\"logLevel\\": 1}"\n',
    lines: [
      'c.yaml:6:15: logLevel: expected one of trace, debug, info, warn, error, silent, got "loud"',
      'c.yaml:8:9: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
      'c.yaml:9:11: logLevel: expected one of trace, debug, info, warn, error, silent, got 1',
    ],
  },
  {
    name: "somebody else's files in a ConfigMap",
    text: 'apiVersion: v1\nkind: ConfigMap\ndata:\n  a.yaml: |\n    my: own\n  b.properties: x=y\n',
    lines: ['c.yaml:5:5: warning: "a.yaml" of this ConfigMap has neither settings nor resources; it is ignored'],
  },
]

for (const { name, text, lines } of cases) t.test(`says of ${name}`, async (t) => t.same(problemLines(text), lines))

const later: readonly [string, string][] = [
  ['networking.istio.io/v1', 'EnvoyFilter'],
  ['gateway.networking.k8s.io/v1', 'BackendTLSPolicy'],
]
for (const [apiVersion, kind] of later) {
  t.test(`fails closed on ${kind}`, async (t) => {
    const [group] = apiVersion.split('/', 1)
    t.same(problemLines(resource(apiVersion, kind)), [
      `c.yaml:2:7: this version does not understand ${kind} of ${group} yet (${LATER})`,
    ])
  })
}

t.test('lists and ConfigMaps are opened up', async (t) => {
  const list = 'apiVersion: v1\nkind: NamespaceList\nitems: [{ metadata: { name: a } }, { metadata: { name: b } }]\n'
  const empty = 'apiVersion: v1\nkind: List\nitems: null\n'
  const map =
    'apiVersion: v1\nkind: ConfigMap\ndata:\n  a.yaml: |\n    logLevel: warn\n    ---\n    apiVersion: v1\n    kind: Namespace\n    metadata: { name: c }\n'
  const { namespaces, settings } = configFromText([list, empty, map].join('---\n'))
  t.same(
    namespaces.map(({ name }) => name),
    ['a', 'b', 'c'],
  )
  t.equal(settings.logLevel, 'warn')
})
