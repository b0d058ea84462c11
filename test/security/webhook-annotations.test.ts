// Whoever may make a Pod writes its annotations: a record of injection that injection never wrote stops nobody's webhook.
import t from 'tap'
import { inject, uninject } from '../../src/inject/inject.ts'

const RECORD = 'outrigger.dev/injected'
const OPTIONS = { image: 'outrigger:test', mode: 'native' } as const
const good = { probes: [], annotations: [], labels: [], made: [] }

const FORGED: Readonly<Record<string, unknown>> = {
  'labels that are a number': { ...good, labels: 5 },
  'labels that are null': { ...good, labels: null },
  'probes of nothing': { ...good, probes: [null] },
  'a probe of nothing': { ...good, probes: [{ container: 'cart', probe: 'livenessProbe', was: null }] },
  'a probe that is a security context': { ...good, probes: [{ container: 'cart', probe: 'securityContext', was: {} }] },
  'names that are none': { ...good, annotations: [null, {}] },
  'an entry that is no name': { ...good, made: [[]] },
  'a list': [],
  nothing: null,
}

for (const [name, record] of Object.entries(FORGED)) {
  t.test(`a forged record is refused: ${name}`, async (t) => {
    const pod = {
      metadata: { annotations: { [RECORD]: JSON.stringify(record) } },
      spec: { containers: [{ name: 'cart' }] },
    }
    for (const outcome of [inject(pod, OPTIONS), uninject(pod)]) {
      t.equal(outcome.kind, 'flawed')
      t.match(outcome, { flaws: [{ path: ['metadata', 'annotations', RECORD] }] })
    }
  })
}
