import t from 'tap'
import { FAILURES, type FailureCode, type FailureSpec, failureOf, ProxyError } from '../../../src/core/failures.ts'

const rows = Object.entries<FailureSpec>(FAILURES)

t.test('every row can be answered', async (t) => {
  for (const [code, row] of rows) {
    t.match(code, /^[a-z]+(_[a-z]+)*$/)
    t.ok(row.status === 0 || (row.status >= 400 && row.status <= 599), `${code}: an HTTP error, or none at all`)
    t.ok(row.grpc >= 1 && row.grpc <= 16, `${code}: a gRPC error`)
    t.match(row.flag, /^(-|[A-Z]{2,5})$/, `${code}: a response flag`)
    t.match(row.message, /\w/)
    t.notMatch(row.message, /\d+\.\d+|:\d/, `${code}: no address for the caller`)
  }
})

t.test('only what the upstream or the proxy caused may be sent again', async (t) => {
  for (const [code, row] of rows) if (row.side === 'downstream') t.equal(row.retry, 'never', code)
})

t.test('an error carries its row, a detail and its cause', async (t) => {
  const cause = new Error('ECONNREFUSED')
  const error = new ProxyError('connect_failed', 'connect 10.0.0.1:80', { cause })
  t.equal(error.name, 'ProxyError')
  t.equal(error.code, 'connect_failed' satisfies FailureCode)
  t.equal(error.message, 'connect 10.0.0.1:80')
  t.equal(error.cause, cause)
  t.equal(failureOf(error.code).flag, 'UF')
  t.equal(new ProxyError('no_route').message, FAILURES.no_route.message)
})
