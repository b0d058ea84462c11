import t from 'tap'
import { Fields } from '../../../src/core/fields.ts'
import { forwardedFor, forwardedHost, forwardedProto } from '../../../src/telemetry/forwarded.ts'

const PEER = '192.0.2.9'
const cases: { name: string; given: string[]; hops: number; client: string; sent: string; peer?: string }[] = [
  { name: 'nobody in front: the peer', given: [], hops: 0, client: PEER, sent: PEER },
  {
    name: 'what the caller claims is passed on, not believed',
    given: ['1.1.1.1'],
    hops: 0,
    client: PEER,
    sent: `1.1.1.1, ${PEER}`,
  },
  {
    name: 'one trusted hop: the last entry',
    given: ['1.1.1.1, 203.0.113.5'],
    hops: 1,
    client: '203.0.113.5',
    sent: `1.1.1.1, 203.0.113.5, ${PEER}`,
  },
  {
    name: 'two trusted hops: the last but one',
    given: ['9.9.9.9, 1.1.1.1,203.0.113.5'],
    hops: 2,
    client: '1.1.1.1',
    sent: `9.9.9.9, 1.1.1.1,203.0.113.5, ${PEER}`,
  },
  { name: 'fewer entries than hops: the peer', given: ['1.1.1.1'], hops: 2, client: PEER, sent: `1.1.1.1, ${PEER}` },
  { name: 'no list in spite of a hop: the peer', given: [], hops: 1, client: PEER, sent: PEER },
  {
    name: 'several fields are one list',
    given: ['1.1.1.1', '2.2.2.2'],
    hops: 2,
    client: '1.1.1.1',
    sent: `1.1.1.1, 2.2.2.2, ${PEER}`,
  },
  { name: 'an entry that is no address: the peer', given: ['unknown'], hops: 1, client: PEER, sent: `unknown, ${PEER}` },
  { name: 'an empty list', given: [''], hops: 1, client: PEER, sent: PEER },
  { name: 'a port is cut off', given: ['1.1.1.1:4711'], hops: 1, client: '1.1.1.1', sent: `1.1.1.1:4711, ${PEER}` },
  {
    name: 'IPv6 with and without brackets',
    given: ['2001:db8::1, [2001:DB8::2]:80'],
    hops: 1,
    client: '2001:db8::2',
    sent: `2001:db8::1, [2001:DB8::2]:80, ${PEER}`,
  },
  { name: 'a mapped peer is written as IPv4', given: [], hops: 0, client: PEER, sent: PEER, peer: `::ffff:${PEER}` },
]
for (const { name, given, hops, client, sent, peer } of cases) {
  t.test(`x-forwarded-for: ${name}`, async (t) => {
    const fields = Fields.of(...given.map((value): [string, string] => ['X-Forwarded-For', value]))
    t.equal(forwardedFor(fields, peer ?? PEER, hops), client)
    t.same(fields.all('x-forwarded-for'), [sent])
  })
}

t.test('x-forwarded-for: a peer without address adds nothing', async (t) => {
  const fields = Fields.of(['X-Forwarded-For', '1.1.1.1'])
  t.equal(forwardedFor(fields, '', 0), '')
  t.same(fields.all('x-forwarded-for'), ['1.1.1.1'])
})

t.test('x-forwarded-proto is that of the connection unless a trusted hop says another', async (t) => {
  const after = (given: string[], hops: number) => {
    const fields = Fields.of(...given.map((value): [string, string] => ['X-Forwarded-Proto', value]))
    const scheme = forwardedProto(fields, 'http', hops)
    t.same(fields.all('x-forwarded-proto'), [scheme])
    return scheme
  }
  t.equal(after([], 0), 'http')
  t.equal(after(['https'], 0), 'http')
  t.equal(after(['https'], 1), 'https')
  t.equal(after(['gopher'], 1), 'http')
  t.equal(after(['https', 'http'], 1), 'http')
})

t.test('x-forwarded-host is what the caller named unless a trusted hop says another', async (t) => {
  t.same(hostsAfter(undefined, 0), ['shop.example'])
  t.same(hostsAfter('evil.example', 0), ['shop.example'])
  t.same(hostsAfter('edge.example', 1), ['edge.example'])
})

function hostsAfter(given: string | undefined, hops: number): string[] {
  const fields = given === undefined ? new Fields() : Fields.of(['X-Forwarded-Host', given])
  forwardedHost(fields, 'shop.example', hops)
  return fields.all('x-forwarded-host')
}
