// Field sections: order and case kept, fields of the connection taken out, Connection kept in its place.
import t from 'tap'
import { FieldReader, options } from '../../../../src/codec/http1/fields.ts'

function read(text: string, maxFields = 100): FieldReader {
  const reader = new FieldReader()
  reader.read(text, 0, maxFields)
  return reader
}

t.test('order, case and repetition stay; blanks around values go', async (t) => {
  const { fields } = read('X-b: 1\r\nx-A:2\r\nX-B: \t 3 \t\r\nEmpty:\r\n')
  t.same(
    [...fields],
    [
      ['X-b', '1'],
      ['x-A', '2'],
      ['X-B', '3'],
      ['Empty', ''],
    ],
  )
})

t.test('hop-by-hop: fields of the connection are read and taken out', async (t) => {
  const reader = read(
    'Connection: a\r\nConnection: b\r\nKeep-Alive: timeout=1\r\nTE: trailers\r\nUpgrade: x\r\nProxy-Connection: y\r\nHTTP2-Settings: z\r\nTransfer-Encoding: chunked\r\nX: 1\r\n',
  )
  t.same([...reader.fields], [['X', '1']])
  t.equal(reader.connection, 'a,b')
  t.equal(reader.te, 'trailers')
  t.equal(reader.upgrade, 'x')
  t.equal(reader.transferEncoding, 'chunked')
})

t.test('hop-by-hop: Connection takes away what it may, and no more', async (t) => {
  const reader = read(
    'Connection: close, X-Hop, authorization, x-forwarded-for, cookie, host, content-length, x-request-id, via\r\nX-Hop: 1\r\nAuthorization: a\r\nX-Forwarded-For: b\r\nCookie: c\r\nHost: d\r\nContent-Length: 1\r\nX-Request-Id: e\r\nVia: f\r\n',
  )
  reader.dropNominated()
  t.same(
    [...reader.fields].map(([name]) => name),
    ['Authorization', 'X-Forwarded-For', 'Cookie', 'Host', 'Content-Length', 'X-Request-Id', 'Via'],
  )
})

t.test('framing: an empty Transfer-Encoding does not pass for none', async (t) => {
  t.not(read('Transfer-Encoding:\r\n').transferEncoding, '')
  t.not(read('Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n').transferEncoding, 'chunked')
})

t.test('framing: more fields than allowed are too many, not fewer', async (t) => {
  const reader = new FieldReader()
  t.equal(reader.read('A: 1\r\nB: 2\r\n', 0, 2), true)
  t.equal(reader.read('A: 1\r\nB: 2\r\nC: 3\r\n', 0, 2), false)
  t.equal(reader.tooMany, true)
  t.equal(reader.read('A: 1\r\n', 0, 2), true)
  t.equal(reader.tooMany, false, 'nothing of the one before is left')
})

t.test('members of a list', async (t) => {
  t.same(options(''), [])
  t.same(options('Close , Keep-Alive,,x'), ['close', 'keep-alive', '', 'x'])
})
