// Health checks on a fake clock: thresholds, the first check, jitter.
import t from 'tap'
import { serviceSchema } from '../../../../src/config/schema/services.ts'
import type { Endpoint } from '../../../../src/upstream/endpoint.ts'
import { type Finding, HealthChecker, type HealthConfig } from '../../../../src/upstream/health/checker.ts'
import { endpointsOf } from '../../../contract/balancer.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

function setUp(health: Record<string, unknown> = {}) {
  const clock = new FakeClock([0])
  const config = serviceSchema.parse({ name: 'a', port: 80, health: { jitter: '0', ...health } }).health as HealthConfig
  const asked: string[] = []
  const events: string[] = []
  const state = { finding: '' }
  let pending: ((finding: Finding) => void) | undefined
  const checker = new HealthChecker(config, {
    clock,
    probe: (endpoint, done) => {
      asked.push(endpoint.address)
      if (state.finding === 'never') pending = done
      else clock.after(0, () => done(state.finding))
      return () => (pending = undefined)
    },
    onChange: (endpoint, healthy, finding) => events.push(`${endpoint.address} ${healthy ? 'well' : finding}`),
  })
  return { clock, checker, asked, events, state, isPending: () => pending !== undefined }
}

t.test('all are asked at once, then once an interval', async (t) => {
  const { clock, checker, asked } = setUp({ interval: '10s' })
  checker.use(endpointsOf([1, 1]))
  clock.advance(100)
  t.equal(asked.length, 2)
  clock.advance(10_000)
  t.equal(asked.length, 4)
  clock.advance(30_000)
  t.equal(asked.length, 10)
})

t.test('the first finding decides, later ones only several in a row', async (t) => {
  const { clock, checker, events, state } = setUp({ interval: '1s', unhealthy: 3, healthy: 2 })
  const [endpoint] = endpointsOf([1]) as [Endpoint]
  state.finding = 'status 500'
  checker.use([endpoint])
  t.ok(endpoint.available, 'nothing is known yet')
  clock.advance(100)
  t.match(endpoint.state, { state: 'unhealthy', reason: 'status 500' })
  state.finding = ''
  clock.advance(1000)
  t.notOk(endpoint.available, 'one good check is too few')
  clock.advance(1000)
  t.ok(endpoint.available)
  state.finding = 'no answer in time'
  clock.advance(2000)
  t.ok(endpoint.available, 'two failed ones are too few')
  clock.advance(1000)
  t.notOk(endpoint.available)
  t.same(events, ['10.0.0.0:80 status 500', '10.0.0.0:80 well', '10.0.0.0:80 no answer in time'])
})

t.test('a good check in between breaks a run of failed ones', async (t) => {
  const { clock, checker, state } = setUp({ interval: '1s', unhealthy: 2 })
  const [endpoint] = endpointsOf([1]) as [Endpoint]
  checker.use([endpoint])
  clock.advance(100)
  for (let round = 0; round < 5; round++) {
    state.finding = 'bad'
    clock.advance(1000)
    state.finding = ''
    clock.advance(1000)
  }
  t.ok(endpoint.available)
})

t.test('one that joins others gets traffic after its first good check', async (t) => {
  const { clock, checker } = setUp()
  const [first, second] = endpointsOf([1, 1]) as [Endpoint, Endpoint]
  checker.use([first])
  clock.advance(100)
  checker.use([first, second])
  t.notOk(second.available)
  clock.advance(100)
  t.ok(second.available)
})

t.test('what leaves is not asked again, and a check under way is given up', async (t) => {
  const { clock, checker, asked, state, isPending } = setUp()
  state.finding = 'never'
  checker.use(endpointsOf([1]))
  clock.advance(100)
  t.ok(isPending())
  checker.close()
  t.notOk(isPending())
  t.equal(clock.timers, 0)
  clock.advance(60_000)
  t.equal(asked.length, 1)
})

t.test('jitter makes intervals differ', async (t) => {
  const { clock, checker, asked } = setUp({ interval: '10s', jitter: '4s' })
  clock.random = () => 0.5
  checker.use(endpointsOf([1]))
  clock.advance(50)
  t.equal(asked.length, 1)
  clock.advance(11_999)
  t.equal(asked.length, 1)
  clock.advance(1)
  t.equal(asked.length, 2)
})
