import t from 'tap'
import { BLACK_HOLE, PASSTHROUGH, partyOf, UNKNOWN } from '../../../src/telemetry/party.ts'

t.test('canonical service and revision come from the labels that Istio reads, in its order', async (t) => {
  const labels = {
    'service.istio.io/canonical-name': 'canonical',
    'service.istio.io/canonical-revision': 'c1',
    'app.kubernetes.io/name': 'recommended',
    'app.kubernetes.io/version': 'r1',
    app: 'plain',
    version: 'p1',
  }
  const { 'service.istio.io/canonical-name': _name, 'service.istio.io/canonical-revision': _revision, ...without } = labels
  t.match(partyOf({ labels }), { canonicalService: 'canonical', canonicalRevision: 'c1', app: 'plain', version: 'p1' })
  t.match(partyOf({ labels: without }), { canonicalService: 'recommended', canonicalRevision: 'r1' })
  t.match(partyOf({ labels: { app: 'plain', version: 'p1' } }), { canonicalService: 'plain', canonicalRevision: 'p1' })
  t.match(partyOf({ name: 'web-1' }), { canonicalService: 'web-1', canonicalRevision: 'latest', app: '', version: '' })
})

t.test('traffic to no known service has the names that Kiali looks for', async (t) => {
  t.equal(PASSTHROUGH.serviceName, 'PassthroughCluster')
  t.equal(BLACK_HOLE.serviceName, 'BlackHoleCluster')
  t.equal(UNKNOWN.serviceName, '')
})
