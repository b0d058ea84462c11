import t from 'tap'
import { refusal } from '../../../src/admin/guard.ts'
import { mustParseAddress } from '../../../src/core/address.ts'

const loopback = mustParseAddress('127.0.0.1:15000')

t.test('a name that is not ours is refused: it may resolve to us only now', async (t) => {
  for (const host of ['localhost:15000', 'LOCALHOST', '127.0.0.1:15000', '127.1.2.3', '[::1]:15000', '[::1]']) {
    t.equal(refusal('GET', { host }, loopback), undefined, host)
  }
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '10.0.0.1',
    '127.0.0.1.evil.example',
    '',
    '[::1',
    'a:b:c',
    '0',
    '2130706433',
  ]) {
    t.type(refusal('GET', { host }, loopback), 'string', host)
  }
})

t.test('the address it listens on is ours; where it listens everywhere, every address is, and still no name', async (t) => {
  t.equal(refusal('GET', { host: '10.0.0.5:15000' }, mustParseAddress('10.0.0.5:15000')), undefined)
  t.type(refusal('GET', { host: '10.0.0.6:15000' }, mustParseAddress('10.0.0.5:15000')), 'string')
  t.equal(refusal('GET', { host: '10.0.0.6:15000' }, mustParseAddress('0.0.0.0:15000')), undefined)
  t.type(refusal('GET', { host: 'evil.example' }, mustParseAddress('0.0.0.0:15000')), 'string')
  t.equal(refusal('GET', { host: 'anything' }, mustParseAddress('unix:/run/admin.sock')), undefined)
})

t.test('nothing is changed for a web page', async (t) => {
  const host = 'localhost'
  t.equal(refusal('POST', { host }, loopback), undefined)
  t.equal(refusal('POST', { host, 'sec-fetch-site': 'none' }, loopback), undefined)
  for (const origin of ['http://evil.example', 'null', 'http://localhost:15000'])
    t.type(refusal('POST', { host, origin }, loopback), 'string')
  t.type(refusal('POST', { host, 'sec-fetch-site': 'cross-site' }, loopback), 'string')
  t.equal(refusal('GET', { host, origin: 'http://evil.example' }, loopback), undefined)
})
