// Heads and framing as text.
import t from 'tap'
import { chunkText, fieldsText, lastChunkText, requestText, responseText } from '../../../../src/codec/http1/write.ts'
import type { RequestHead, ResponseHead } from '../../../../src/codec/message.ts'
import { Fields } from '../../../../src/core/fields.ts'
import { requestHead } from '../../../support/outcome.ts'

const request = (parts: Partial<RequestHead> = {}): string =>
  requestText(requestHead({ fields: Fields.of(['hOST', 'x'], ['X-a', '1']), path: '/p', ...parts }))

function response(parts: Partial<ResponseHead>, chunked = false, connection = ''): string {
  return responseText(
    { version: '1.1', status: 200, reason: '', fields: new Fields(), bodyLength: 0, upgrade: '', ...parts },
    chunked,
    connection,
  )
}

t.test('requests: the authority takes the place of Host, case and order stay', async (t) => {
  t.equal(request(), 'GET /p HTTP/1.1\r\nhOST: catalog.shop\r\nX-a: 1\r\n\r\n')
  t.equal(request({ fields: new Fields() }), 'GET /p HTTP/1.1\r\nHost: catalog.shop\r\n\r\n')
  t.equal(request({ version: '1.0' }), request(), 'always HTTP/1.1')
})

t.test('requests: framing and fields of the connection', async (t) => {
  const fields = (): Fields => Fields.of(['Host', 'a'])
  t.match(request({ fields: fields(), bodyLength: -1 }), /\r\nTransfer-Encoding: chunked\r\n\r\n$/)
  t.match(request({ fields: fields(), upgrade: 'websocket' }), /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n$/)
  t.match(request({ fields: fields(), acceptsTrailers: true }), /\r\nConnection: TE\r\nTE: trailers\r\n\r\n$/)
  t.match(request({ method: 'CONNECT', authority: 'db:5432', path: '' }), /^CONNECT db:5432 HTTP\/1\.1\r\n/)
  t.match(request({ method: 'OPTIONS', path: '*' }), /^OPTIONS \* HTTP\/1\.1\r\n/)
})

t.test('responses: the reason as it came, or the usual one', async (t) => {
  t.equal(response({}), 'HTTP/1.1 200 OK\r\n\r\n')
  t.equal(response({ status: 404, reason: 'Nope' }), 'HTTP/1.1 404 Nope\r\n\r\n')
  t.equal(response({ status: 599 }), 'HTTP/1.1 599 \r\n\r\n', 'the blank stays')
})

t.test('responses: framing and fields of the connection', async (t) => {
  t.equal(response({}, true, 'close'), 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n')
  t.equal(
    response({ status: 101, upgrade: 'websocket' }),
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  )
})

t.test('chunks and trailers', async (t) => {
  t.equal(chunkText(255), 'ff\r\n')
  t.equal(lastChunkText(undefined), '0\r\n\r\n')
  t.equal(lastChunkText(new Fields()), '0\r\n\r\n')
  t.equal(lastChunkText(Fields.of(['X', 'y'])), '0\r\nX: y\r\n\r\n')
  t.equal(fieldsText(Fields.of(['A', '1'], ['b', ''])), 'A: 1\r\nb: \r\n')
})
