// The error-rate breaker on a fake clock: opens, lets one probe through, closes.
import t from 'tap'
import { serviceSchema } from '../../../../src/config/schema/services.ts'
import { Breaker, type BreakerState, type Call, Rotation } from '../../../../src/upstream/breaker/breaker.ts'
import { Breakers } from '../../../../src/upstream/breaker/breakers.ts'
import type { Endpoint } from '../../../../src/upstream/endpoint.ts'
import { endpointsOf } from '../../../contract/balancer.ts'
import { FakeClock, settled } from '../../../support/fake-clock.ts'
import { outsideCases } from '../../../support/outside-cases.ts'

function configOf(breaker: Record<string, unknown>) {
  return serviceSchema.parse({ name: 'a', port: 80, breaker }).breaker as NonNullable<
    ReturnType<typeof serviceSchema.parse>['breaker']
  >
}

function setUp(settings: Record<string, unknown> = {}) {
  const clock = new FakeClock()
  const config = configOf(settings)
  const rotation = new Rotation(config, clock)
  const states: BreakerState[] = []
  const breaker = new Breaker(config, { clock, rotation, onState: (state) => states.push(state) })
  const call = async (end: 'succeeded' | 'failed'): Promise<void> => {
    ;(breaker.begin() as Call)[end]()
    await settled()
  }
  return { clock, breaker, rotation, states, call }
}

t.test('opens when more than the share of the calls within the window fail, and there are enough', async (t) => {
  const { breaker, call } = setUp({ errorPercent: 50, volume: 10 })
  for (let i = 0; i < 9; i++) await call('failed')
  t.equal(breaker.state, 'closed', 'nine are too few')
  await call('failed')
  t.equal(breaker.state, 'open')
  t.equal(breaker.begin(), undefined)
})

t.test('half of them is not more than half', async (t) => {
  const { breaker, call } = setUp({ errorPercent: 50, volume: 2 })
  for (let i = 0; i < 10; i++) {
    await call('succeeded')
    await call('failed')
  }
  t.equal(breaker.state, 'closed')
  await call('failed')
  t.equal(breaker.state, 'open')
})

t.test('what is older than the window does not count', async (t) => {
  const { clock, breaker, call } = setUp({ volume: 5, window: '10s' })
  for (let i = 0; i < 4; i++) await call('failed')
  clock.advance(11_000)
  for (let i = 0; i < 4; i++) await call('failed')
  t.equal(breaker.state, 'closed')
})

t.test('after its time lets exactly one call through, which closes it', async (t) => {
  const { clock, breaker, states, call } = setUp({ volume: 1, reset: '30s' })
  await call('failed')
  clock.advance(29_999)
  t.equal(breaker.begin(), undefined)
  clock.advance(1)
  t.equal(breaker.state, 'half-open')
  const probe = breaker.begin() as Call
  t.ok(probe)
  t.equal(breaker.begin(), undefined, 'one probe is enough')
  probe.succeeded()
  await settled()
  t.equal(breaker.state, 'closed')
  t.ok(breaker.begin())
  t.same(states, ['open', 'half-open', 'closed'])
})

t.test('a probe that fails, or that nobody sees the end of, opens it again for as long', async (t) => {
  for (const end of ['failed', 'givenUp'] as const) {
    const { clock, breaker, call } = setUp({ volume: 1, reset: '30s' })
    await call('failed')
    clock.advance(30_000)
    ;(breaker.begin() as Call)[end]()
    await settled()
    t.equal(breaker.state, 'open', end)
    clock.advance(30_000)
    t.equal(breaker.state, 'half-open', end)
  }
})

t.test('closed again, it begins to count anew', async (t) => {
  const { clock, breaker, call } = setUp({ volume: 3, reset: '1s', window: '1m' })
  for (let i = 0; i < 3; i++) await call('failed')
  clock.advance(1000)
  await call('succeeded')
  await call('failed')
  await call('failed')
  t.equal(breaker.state, 'closed', 'two calls are too few, whatever was before')
})

t.test('one that came late from before it opened changes nothing', async (t) => {
  const { clock, breaker, call } = setUp({ errorPercent: 10, volume: 1, reset: '1s' })
  const late = breaker.begin() as Call
  await call('failed')
  clock.advance(1000)
  late.succeeded()
  await settled()
  t.equal(breaker.state, 'half-open')
})

t.test('closed, it leaves no timer behind', async (t) => {
  const { clock, breaker, rotation, call } = setUp({ volume: 1 })
  await call('failed')
  breaker.close()
  rotation.close()
  t.equal(clock.timers, 0)
})

interface OpossumCase {
  readonly id: string
  readonly model: string
  readonly name: string
  readonly config: {
    readonly errorThresholdPercentage: number
    readonly resetTimeoutMs: number
    readonly volumeThreshold?: number
  }
  readonly steps: readonly { readonly response?: string | number; readonly tMs: number; readonly state: string }[]
}

for (const { id, model, name, config, steps } of outsideCases(t, 'resilience.json', 'breaker') as readonly OpossumCase[]) {
  if (model !== 'opossum') continue
  t.test(`outside case ${id}: ${name}`, async (t) => {
    const { clock, breaker, call } = setUp({
      errorPercent: config.errorThresholdPercentage,
      reset: `${config.resetTimeoutMs}ms`,
      volume: config.volumeThreshold ?? 1,
    })
    const startMs = clock.nowMs()
    for (const { tMs, response, state } of steps) {
      clock.advance(startMs + tMs - clock.nowMs())
      // statuses below 500 are no failures, which is how calls are told here
      if (response !== undefined) await call(response === 'fail' || Number(response) >= 500 ? 'failed' : 'succeeded')
      t.equal(breaker.state, state, `at ${tMs} ms`)
    }
  })
}

t.test('an endpoint whose breaker is open gets no traffic, but for the probe', async (t) => {
  const clock = new FakeClock()
  const events: string[] = []
  const breakers = new Breakers(configOf({ volume: 1, reset: '1s' }), {
    clock,
    onState: (endpoint, state) => events.push(`${endpoint?.address} ${state}`),
  })
  const [first, second] = endpointsOf([1, 1]) as [Endpoint, Endpoint]
  breakers.begin(first)?.failed()
  await settled()
  t.match(first.state, { state: 'breaker_open', reason: /failures/ })
  t.ok(breakers.begin(second), 'the other one is not touched')
  clock.advance(1000)
  t.equal(first.available, true)
  const probe = breakers.begin(first) as Call
  t.equal(first.available, false, 'while the probe is under way')
  probe.succeeded()
  await settled()
  t.equal(first.available, true)
  t.same(events, ['10.0.0.0:80 open', '10.0.0.0:80 half-open', '10.0.0.0:80 closed'])
  breakers.close()
  t.equal(clock.timers, 0)
})

t.test('one breaker for the whole service', async (t) => {
  const clock = new FakeClock()
  const breakers = new Breakers(configOf({ volume: 2, scope: 'service' }), { clock, onState: () => {} })
  const [first, second] = endpointsOf([1, 1]) as [Endpoint, Endpoint]
  breakers.begin(first)?.failed()
  breakers.begin(second)?.failed()
  await settled()
  t.equal(breakers.begin(first), undefined)
  t.equal(breakers.begin(second), undefined)
  t.ok(first.available, 'no endpoint is to blame')
})
