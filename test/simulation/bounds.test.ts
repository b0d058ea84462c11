// What retries, budget, outlier detection, breaker and balancers must hold to together, in a simulation of a hundred endpoints and sidecars.
import t from 'tap'
import { type Setting, simulate } from '../../bench/simulate/world.ts'

t.setTimeout(180_000)

const SMALL = { seed: 7, endpoints: 100, sidecars: 100, balance: 'least_request', fault: 'none' } as const
const TROUBLED = { ...SMALL, requestsPerSecond: 20_000, beforeMs: 1000, faultMs: 3000, afterMs: 4000 } as const
const WATCHED = {
  outlierDetection: { consecutive5xx: 5, interval: '1s', baseEjection: '2s', maxEjectionPercent: 50 },
  breaker: { scope: 'service', volume: 20, window: '2s', reset: '500ms' },
}

t.test('without faults every balancer spreads load, and nothing fails', async (t) => {
  const bounds = { round_robin: 1.05, least_request: 1.3, random: 1.3, peak_ewma: 1.3, maglev: 1.4, ring_hash: 2.6 }
  for (const [balance, bound] of Object.entries(bounds)) {
    const setting: Setting = { ...SMALL, balance, requestsPerSecond: 10_000, beforeMs: 2000, faultMs: 0, afterMs: 2000 }
    const { spread, successBefore } = await simulate(setting)
    t.ok(spread <= bound, `${balance}: the busiest endpoint gets ${spread.toFixed(2)} times the mean, at most ${bound}`)
    t.equal(successBefore, 1, balance)
  }
})

t.test('one slow endpoint is no trouble', async (t) => {
  const { successDuring, amplification } = await simulate({ ...TROUBLED, fault: 'one-slow' })
  t.ok(successDuring > 0.9999, `${successDuring}`)
  t.ok(amplification < 1.02, `${amplification}`)
})

t.test('a zone that can not be reached costs next to nothing', async (t) => {
  const { successDuring, successAfter } = await simulate({ ...TROUBLED, fault: 'zone-lost', service: WATCHED })
  t.ok(successDuring > 0.998, `${successDuring} answered well while a third of the endpoints are gone`)
  t.equal(successAfter, 1)
})

t.test('while everything fails, retries add at most a quarter of the load; afterwards all is well soon', async (t) => {
  for (const [name, service] of Object.entries({ budget: {}, watched: WATCHED })) {
    const result = await simulate({ ...TROUBLED, fault: 'all-failing', service })
    t.ok(result.amplification <= 1.25, `${name}: ${result.amplification.toFixed(2)} attempts a request`)
    t.ok(result.recoveryMs <= 1500, `${name}: well again after ${result.recoveryMs} ms`)
  }
})

t.test('the same seed, the same run', async (t) => {
  const setting: Setting = {
    ...SMALL,
    endpoints: 10,
    sidecars: 10,
    fault: 'all-failing',
    requestsPerSecond: 500,
    beforeMs: 500,
    faultMs: 500,
    afterMs: 2500,
  }
  t.same(await simulate(setting), await simulate(setting))
})
