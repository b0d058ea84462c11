import t from 'tap'
import { IpSet } from '../../../src/policy/ip-set.ts'

const CASES: { name: string; blocks: string[]; has: string[]; lacks: string[] }[] = [
  {
    name: 'single addresses',
    blocks: ['10.0.0.1', '2001:db8::1'],
    has: ['10.0.0.1', '2001:db8:0::1'],
    lacks: ['10.0.0.2', '2001:db8::2'],
  },
  {
    name: 'blocks',
    blocks: ['10.1.0.0/16', '192.168.4.0/23'],
    has: ['10.1.255.255', '192.168.5.9'],
    lacks: ['10.2.0.0', '192.168.6.0'],
  },
  { name: 'a block that is not written by its first address', blocks: ['10.1.2.3/16'], has: ['10.1.9.9'], lacks: ['10.2.2.3'] },
  { name: 'everything of one family', blocks: ['0.0.0.0/0'], has: ['0.0.0.0', '255.255.255.255'], lacks: ['::1'] },
  {
    name: 'one family within the other',
    blocks: ['10.0.0.0/8', '::ffff:192.0.2.0/120'],
    has: ['::ffff:10.1.2.3', '192.0.2.7'],
    lacks: ['64:ff9b::a01:203', '192.0.3.7'],
  },
  { name: 'blocks of IPv6', blocks: ['2001:db8::/33'], has: ['2001:db8:7fff::1'], lacks: ['2001:db8:8000::1'] },
  {
    name: 'what is no address',
    blocks: ['10.0.0.0/8', '0.0.0.0/0'],
    has: [],
    lacks: ['', '10.0.0', '10.0.0.256', '010.0.0.1', '10.0.0.1.', '1.2.3.4.5', 'a.b.c.d', '10.0.0.1%'],
  },
]

for (const c of CASES)
  t.test(c.name, (t) => {
    const set = new IpSet(c.blocks)
    for (const ip of c.has) t.equal(set.has(ip), true, ip)
    for (const ip of c.lacks) t.equal(set.has(ip), false, ip)
    t.end()
  })
