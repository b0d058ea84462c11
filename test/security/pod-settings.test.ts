// Settings from the annotation of a Pod stand beside those of its injection, and cannot take their place.
import t from 'tap'
import { inject } from '../../src/inject/inject.ts'
import { problemLines } from '../support/config-text.ts'

const ENVIRONMENT = { POD_NAME: 'cart-1', POD_NAMESPACE: 'shop', POD_SERVICE_ACCOUNT: 'cart', POD_IP: '10.0.0.1' }

t.test('the admin stays on loopback and the workload is who it is, whatever outrigger.dev/settings says', async (t) => {
  const pod = { metadata: { annotations: {} }, spec: { containers: [{ name: 'cart' }] } }
  const injected = inject(pod, { image: 'outrigger:test', mode: 'native' })
  t.equal(injected.kind, 'changed')
  const settings = injected.kind === 'changed' ? (injected.pod.metadata?.annotations?.['outrigger.dev/sidecar'] ?? '') : ''
  for (const more of [
    'admin: { listen: "0.0.0.0:15000" }',
    'workload: { namespace: kube-system }',
    'telemetry: { listen: "127.0.0.1:1" }',
  ])
    t.match(problemLines(`${settings}\n---\n${more}\n`, { environment: ENVIRONMENT }).join('\n'), /is set twice/, more)
})
