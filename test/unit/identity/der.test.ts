import t from 'tap'
import { DerReader, der, derBits, derInteger, derOid, derTime, readOid, readTime, TAG } from '../../../src/identity/der.ts'

t.test('reads what it has written, whatever its length', async (t) => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536, 100_000]) {
    const element = new DerReader(der(TAG.octets, Buffer.alloc(length, 7))).next(TAG.octets)
    t.equal(element.content.length, length)
  }
})

t.test('writes object identifiers as X.690 has them', async (t) => {
  t.equal(derOid('1.2.840.10045.4.3.2').toString('hex'), '06082a8648ce3d040302')
  for (const oid of ['2.5.29.17', '1.2.840.113549.1.1.11', '1.3.6.1.5.5.7.3.1', '0.9.2342'])
    t.equal(readOid(new DerReader(derOid(oid)).next()), oid)
})

t.test('writes numbers without leading zeros and never as negative ones', async (t) => {
  t.equal(derInteger(Buffer.from([0, 0, 5])).toString('hex'), '020105')
  t.equal(derInteger(Buffer.from([0x80])).toString('hex'), '02020080')
  t.equal(derInteger(Buffer.from([0])).toString('hex'), '020100')
  t.equal(derBits(Buffer.from([6]), 1).toString('hex'), '03020106')
})

t.test('writes times of both centuries as RFC 5280 wants them', async (t) => {
  for (const text of ['2026-11-25T15:00:00.000Z', '2049-12-31T23:59:59.000Z', '2050-01-01T00:00:00.000Z']) {
    const element = new DerReader(derTime(Date.parse(text))).next()
    t.equal(element.tag, text < '2050' ? TAG.utcTime : TAG.time)
    t.equal(readTime(element), Date.parse(text))
  }
  t.throws(() => readTime(new DerReader(der(TAG.utcTime, Buffer.from('2611251500Z'))).next()))
})

const WRONG: Record<string, string> = {
  'an element longer than its bytes': '0405aabb',
  'a length of an unknown size': '0480aabb0000',
  'a length in more bytes than needed': '048101aa',
  'a tag of several bytes': '1f8101',
  'nothing at all': '',
}
for (const [name, hex] of Object.entries(WRONG)) {
  t.test(`refuses ${name}`, async (t) => {
    t.throws(() => new DerReader(Buffer.from(hex, 'hex')).next())
  })
}
