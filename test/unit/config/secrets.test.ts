import t from 'tap'
import { redact } from '../../../src/config/secrets.ts'

t.test('hides what is secret and keeps what is not', async (t) => {
  const settings = {
    tls: { certificate: '/etc/tls/cert.pem', key: '/etc/tls/key.pem' },
    inline: { key: '-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----' },
    note: 'before -----BEGIN RSA PRIVATE KEY----- after',
    requestHeaders: { set: { Authorization: 'Bearer abc', 'x-auth-token': 'abc', 'x-plain': 'abc' }, remove: ['cookie'] },
    matches: [{ headers: { cookie: { exact: 'session=1' } }, query: { api_key: { exact: 'k' } } }],
    password: 12345,
    clientSecret: './secrets/client.txt',
    proxy: 'http://me:pw@proxy.example:3128/',
    count: 3,
    none: null,
    flag: true,
  }
  const before = structuredClone(settings)
  t.same(redact(settings), {
    tls: { certificate: '/etc/tls/cert.pem', key: '/etc/tls/key.pem' },
    inline: { key: '[redacted]' },
    note: '[redacted]',
    requestHeaders: { set: { Authorization: '[redacted]', 'x-auth-token': '[redacted]', 'x-plain': 'abc' }, remove: ['cookie'] },
    matches: [{ headers: { cookie: { exact: '[redacted]' } }, query: { api_key: { exact: '[redacted]' } } }],
    password: '[redacted]',
    clientSecret: './secrets/client.txt',
    proxy: 'http://[redacted]@proxy.example:3128/',
    count: 3,
    none: null,
    flag: true,
  })
  t.same(settings, before, 'the original stays as it is')
})
