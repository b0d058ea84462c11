import t from 'tap'
import { configFromText, loadText, problemLines } from '../../../../support/config-text.ts'

const pod = (name: string, more: object) =>
  `---\n${JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'shop' }, ...more })}\n`

t.test('a Pod is a workload', async (t) => {
  const text = pod('cart-1', {
    metadata: { name: 'cart-1', namespace: 'shop', labels: { app: 'cart' }, creationTimestamp: null },
    spec: {
      serviceAccountName: 'cart',
      nodeName: 'node-1',
      containers: [
        {
          ports: [
            { name: 'web', containerPort: 8080 },
            { containerPort: 9090 },
            { name: 'dns', containerPort: 53, protocol: 'UDP' },
          ],
        },
        {},
      ],
    },
    status: { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], hostIP: '192.168.0.7', phase: 'Running' },
  })
  t.same(configFromText(text).workloads, [
    {
      name: 'cart-1',
      namespace: 'shop',
      serviceAccount: 'cart',
      labels: { app: 'cart' },
      addresses: ['10.0.0.1', 'fd00::1'],
      hostAddresses: ['192.168.0.7'],
      ports: [{ name: 'web', port: 8080 }],
      node: 'node-1',
      ready: true,
    },
  ])
})

t.test('a Pod of which little is known', async (t) => {
  t.match(configFromText('apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n').workloads, [
    { name: 'a', namespace: 'default', serviceAccount: 'default', labels: {}, addresses: [], ports: [], ready: true },
  ])
})

t.test("an address that may be another's is nobody's", async (t) => {
  const of = (more: object) => configFromText(pod('a', more)).workloads[0]?.addresses
  t.same(of({ status: { podIP: '10.0.0.1', phase: 'Failed' } }), [])
  t.same(of({ spec: { hostNetwork: true }, status: { podIP: '10.0.0.1' } }), [])
  const both = pod('a', { status: { podIP: '10.0.0.1' } }) + pod('b', { status: { podIP: '10.0.0.1' } })
  t.same(
    loadText(both).config?.workloads.map(({ addresses }) => addresses),
    [[], []],
  )
  t.same(problemLines(both), [
    'c.yaml:4:94: warning: the address 10.0.0.1 is also that of shop/a, at c.yaml:2:1 (it is taken for neither)',
  ])
})

t.test('whether a Pod is ready', async (t) => {
  const ready = (more: object) => configFromText(pod('a', more)).workloads[0]?.ready
  t.equal(ready({ status: { conditions: [{ type: 'Ready', status: 'True' }] } }), true)
  t.equal(ready({ status: { conditions: [{ type: 'Ready', status: 'False' }] } }), false)
  t.equal(ready({ metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' } }), false)
})

t.test('a namespace has its name as a label', async (t) => {
  t.same(configFromText('apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { team: a } }\n').namespaces, [
    { name: 'shop', labels: { team: 'a', 'kubernetes.io/metadata.name': 'shop' } },
  ])
})
