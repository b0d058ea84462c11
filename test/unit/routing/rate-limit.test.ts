import t from 'tap'
import { MAX_BUCKETS, RateLimiter, RateLimiters } from '../../../src/routing/rate-limit.ts'

const CALLER = { namespace: 'shop', principal: 'p', address: '10.0.0.1' }

function take(limiter: RateLimiter, bucket: string, nowMs: number): boolean {
  if (limiter.left(bucket, nowMs) < 1) return false
  limiter.take(bucket, nowMs)
  return true
}

t.test('so many at once, then one for each share of the time', async (t) => {
  const limiter = new RateLimiter({ requests: 10, per: 1000, burst: 3, by: 'route' })
  const taken = (nowMs: number): number => {
    let count = 0
    while (take(limiter, '', nowMs)) count++
    return count
  }
  t.equal(taken(5), 3)
  t.equal(limiter.waitMs('', 5), 100)
  t.equal(taken(104), 0)
  t.equal(taken(105), 1)
  t.equal(taken(405), 3)
  t.equal(taken(99_999), 3, 'never more than the burst')
})

t.test('over a long time the rate is exact', async (t) => {
  const limiter = new RateLimiter({ requests: 7, per: 1000, by: 'route' })
  let count = 0
  for (let nowMs = 0; nowMs < 100_000; nowMs += 3) if (take(limiter, '', nowMs)) count++
  t.ok(Math.abs(count - 707) <= 1, `${count}`)
})

t.test('callers are counted by what the limit says', async (t) => {
  const by = (what: 'route' | 'namespace' | 'principal' | 'address' | { header: string }): string =>
    new RateLimiter({ requests: 1, per: 1000, by: what }).bucketOf(CALLER, 'value', 0)
  t.same(
    [by('route'), by('namespace'), by('principal'), by('address'), by({ header: 'X' })],
    ['', 'shop', 'p', '10.0.0.1', 'value'],
  )
  t.equal(by({ header: 'X-User' }), 'value')
  t.equal(new RateLimiter({ requests: 1, per: 1, by: { header: 'X-User' } }).header, 'x-user')
})

t.test('a long value is counted apart, and short in memory', async (t) => {
  const limiter = new RateLimiter({ requests: 1, per: 1000, by: { header: 'x' } })
  const one = limiter.bucketOf(CALLER, 'a'.repeat(9000), 0)
  t.not(one, limiter.bucketOf(CALLER, `${'a'.repeat(8999)}b`, 0))
  t.ok(one.length < 100)
})

t.test('many names buy nothing: beyond a bound they share one bucket, until others are full again', async (t) => {
  const limiter = new RateLimiter({ requests: 1, per: 1000, by: { header: 'x' } })
  const request = (value: string, nowMs: number): boolean => take(limiter, limiter.bucketOf(CALLER, value, nowMs), nowMs)
  let passed = 0
  for (let i = 0; i < MAX_BUCKETS + 100; i++) if (request(`v${i}`, 0)) passed++
  t.equal(passed, MAX_BUCKETS + 1)
  t.equal(limiter.size, MAX_BUCKETS + 1)
  t.notOk(request('v1', 1), 'who is known is still counted alone')
  t.ok(request('late', 2000), 'there is room again')
  t.notOk(request('late', 2001))
  t.ok(limiter.size <= MAX_BUCKETS + 1)
})

t.test('a reload keeps the buckets of limits that say the same', async (t) => {
  const limiters = new RateLimiters()
  const config = { requests: 1, per: 1000, by: 'route' } as const
  const first = limiters.get('r 0', config)
  t.equal(limiters.get('r 0', { ...config }), first)
  t.not(limiters.get('r 1', config), first)
  t.not(limiters.get('r 0', { ...config, requests: 2 }), first)
})
