// The time that callers give, read and passed on.
import t from 'tap'
import { Fields } from '../../../src/core/fields.ts'
import { callerTimeoutMs, formatGrpcTimeout, parseGrpcTimeout, tellTimeLeft } from '../../../src/exchange/call-time.ts'
import { requestHead } from '../../support/outcome.ts'

t.test('reads every unit', async (t) => {
  for (const [text, ms] of [
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3000],
    ['4m', 4],
    ['5000u', 5],
    ['6000000n', 6],
    ['99999999S', 99_999_999_000],
  ] as const)
    t.equal(parseGrpcTimeout(text), ms, text)
})

t.test('what is malformed, or 0, is no time', async (t) => {
  for (const text of ['', 'm', '0m', '1', '1s', '-1S', '1.5S', ' 1S', '100000000S', '1SS'])
    t.equal(parseGrpcTimeout(text), 0, text)
  t.equal(callerTimeoutMs(requestHead()), 0)
})

t.test('writes what it can read, never less than was left', async (t) => {
  for (const ms of [0.2, 1, 999.4, 100_000_000, 1e12]) {
    const back = parseGrpcTimeout(formatGrpcTimeout(ms))
    t.ok(back >= ms && back <= Math.max(ms * 1.001, ms + 1), `${ms}: ${back}`)
  }
})

t.test('an attempt is told the shorter of its own time and what is left of the whole', async (t) => {
  const told = (attemptMs: number, grpc: boolean, leftMs: number): string | undefined => {
    const request = requestHead({ fields: new Fields() })
    tellTimeLeft(request, { attemptMs, grpc }, leftMs)
    return request.fields.get(grpc ? 'grpc-timeout' : 'x-envoy-expected-rq-timeout-ms')
  }
  t.equal(told(0, false, 1500.2), '1501')
  t.equal(told(100, false, 1500), '100')
  t.equal(told(0, true, 1500), '1500m')
  t.equal(told(100, true, 1500), '1500m', 'a stream outlives the time that its head may take')
  t.equal(told(0, false, Infinity), undefined)
  t.equal(told(0, false, -3), '1')
})
