import t from 'tap'
import { z } from 'zod'
import {
  address,
  duration,
  formatDuration,
  formatSize,
  ip,
  label,
  name,
  parseDuration,
  port,
  positiveDuration,
  size,
} from '../../../src/config/types.ts'

t.test('durations', async (t) => {
  const good: readonly [string, number][] = [
    ['0', 0],
    ['250ms', 250],
    ['1.5s', 1500],
    ['1m30s', 90_000],
    ['2h', 7_200_000],
    ['24d', 2_073_600_000],
    ['0s', 0],
  ]
  for (const [text, ms] of good) t.equal(parseDuration(text), ms, text)
  for (const text of ['', '5', 's', '-1s', '1 s', '1s ', '1w', '1S', '25d', '1e3s', '.5s']) {
    t.equal(parseDuration(text), undefined, JSON.stringify(text))
  }
  for (const ms of [0, 1, 1500, 90_000, 3_600_000, 86_400_000]) t.equal(parseDuration(formatDuration(ms)), ms, String(ms))
  t.equal(formatDuration(3_600_000), '1h')
  t.equal(formatDuration(1500), '1500ms')
})

t.test('a duration is text outside and milliseconds inside, its default too', async (t) => {
  const schema = z.object({ timeout: duration('15s') })
  t.same(schema.parse({}), { timeout: 15_000 })
  t.same(schema.parse({ timeout: '1m' }), { timeout: 60_000 })
  t.same(schema.parse({ timeout: 0 }), { timeout: 0 })
  t.same(schema.encode({ timeout: 60_000 }), { timeout: '1m' })
  for (const timeout of [5, '5', null, true]) t.notOk(schema.safeParse({ timeout }).success, String(timeout))
})

t.test('a duration that cannot be 0', async (t) => {
  t.equal(positiveDuration('5s').parse(undefined), 5000)
  t.notOk(positiveDuration('5s').safeParse('0').success)
  t.notOk(positiveDuration('5s').safeParse(0).success)
  t.notOk(positiveDuration('5s').safeParse('0s').success)
})

t.test('sizes', async (t) => {
  const schema = size('60KiB')
  t.equal(schema.parse(undefined), 61_440)
  t.equal(schema.parse(5), 5)
  t.equal(schema.parse('5'), 5)
  t.equal(schema.parse('5B'), 5)
  t.equal(schema.parse('2MiB'), 2_097_152)
  for (const value of ['1kb', '1.5KiB', '-1', -1, 1.5, '', null]) t.notOk(schema.safeParse(value).success, String(value))
  t.equal(formatSize(0), 0)
  t.equal(formatSize(1000), 1000)
  t.equal(formatSize(2_097_152), '2MiB')
})

t.test('addresses', async (t) => {
  const schema = address('127.0.0.1:80')
  const good = [
    '127.0.0.1:80',
    '[::1]:80',
    ':80',
    'localhost:0',
    'a_b.example.com:65535',
    'unix:/run/app.sock',
    'unix:relative.sock',
  ]
  const bad = [
    '',
    '80',
    'host',
    '256.1.1.1:80',
    '1.2.3:80',
    '::1:80',
    '[::1]',
    'a b:80',
    'host:65536',
    'host:-1',
    'host:x',
    'unix:',
  ]
  for (const text of good) t.ok(schema.safeParse(text).success, text)
  for (const text of bad) t.notOk(schema.safeParse(text).success, JSON.stringify(text))
  t.ok(ip().safeParse('::1').success)
  t.notOk(ip().safeParse('1.2.3').success)
  t.notOk(ip().safeParse('host').success)
})

t.test('ports and names', async (t) => {
  t.ok(port().safeParse(65_535).success)
  for (const value of [0, 65_536, 1.5, '80']) t.notOk(port().safeParse(value).success, String(value))
  t.ok(name().safeParse('cart-1.v2').success)
  t.notOk(label().safeParse('cart-1.v2').success)
  t.ok(label().safeParse('a'.repeat(63)).success)
  for (const value of ['', 'A', '-a', 'a-', 'a_b', 'a'.repeat(64)]) t.notOk(label().safeParse(value).success, value)
})
