// A workload that NetworkPolicies keep in must not get out by what it calls its destination.
import t from 'tap'
import { asking } from '../support/explain.ts'

const SETTINGS = {
  workload: { name: 'caller', namespace: 'shop' },
  listeners: { outbound: [{ listen: '127.0.0.1:15001' }] },
  services: [{ name: 'open', namespace: 'shop', port: 80, endpoints: [{ address: '10.0.0.1:80' }] }],
}

const policy = (to: object[]) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace: 'shop' },
  spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{ to, ports: [{ port: 80 }] }] },
})

const ask = asking(SETTINGS, policy([{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.9.0.0/16'] } }]))

for (const host of [
  '127.evil.example',
  '127.0.0.1.evil.example',
  '10.0.0.1.evil.example',
  'localhost.evil.example',
  'evil.example',
]) {
  t.test(`${host} is a name, whatever it looks like`, async (t) => {
    t.match(ask({ host }), { verdict: 'deny', status: 403 })
    t.match(ask({ host: `${host}:80`, method: 'CONNECT' }), { verdict: 'deny' })
    t.match(ask({ protocol: 'tls', destination: { sni: host } }), { verdict: 'deny' })
  })
}

for (const host of ['10.9.0.1', '[::ffff:10.9.0.1]', '11.0.0.1', '[fd00::1]', '10.0.0.1:81']) {
  t.test(`${host} is outside of what is allowed`, async (t) => t.equal(ask({ host }).verdict, 'deny'))
}

t.test('what is allowed is reached by any spelling of it', async (t) => {
  for (const host of ['open', 'open.shop.svc.cluster.local', '10.0.0.1', '[::ffff:10.0.0.1]', 'localhost', '127.0.0.9']) {
    t.equal(ask({ host }).verdict, 'allow', host)
  }
})

t.test('a connection is judged by where it was going, not by the name that it asks for', async (t) => {
  const captured = (address: string) => ({ protocol: 'tls', destination: { address, port: 80, sni: 'evil.example' } }) as const
  t.equal(ask(captured('11.0.0.1')).verdict, 'deny')
  t.equal(ask(captured('10.0.0.1')).verdict, 'allow')
})
