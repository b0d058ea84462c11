import t from 'tap'
import { Pairs } from '../../../src/telemetry/pairs.ts'
import { partyOf } from '../../../src/telemetry/party.ts'

const MINUTES = 60_000

const party = (i: number) => partyOf({ name: `w${i}`, namespace: 'n' })

function setUp(maxSeries: number) {
  const now = { ms: 0 }
  const overflows = { count: 0 }
  const pairs = new Pairs(
    maxSeries,
    () => now.ms,
    () => overflows.count++,
  )
  const destination = party(0)
  const record = (i: number) => {
    const pair = pairs.of('inbound', party(i), destination)
    const series = pairs.http(pair, 200 << 6)
    series.add(1, 0, 0)
    return series
  }
  return { now, overflows, pairs, record, destination }
}

t.test('above the cap everything is counted in one overflow series', async (t) => {
  const { pairs, record, overflows } = setUp(3)
  const kept = [1, 2, 3].map(record)
  const over = [4, 5, 6].map(record)
  t.equal(new Set(kept).size, 3)
  t.equal(new Set(over).size, 1)
  t.match(over[0]?.labels, /^reporter="overflow",source_workload="overflow".*response_code="overflow"/)
  t.equal(over[0]?.count, 3)
  t.equal(pairs.httpCount, 3)
  t.equal(overflows.count, 3)
  t.equal(record(2), kept[1], 'those from before keep theirs')
})

t.test('many statuses of one pair are capped too', async (t) => {
  const { pairs, destination } = setUp(5)
  const pair = pairs.of('inbound', party(1), destination)
  const series = Array.from({ length: 20 }, (_, i) => pairs.http(pair, (200 + i) << 6))
  t.equal(new Set(series).size, 6)
})

t.test('what was silent for ten minutes makes room, what was not stays', async (t) => {
  const { now, pairs, record } = setUp(2)
  record(1)
  const busy = record(2)
  pairs.scraped()
  now.ms += 9 * MINUTES
  record(2)
  pairs.scraped()
  now.ms += 2 * MINUTES
  const fresh = record(3)
  t.notMatch(fresh.labels, 'overflow')
  t.equal(record(2), busy)
  t.equal(pairs.httpCount, 2)
  t.match(record(1).labels, 'overflow', 'the silent one has gone')
})

t.test('an overflow ends by itself once there is room', async (t) => {
  const { now, pairs, record } = setUp(1)
  record(1)
  t.match(record(2).labels, 'overflow')
  pairs.scraped()
  now.ms += 11 * MINUTES
  record(2)
  pairs.scraped()
  t.notMatch(record(2).labels, 'overflow')
})

t.test('a pair that returns after a long silence with another status is counted where it is seen', async (t) => {
  const { now, pairs, destination } = setUp(1)
  const source = party(1)
  const pair = pairs.of('inbound', source, destination)
  pairs.http(pair, 200 << 6).add(1, 0, 0)
  pairs.scraped()
  now.ms += 11 * MINUTES
  pairs.http(pair, 404 << 6).add(1, 0, 0)
  const seen = [...pairs].flatMap(({ http }) => [...http.values()])
  t.match(seen.map(({ labels }) => labels).join(), /^[^,]*,.*response_code="404"/)
  t.equal(seen.length, 1)
  t.equal(pairs.of('inbound', source, destination), pair)
})

t.test('room is not looked for at every record', async (t) => {
  const { now, record } = setUp(1)
  record(1)
  record(2)
  now.ms += 5000
  t.match(record(3).labels, 'overflow')
})

t.test('TCP series with open connections are never dropped', async (t) => {
  const { now, pairs, destination } = setUp(1)
  const series = pairs.tcp(pairs.of('inbound', party(1), destination), 0)
  series.live = 1
  now.ms += 60 * MINUTES
  t.match(pairs.tcp(pairs.of('inbound', party(2), destination), 0).labels, 'overflow')
  series.live = 0
  pairs.scraped()
  now.ms += 11 * MINUTES
  pairs.scraped()
  t.notMatch(pairs.tcp(pairs.of('inbound', party(2), destination), 0).labels, 'overflow')
})

t.test('one that asks for the same parties gets the same pair, also in the other direction its own', async (t) => {
  const { pairs, destination } = setUp(9)
  const source = party(1)
  t.equal(pairs.of('inbound', source, destination), pairs.of('inbound', source, destination))
  t.equal(pairs.of('inbound', source, destination), pairs.of('inbound', party(1), party(0)))
  t.not(pairs.of('inbound', source, destination), pairs.of('outbound', source, destination))
})

t.test('label values are escaped, missing ones are unknown', async (t) => {
  const { pairs, destination } = setUp(9)
  const { labels } = pairs.of('outbound', partyOf({ name: 'a"b\\c\nd' }), destination)
  t.match(labels, 'source_workload="a\\"b\\\\c\\nd"')
  t.match(labels, 'source_principal="unknown"')
  t.match(labels, 'source_canonical_revision="latest"')
})
