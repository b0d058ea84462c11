// Outlier detection on a fake clock, by Envoy's own cases.
import t from 'tap'
import { serviceSchema } from '../../../../src/config/schema/services.ts'
import { EJECTED, type Endpoint } from '../../../../src/upstream/endpoint.ts'
import { type Detection, OutlierDetector } from '../../../../src/upstream/outlier/detector.ts'
import { endpointsOf } from '../../../contract/balancer.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { outsideCases } from '../../../support/outside-cases.ts'

interface Step {
  readonly tMs?: number
  readonly tick?: boolean
  readonly host?: number | 'all'
  readonly repeat?: number
  readonly results?: readonly (readonly [number | string, number])[]
  readonly removeHosts?: readonly number[]
  readonly ticksMs?: readonly [number, number]
  readonly loop?: string
  readonly expect?: { readonly ejected?: readonly number[]; readonly ejectionsActive?: number }
}

interface OutlierCase {
  readonly id: string
  readonly name: string
  readonly config: Readonly<Record<string, number | boolean>>
  readonly hosts: number
  readonly steps: readonly Step[]
  readonly counters?: Readonly<Record<string, number>>
  readonly expectConfigError?: boolean
}

const KEYS: Readonly<Record<string, (value: number | boolean) => object>> = {
  splitExternalLocalOriginErrors: (splitLocal) => ({ splitLocal }),
  consecutive5xx: (consecutive5xx) => ({ consecutive5xx }),
  maxEjectionPercent: (maxEjectionPercent) => ({ maxEjectionPercent }),
  baseEjectionTimeMs: (ms) => ({ baseEjection: `${ms}ms` }),
  maxEjectionTimeMs: (ms) => ({ maxEjection: `${ms}ms` }),
  maxEjectionTimeJitterMs: (ms) => ({ ejectionJitter: `${ms}ms` }),
  failurePercentageThreshold: (threshold) => ({ failurePercentage: { threshold } }),
  enforcingConsecutive5xx: (consecutive5xx) => ({ enforcing: { consecutive5xx } }),
  enforcingConsecutiveGatewayFailure: (consecutiveGatewayErrors) => ({ enforcing: { consecutiveGatewayErrors } }),
  enforcingConsecutiveLocalOriginFailure: (consecutiveLocalFailures) => ({ enforcing: { consecutiveLocalFailures } }),
  enforcingSuccessRate: (successRate) => ({ enforcing: { successRate } }),
  enforcingLocalOriginSuccessRate: (localSuccessRate) => ({ enforcing: { localSuccessRate } }),
  enforcingFailurePercentage: (failurePercentage) => ({ enforcing: { failurePercentage } }),
  enforcingFailurePercentageLocalOrigin: (localFailurePercentage) => ({ enforcing: { localFailurePercentage } }),
}

function settingsOf(config: OutlierCase['config']): Record<string, unknown> {
  const settings: Record<string, Record<string, unknown>> = {}
  for (const [key, value] of Object.entries(config)) {
    for (const [name, part] of Object.entries(KEYS[key]?.(value) ?? {})) {
      settings[name] = typeof part === 'object' ? { ...settings[name], ...part } : part
    }
  }
  return settings
}

function setUp(config: OutlierCase['config'], hosts: number) {
  const clock = new FakeClock([0])
  const endpoints = endpointsOf(Array<number>(hosts).fill(1))
  const { outlierDetection } = serviceSchema.parse({ name: 'a', port: 80, outlierDetection: settingsOf(config) })
  const detected: [Detection, boolean][] = []
  const detector = new OutlierDetector(outlierDetection as NonNullable<typeof outlierDetection>, {
    clock,
    onDetected: (_endpoint, detection, ejected) => detected.push([detection, ejected]),
    onReturned: () => {},
  })
  detector.use(endpoints)
  return { clock, endpoints, detector, detected }
}

