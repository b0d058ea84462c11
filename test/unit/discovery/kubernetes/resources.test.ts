import t from 'tap'
import { type ApiResource, apiResources, documentOf } from '../../../../src/discovery/kubernetes/resources.ts'
import { compileIsolation } from '../../../../src/policy/network/network.ts'
import { loadText } from '../../../support/config-text.ts'

const resourceOf = (kind: string): ApiResource => apiResources().find((one) => one.kind === kind) as ApiResource

const pod = {
  metadata: { name: 'web-1', namespace: 'shop', labels: { app: 'web' } },
  spec: { serviceAccountName: 'web', containers: [{ image: 'x', ports: [{ name: 'http', containerPort: 80 }] }] },
  status: {
    phase: 'Running',
    podIP: '10.0.0.1',
    podIPs: [{ ip: '10.0.0.1' }],
    hostIP: '192.168.0.7',
    hostIPs: [{ ip: '192.168.0.7' }],
    conditions: [{ type: 'Ready', status: 'True', lastProbeTime: null }],
  },
}

t.test('what is kept of Pods is enough for policies: probes of the own machine come through', async (t) => {
  const policy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'p', namespace: 'shop' },
    spec: { podSelector: {}, ingress: [{ ports: [{ port: 'http' }] }] },
  }
  const settings = { workload: { name: 'web-1', namespace: 'shop', labels: { app: 'web' } } }
  const documents = [settings, policy, documentOf(pod, resourceOf('Pod'), 'v1')]
  const { config } = loadText(documents.map((one) => `---\n${JSON.stringify(one)}\n`).join(''))
  const isolation = config && compileIsolation(config, 'ingress')
  t.equal(isolation?.judge('192.168.0.7', 10_250).allowed, true)
  t.equal(isolation?.judge('192.168.0.8', 10_250).allowed, false)
  t.equal(isolation?.judge('192.168.0.8', 80).allowed, true, 'by the name of the port')
})

t.test('policies for workloads of one namespace are read there only', async (t) => {
  const local = apiResources().filter(({ isLocal }) => isLocal)
  t.same(local.map(({ kind }) => kind).sort(), [
    'AuthorizationPolicy',
    'NetworkPolicy',
    'PeerAuthentication',
    'RequestAuthentication',
    'TCPRoute',
    'TrafficTarget',
  ])
  t.same(
    local.filter(({ kind }) => kind === 'TCPRoute').map(({ group }) => group),
    ['specs.smi-spec.io'],
  )
})
