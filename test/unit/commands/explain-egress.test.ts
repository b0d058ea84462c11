import t from 'tap'
import { asking } from '../../support/explain.ts'

const SETTINGS = {
  workload: { name: 'caller', namespace: 'shop' },
  listeners: { outbound: [{ listen: '127.0.0.1:15001' }] },
  services: [
    {
      name: 'web',
      namespace: 'shop',
      port: 80,
      endpoints: ['10.0.0.1:80', '10.0.0.2:80', '11.0.0.1:80'].map((address) => ({ address })),
    },
    { name: 'far', namespace: 'shop', port: 80, endpoints: [{ address: '11.0.0.1:80' }] },
    { name: 'named', namespace: 'shop', port: 80, dns: { name: 'named.example' } },
  ],
  routes: [{ name: 'r', hosts: ['routed'], services: [{ service: 'far' }] }],
}

const policy = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'out', namespace: 'shop' },
  spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }] },
}

const ask = asking(SETTINGS, policy)

t.test('a denial names the rule that came closest', async (t) => {
  for (const host of ['far', 'routed', '11.0.0.1'])
    t.match(
      ask({ host }),
      { verdict: 'deny', status: 403, rule: null, nearest: { rule: 'ns[shop]-policy[out]-rule[0]', field: 'to' } },
      host,
    )
})

t.test('what is allowed names the rule that allows it', async (t) => {
  t.match(ask({ host: '10.0.0.9' }), { verdict: 'allow', rule: 'ns[shop]-policy[out]-rule[0]' })
})

t.test('where some endpoints may not be reached, it says how many', async (t) => {
  t.match(ask({ host: 'web' }), { verdict: 'allow', why: /1 of its 3 endpoints may not be reached/ })
})

t.test('endpoints that only DNS knows are not judged before they are known', async (t) => {
  t.match(ask({ host: 'named' }), { verdict: 'allow', rule: null })
})

t.test('connections are told the same, without a status', async (t) => {
  const to = (address: string) => ({ protocol: 'tcp', destination: { address, port: 80 } }) as const
  t.match(ask(to('11.0.0.1')), { verdict: 'deny', status: null, nearest: { field: 'to' } })
  t.match(ask(to('10.0.0.1')), { verdict: 'allow', rule: 'ns[shop]-policy[out]-rule[0]' })
})