/** What happened, as the sources say it, as this detector is told it. */
function tell(detector: OutlierDetector, endpoint: Endpoint, result: number | string): void {
  if (typeof result === 'number') {
    detector.answered(endpoint, result)
    return
  }
  const [what, status] = result.split('-timeout-').length > 1 ? ['', ''] : [result, /^timeout-(\d+)$/.exec(result)?.[1]]
  if (what === 'external-failed') detector.answered(endpoint, 500)
  else if (what === 'external-success') detector.answered(endpoint, 200)
  else if (what === 'connect-failed') detector.failed(endpoint, 503)
  else if (what === 'connect-success') detector.reached(endpoint)
  else detector.failed(endpoint, Number(status ?? 504))
}

/** A sweep at any time is what the sources do; here it has its interval. */
const SWEEP_MS = 10_000

for (const c of outsideCases(t, 'resilience.json', 'outlierDetection') as readonly OutlierCase[]) {
  if (c.steps.length === 0 || c.steps.some(({ loop }) => loop !== undefined)) continue
  t.test(`outside case ${c.id}: ${c.name}`, async (t) => {
    const { clock, endpoints, detector, detected } = setUp(c.config, c.hosts)
    const startMs = clock.nowMs()
    for (const step of c.steps) {
      const { tMs = 0, tick = false, ticksMs } = step
      // a sweep that the case has between two of ours is the next of ours
      const atMs = ticksMs?.[1] ?? (tick ? Math.ceil(tMs / SWEEP_MS) * SWEEP_MS : tMs)
      clock.advance(Math.max(0, startMs + atMs - clock.nowMs()))
      const told = step.host === 'all' ? endpoints : step.host === undefined ? [] : [endpoints[step.host] as Endpoint]
      for (let round = 0; round < (step.repeat ?? 1); round++)
        for (const endpoint of told)
          for (const [result, count] of step.results ?? []) for (let i = 0; i < count; i++) tell(detector, endpoint, result)
      if (step.removeHosts !== undefined) detector.use(endpoints.filter((_, i) => step.removeHosts?.includes(i) === false))
      const { ejected, ejectionsActive } = step.expect ?? {}
      if (ejected !== undefined && (!tick || tMs % SWEEP_MS <= 2)) {
        const now = endpoints.flatMap((endpoint, i) => (endpoint.has(EJECTED) ? [i] : []))
        t.same(now, ejected, `at ${tMs} ms`)
      }
      if (ejectionsActive !== undefined && (!tick || tMs % SWEEP_MS <= 2)) t.equal(detector.ejected, ejectionsActive)
    }
    const total = c.counters?.['ejections_enforced_total']
    if (total !== undefined) t.equal(detected.filter(([, ejected]) => ejected).length, total, 'ejections in all')
    detector.close()
    t.ok(
      endpoints.every((endpoint) => endpoint.available),
      'closing it lets all of them back in',
    )
    t.equal(clock.timers, 0)
  })
}

t.test('an ejection lasts as many times its base as there were before, up to the longest', async (t) => {
  const { clock, endpoints, detector } = setUp({ baseEjectionTimeMs: 10_000, maxEjectionTimeMs: 30_000 }, 1)
  const [endpoint] = endpoints as [Endpoint]
  for (const sweeps of [1, 2, 3, 3, 3]) {
    for (let i = 0; i < 5; i++) detector.answered(endpoint, 500)
    for (let sweep = 1; sweep < sweeps; sweep++) {
      clock.advance(10_000)
      t.ok(endpoint.has(EJECTED), `${sweeps}: still out`)
    }
    clock.advance(10_000)
    t.notOk(endpoint.has(EJECTED), `${sweeps}: back`)
  }
})

t.test('an endpoint that a health check finds well comes back at once', async (t) => {
  const { endpoints, detector } = setUp({}, 1)
  const [endpoint] = endpoints as [Endpoint]
  for (let i = 0; i < 5; i++) detector.answered(endpoint, 500)
  t.match(endpoint.state, { state: 'ejected', reason: /500/ })
  detector.healthy(endpoint)
  t.match(endpoint.state, { state: 'ready', reason: '' })
})
