import t from 'tap'
import { OwnAddresses } from '../../../src/exchange/own-addresses.ts'

t.test('knows the addresses of the listeners, whatever the spelling', async (t) => {
  const own = new OwnAddresses(['127.0.0.1:80', '0.0.0.0:15001', '[::1]:81', 'unix:/tmp/x'])
  for (const mine of ['127.0.0.1', 'localhost', '127.0.0.1:80', 'LocalHost:15001', '127.0.0.1:15001', '[::1]:15001', '[::1]:81'])
    t.ok(own.has(mine), mine)
  for (const other of ['127.0.0.1:81', 'example.com:15001', '[::1]', '', 'a:b']) t.notOk(own.has(other), other)
})
