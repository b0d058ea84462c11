import t from 'tap'
import { MtlsModes } from '../../../src/policy/mtls.ts'
import { configFromText } from '../../support/config-text.ts'

const WORKLOAD = 'workload: { name: a, namespace: foo, labels: { app: a } }\n'
const document = (name: string, namespace: string, spec: object): string =>
  `---\n${JSON.stringify({ apiVersion: 'security.istio.io/v1', kind: 'PeerAuthentication', metadata: { name, namespace }, spec })}\n`

const STRICT_MESH = document('mesh', 'istio-system', { mtls: { mode: 'STRICT' } })
const selector = { matchLabels: { app: 'a' } }

t.test('the narrowest document counts, and ports before the whole', (t) => {
  const modes = (...documents: string[]) => new MtlsModes(configFromText(WORKLOAD + documents.join('')))
  t.equal(modes().modeFor(80), undefined)
  t.equal(modes(STRICT_MESH).modeFor(80), 'strict')
  t.equal(modes(STRICT_MESH, document('ns', 'foo', { mtls: { mode: 'PERMISSIVE' } })).modeFor(80), 'permissive')
  t.equal(modes(STRICT_MESH, document('ns', 'other', { mtls: { mode: 'PERMISSIVE' } })).modeFor(80), 'strict')
  t.equal(modes(STRICT_MESH, document('ns', 'foo', { mtls: { mode: 'UNSET' } })).modeFor(80), 'strict')
  const one = modes(
    STRICT_MESH,
    document('w', 'foo', { selector, portLevelMtls: { 90: { mode: 'DISABLE' }, 91: { mode: 'UNSET' } } }),
  )
  t.same(
    [80, 90, 91].map((port) => one.modeFor(port)),
    ['strict', 'disable', 'strict'],
  )
  t.end()
})

t.test('settings of a listener make its ports strict where no document says otherwise', (t) => {
  const settings = `${WORKLOAD}identity: { folder: /x }\nlisteners: { inbound: [ { listen: "0.0.0.0:1", app: "127.0.0.1:80", mtls: strict, mtlsPorts: { 81: strict } } ] }\n`
  const modes = new MtlsModes(configFromText(settings))
  t.same(
    [80, 81, 82].map((port) => modes.isStrict(port)),
    [true, true, false],
  )
  t.equal(new MtlsModes(configFromText(settings + document('ns', 'foo', { mtls: { mode: 'DISABLE' } }))).isStrict(80), false)
  t.end()
})
