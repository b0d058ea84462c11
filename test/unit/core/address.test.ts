import t from 'tap'
import {
  canonicalIp,
  formatAddress,
  formatHostPort,
  isIp,
  mustParseAddress,
  parseAddress,
  parseCidr,
  splitHostPort,
} from '../../../src/core/address.ts'

t.test('reads host and port, brackets, all interfaces and Unix sockets', async (t) => {
  t.same(parseAddress('127.0.0.1:80'), { kind: 'tcp', host: '127.0.0.1', port: 80 })
  t.same(parseAddress('catalog.shop:8080'), { kind: 'tcp', host: 'catalog.shop', port: 8080 })
  t.same(parseAddress('[::1]:80'), { kind: 'tcp', host: '::1', port: 80 })
  t.same(parseAddress(':0'), { kind: 'tcp', host: '::', port: 0 })
  t.same(parseAddress('unix:/run/app.sock'), { kind: 'unix', path: '/run/app.sock' })
})

for (const text of [
  '',
  'host',
  '[::1]',
  '::1:80',
  '[::1:80',
  '[nonsense]:80',
  '[::1]80',
  'a:65536',
  'a:-1',
  'a:8o',
  'a:',
  'a:1:2',
  'unix:',
]) {
  t.test(`takes '${text}' for no address`, async (t) => {
    t.equal(parseAddress(text), undefined)
    t.throws(() => mustParseAddress(text), { name: 'TypeError' })
  })
}

t.test('writes an address as it is read', async (t) => {
  for (const text of ['127.0.0.1:80', '[::1]:80', 'unix:/run/app.sock']) t.equal(formatAddress(mustParseAddress(text)), text)
  t.equal(formatHostPort('::1', 1), '[::1]:1')
  t.equal(formatHostPort('a.b', 1), 'a.b:1')
})

t.test('splits a host from a port that may be missing', async (t) => {
  t.same(splitHostPort('catalog.shop'), { host: 'catalog.shop', port: undefined })
  t.same(splitHostPort('catalog.shop:80'), { host: 'catalog.shop', port: 80 })
  t.same(splitHostPort('[fe80::1]'), { host: 'fe80::1', port: undefined })
  t.same(splitHostPort('[fe80::1]:443'), { host: 'fe80::1', port: 443 })
  t.equal(splitHostPort('fe80::1'), undefined)
  t.equal(splitHostPort('a:000080'), undefined)
})

t.test('knows addresses from names, and only the usual spelling of IPv4', async (t) => {
  for (const ip of ['10.0.0.1', '::1', 'fe80::1', '::ffff:10.0.0.1']) t.ok(isIp(ip), ip)
  for (const text of ['catalog', '10.0.1', '0x7f000001', '127.1', '2130706433', '', '1.2.3.4.5']) t.notOk(isIp(text), text)
})

t.test('gives one spelling to one address', async (t) => {
  t.equal(canonicalIp('::ffff:10.0.0.1'), '10.0.0.1')
  t.equal(canonicalIp('::FFFF:a00:1'), '10.0.0.1')
  t.equal(canonicalIp('FE80:0:0::0001'), 'fe80::1')
  t.equal(canonicalIp('10.0.0.1'), '10.0.0.1')
  t.equal(canonicalIp('not:an:address'), 'not:an:address')
})

const blocks: { cidr: string; inside: string[]; outside: string[] }[] = [
  { cidr: '10.1.0.0/16', inside: ['10.1.0.0', '10.1.255.255', '::ffff:10.1.2.3'], outside: ['10.2.0.0', '::1', '', 'name'] },
  { cidr: '10.1.2.3', inside: ['10.1.2.3', '::ffff:10.1.2.3'], outside: ['10.1.2.4'] },
  { cidr: '0.0.0.0/0', inside: ['1.2.3.4', '255.255.255.255'], outside: ['::1'] },
  { cidr: 'fd00::/8', inside: ['fd12::1'], outside: ['fe80::1', '10.0.0.1'] },
  { cidr: '::1', inside: ['::1', '0:0::1'], outside: ['::2'] },
  { cidr: '10.1.2.3/32', inside: ['10.1.2.3'], outside: ['10.1.2.2'] },
]

for (const { cidr, inside, outside } of blocks) {
  t.test(`tells what is in ${cidr}`, async (t) => {
    const block = parseCidr(cidr)
    t.equal(block?.text, cidr)
    for (const ip of inside) t.equal(block?.contains(ip), true, ip)
    for (const ip of outside) t.equal(block?.contains(ip), false, ip)
  })
}

t.test('takes nonsense for no block', async (t) => {
  for (const text of ['', '10.0.0.0/33', '10.0.0.0/', 'fd00::/129', 'name', '10.0.0.0/8/8'])
    t.equal(parseCidr(text), undefined, text)
})
