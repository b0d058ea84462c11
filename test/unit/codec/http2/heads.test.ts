// Heads between HTTP/2 and their canonical form, both ways.
import t from 'tap'
import type { RequestHead } from '../../../../src/codec/message.ts'
import { Fields } from '../../../../src/core/fields.ts'
import { settled } from '../../../support/fake-clock.ts'
import { clientEnd, requestHead, serverEnd } from '../../../support/h2-ends.ts'
import { brief, frame, headers, POST, REQUEST, settings } from '../../../support/h2-wire.ts'
import { ReferenceDecoder } from '../../../support/hpack-reference.ts'
import { responseHead } from '../../../support/http2.ts'

type Pairs = readonly (readonly [name: string, value: string])[]

function read(fields: Pairs, flags = 5): RequestHead | string {
  const end = serverEnd()
  end.send(headers(1, fields, flags))
  return end.exchanges[0]?.request ?? `${end.seen.refused[0]?.join(': ')}`
}

function without(name: string): Pairs {
  return REQUEST.filter(([other]) => other !== name)
}

function withPath(path: string): Pairs {
  return [...REQUEST.slice(0, 3), [':path', path]]
}

function withAuthority(authority: string): Pairs {
  return [...REQUEST.slice(0, 2), [':authority', authority], [':path', '/']]
}

t.test('a request in its canonical form', async (t) => {
  const head = read(
    [...POST, ['content-type', 'text/plain'], ['te', 'trailers'], ['content-length', '12'], ['expect', '100-continue']],
    4,
  )
  t.match(head, {
    version: '2',
    method: 'POST',
    scheme: 'http',
    authority: 'a.test',
    path: '/',
    bodyLength: 12,
    upgrade: '',
    acceptsTrailers: true,
    expectsContinue: true,
    absolute: false,
  })
  t.same(
    [...(head as RequestHead).fields],
    [
      ['content-type', 'text/plain'],
      ['content-length', '12'],
      ['expect', '100-continue'],
    ],
  )
})

t.test('how much of a body follows', async (t) => {
  t.equal((read(REQUEST) as RequestHead).bodyLength, 0)
  t.equal((read(POST, 4) as RequestHead).bodyLength, -1)
  t.equal((read([...POST, ['content-length', '0']], 4) as RequestHead).bodyLength, 0)
  t.equal((read([...POST, ['content-length', '0']]) as RequestHead).bodyLength, 0)
})

t.test('cookie crumbs become one field', async (t) => {
  const head = read([...REQUEST, ['cookie', 'a=1'], ['x-a', 'b'], ['cookie', 'c=2'], ['cookie', 'd=3']]) as RequestHead
  t.same(head.fields.all('cookie'), ['a=1; c=2; d=3'])
})

t.test(':authority and Host', async (t) => {
  t.equal((read([...REQUEST, ['host', 'A.Test']]) as RequestHead).authority, 'a.test')
  const only = read([...REQUEST.filter(([name]) => name !== ':authority'), ['host', 'h.test:81']]) as RequestHead
  t.same([only.authority, only.fields.has('host')], ['h.test:81', false])
  for (const good of ['a.test', 'a.test:8080', '[::1]', '[::1]:80', '10.0.0.1', 'a.test:', 'A_b.test']) {
    t.equal((read(withAuthority(good)) as RequestHead).authority, good)
  }
})

t.test('paths', async (t) => {
  for (const good of ['/', '/a/b?c=d&e', '/%2f', '/a<>\\^`{|}', '//', '/;a=b'])
    t.equal((read(withPath(good)) as RequestHead).path, good)
  const options = read([[':method', 'OPTIONS'], ...withPath('*').slice(1)]) as RequestHead
  t.equal(options.path, '*')
})

t.test('what is no request', async (t) => {
  const cases: readonly (readonly [what: string, fields: Pairs])[] = [
    ['no :method', without(':method')],
    ['no :scheme', without(':scheme')],
    ['no :path', without(':path')],
    ['no :authority', without(':authority')],
    ['an empty :authority', withAuthority('')],
    ['an empty :path', withPath('')],
    ['two :method', [...REQUEST, [':method', 'GET']]],
    ['two :path', [...REQUEST, [':path', '/']]],
    ['two :scheme', [...REQUEST, [':scheme', 'http']]],
    ['two :authority', [...REQUEST, [':authority', 'a.test']]],
    ['an unknown pseudo-header', [...REQUEST, [':foo', 'x']]],
    ['a response pseudo-header', [...REQUEST, [':status', '200']]],
    ['a pseudo-header behind a field', [...REQUEST.slice(0, 3), ['a', 'b'], [':path', '/']]],
    ['a pseudo-header behind a cookie', [...REQUEST.slice(0, 3), ['cookie', 'b'], [':path', '/']]],
    [
      'an unknown :scheme',
      [
        [':method', 'GET'],
        [':scheme', 'ftp'],
        [':authority', 'a'],
        [':path', '/'],
      ],
    ],
    ['a :method with a space', [[':method', 'GET /x'], ...REQUEST.slice(1)]],
    ['an empty :method', [[':method', ''], ...REQUEST.slice(1)]],
    ['a :path in absolute form', withPath('http://a.test/')],
    ['a :path without its slash', withPath('a')],
    ['a :path with a space', withPath('/a b')],
    ['a :path with a fragment', withPath('/a#b')],
    ['a :path with a quote', withPath('/a"b')],
    ['a :path with NUL in disguise', withPath('/a%00b')],
    ['a :path beyond ASCII', withPath('/\xe4')],
    ['* with GET', withPath('*')],
    ['an :authority with user information', withAuthority('user@a.test')],
    ['an :authority with a path', withAuthority('a.test/x')],
    ['an :authority with a space', withAuthority('a test')],
    ['an :authority with a bad port', withAuthority('a.test:x')],
    ['an :authority with too large a port', withAuthority('a.test:99999')],
    ['a Host that differs', [...REQUEST, ['host', 'b.test']]],
    ['two Hosts', [...REQUEST, ['host', 'a.test'], ['host', 'a.test']]],
    ['a malformed Host', [...without(':authority'), ['host', 'a/b']]],
    ['connection', [...REQUEST, ['connection', 'keep-alive']]],
    ['keep-alive', [...REQUEST, ['keep-alive', '5']]],
    ['proxy-connection', [...REQUEST, ['proxy-connection', 'x']]],
    ['transfer-encoding', [...REQUEST, ['transfer-encoding', 'chunked']]],
    ['upgrade', [...REQUEST, ['upgrade', 'websocket']]],
    ['http2-settings', [...REQUEST, ['http2-settings', 'AAA']]],
    ['te with more than trailers', [...REQUEST, ['te', 'trailers, deflate']]],
    ['two content-lengths', [...POST, ['content-length', '3'], ['content-length', '3']]],
    ['a content-length list', [...POST, ['content-length', '3, 3']]],
    ['a content-length with a sign', [...POST, ['content-length', '+3']]],
    ['an endless content-length', [...POST, ['content-length', '9'.repeat(30)]]],
    ['an unknown expectation', [...REQUEST, ['expect', 'the-worst']]],
    ['upper case in a name', [...REQUEST, ['X-a', 'b']]],
    ['a space in a name', [...REQUEST, ['x a', 'b']]],
    ['a colon in a name', [...REQUEST, ['x:a', 'b']]],
    ['a line end in a name', [...REQUEST, ['x\r\na', 'b']]],
    ['a line end in a value', [...REQUEST, ['x', 'b\r\nc: d']]],
    ['a bare LF in a value', [...REQUEST, ['x', 'b\nc']]],
    ['NUL in a value', [...REQUEST, ['x', 'b\0c']]],
    ['a space in front of a value', [...REQUEST, ['x', ' b']]],
    ['a line end in a cookie', [...REQUEST, ['cookie', 'b\r\nc']]],
    [':protocol without CONNECT', [...REQUEST, [':protocol', 'websocket']]],
    [
      'CONNECT with a path',
      [
        [':method', 'CONNECT'],
        [':authority', 'a.test:1'],
        [':path', '/'],
      ],
    ],
    [
      'CONNECT without a port',
      [
        [':method', 'CONNECT'],
        [':authority', 'a.test'],
      ],
    ],
    [
      'CONNECT with a length',
      [
        [':method', 'CONNECT'],
        [':authority', 'a.test:1'],
        ['content-length', '0'],
      ],
    ],
    [
      'extended CONNECT without a path',
      [
        [':method', 'CONNECT'],
        [':protocol', 'websocket'],
        [':scheme', 'http'],
        [':authority', 'a.test'],
      ],
    ],
    ['extended CONNECT to something unknown', [[':method', 'CONNECT'], [':protocol', 'spdy'], ...REQUEST.slice(1)]],
  ]
  for (const [what, fields] of cases) {
    const end = serverEnd()
    const flags = what.includes('CONNECT') ? 4 : 5
    t.same(end.send(headers(1, fields, flags)), ['HEADERS 1 end', 'RST_STREAM 1 1'], what)
    t.equal(end.seen.refused[0]?.[0], 'bad_request', `${what}: ${end.seen.refused[0]?.[1]}`)
    t.equal(end.exchanges.length, 0)
    end.send(headers(3))
    t.equal(end.exchanges.length, 1, 'the connection lives on, its compression in step')
  }
})

t.test('too large a head is answered', async (t) => {
  for (const [what, fields] of [
    ['too many fields', [...REQUEST, ...Array.from({ length: 101 }, (_, i) => [`x-${i}`, ''] as const)]],
    ['too many bytes', [...REQUEST, ...Array.from({ length: 5 }, (_, i) => [`x-${i}`, 'v'.repeat(3000)] as const)]],
    ['too many crumbs', [...REQUEST, ...Array.from({ length: 400 }, () => ['cookie', ''] as const)]],
  ] as const) {
    const end = serverEnd({ maxHeadBytes: 12_000 })
    t.match(end.send(headers(1, fields)), ['HEADERS 1 end'], what)
    t.equal(end.seen.refused[0]?.[0], 'head_too_large')
    t.same(end.struck, ['head_bytes'])
    end.send(headers(3))
    t.equal(end.exchanges.length, 1)
  }
})

t.test('a field that came as a secret leaves as one', async (t) => {
  const end = serverEnd()
  const secret = Buffer.from('\x10\x07x-token\x05abcde', 'latin1')
  const whole = headers(1)
  const payload = Buffer.concat([whole.subarray(9), secret])
  end.send(frame('HEADERS', 5, 1, payload))
  const head = end.exchanges[0]?.request as RequestHead
  t.same([head.fields.get('x-token'), head.fields.sensitive, head.fields.copy().sensitive], ['abcde', ['x-token'], ['x-token']])
  const up = clientEnd()
  for (let i = 0; i < 3; i++) {
    up.begin({ fields: head.fields })
    await settled()
    const sent = up.frames().find((f) => f.type === 'HEADERS')?.payload as Buffer
    // 0x10, the name as a literal of its own, the value in the clear
    t.match(sent.toString('latin1'), /\x10[^\x10]{2,9}\x05abcde$/)
  }
})

t.test('an upgrade is an extended CONNECT, and the other way round', async (t) => {
  const end = serverEnd()
  end.send(
    headers(1, [[':method', 'CONNECT'], [':protocol', 'WebSocket'], ...REQUEST.slice(1), ['sec-websocket-version', '13']], 4),
  )
  const [exchange] = end.exchanges
  const head = exchange?.request as RequestHead
  t.match(head, { method: 'GET', upgrade: 'websocket', path: '/', bodyLength: 0, authority: 'a.test' })
  t.match(head.fields.get('sec-websocket-key'), /^[A-Za-z0-9+/]{22}==$/, 'the key that HTTP/1 asks for')

  end.send(frame('DATA', 0, 1, 'abc'))
  t.same(exchange?.take(), [], 'held')
  const switched = responseHead(101, -1, ['sec-websocket-accept', 'x'], ['sec-websocket-protocol', 'chat'])
  exchange?.stream?.respond({ ...switched, upgrade: 'websocket' }, false)
  t.same(exchange?.take(), ['data 3'])
  exchange?.stream?.write(Buffer.from('de'))
  await settled()
  const [answer, data] = end.socket.frames()
  t.same(new ReferenceDecoder().decode(answer?.payload as Buffer), [
    [':status', '200'],
    ['sec-websocket-protocol', 'chat'],
  ])
  t.equal(data === undefined ? '' : brief(data), 'DATA 1 2')
  exchange?.stream?.end()
  t.equal(end.connection.active, 1, 'a tunnel has two ends')
  t.same(end.send(frame('DATA', 1, 1, '')), ['DATA 1 0 end'])
  t.same(exchange?.take(), ['end'])
  t.equal(end.connection.active, 0)
})

t.test('a tunnel that is refused', async (t) => {
  const end = serverEnd()
  end.send(
    headers(
      1,
      [
        [':method', 'CONNECT'],
        [':authority', 'db.test:5432'],
      ],
      4,
    ),
  )
  const [exchange] = end.exchanges
  t.match(exchange?.request, { method: 'CONNECT', authority: 'db.test:5432', path: '', bodyLength: 0 })
  end.send(frame('DATA', 0, 1, 'abc'))
  exchange?.stream?.respond(responseHead(403, 0), true)
  await settled()
  t.same(end.socket.frames().map(brief), ['HEADERS 1 end', 'RST_STREAM 1 0'])
  t.same(exchange?.take(), [])
})

t.test('an upgrade upwards', async (t) => {
  const end = clientEnd({}, { raw: true })
  const fields = Fields.of(['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='], ['Sec-WebSocket-Version', '13'])
  const { stream, attempt } = end.begin({ upgrade: 'websocket', path: '/chat', fields })
  await settled()
  t.notMatch(end.frames().map(brief).join(), /HEADERS/, 'the endpoint has not said whether it takes one')
  end.connection.push(settings([8, 1]), false)
  const sent = end.frames().at(-1)
  t.equal(sent === undefined ? '' : brief(sent), 'HEADERS 1')
  t.same(new ReferenceDecoder().decode(sent?.payload as Buffer), [
    [':method', 'CONNECT'],
    [':protocol', 'websocket'],
    [':scheme', 'http'],
    [':authority', 'a.test'],
    [':path', '/chat'],
    ['sec-websocket-version', '13'],
  ])
  end.send(headers(1, [[':status', '200']], 4))
  t.same(attempt.take(), ['response 101'])
  t.match(attempt.heads[0], { status: 101, upgrade: 'websocket', bodyLength: -1 })
  t.equal(attempt.heads[0]?.fields.get('sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=', 'the example of RFC 6455 §1.3')
  stream.write(Buffer.from('abc'))
  end.send(frame('DATA', 1, 1, 'de'))
  t.same(attempt.take(), ['data 2', 'end'])
  t.equal(end.connection.active, 1)
  stream.end()
  t.equal(end.connection.active, 0)
})

t.test('an endpoint that takes no upgrades, or not this one', async (t) => {
  const none = clientEnd()
  const refused = none.begin({ upgrade: 'websocket' })
  t.same(refused.attempt.take(), [])
  await settled()
  t.same(refused.attempt.take(), ['upstream_protocol: the endpoint does not take extended CONNECT'])

  const end = clientEnd({}, { raw: true })
  end.connection.push(settings([8, 1]), false)
  const { attempt } = end.begin({ upgrade: 'websocket' })
  await settled()
  end.frames()
  t.same(
    end.send(
      headers(
        1,
        [
          [':status', '403'],
          ['content-length', '2'],
        ],
        4,
      ),
    ),
    ['DATA 1 0 end'],
    'a request without a body after all',
  )
  t.same(attempt.take(), ['response 403'])
})

t.test('plain CONNECT upwards', async (t) => {
  const end = clientEnd()
  const { attempt } = end.begin({ method: 'CONNECT', authority: 'db.test:5432', path: '' })
  await settled()
  const [sent] = end.frames()
  t.same(new ReferenceDecoder().decode(sent?.payload as Buffer), [
    [':method', 'CONNECT'],
    [':authority', 'db.test:5432'],
  ])
  end.send(
    headers(
      1,
      [
        [':status', '200'],
        ['content-length', '7'],
      ],
      5,
    ),
  )
  t.same(attempt.take(), ['response 200', 'end'])
  t.equal(attempt.heads[0]?.bodyLength, -1)
})

t.test('heads of HTTP/1 in HTTP/2', async (t) => {
  const end = clientEnd()
  end.begin(
    requestHead({
      fields: Fields.of(['HOST', 'x'], ['Te', 'gzip'], ['Upgrade', 'x'], ['X-Mixed-Case', 'Kept'], [':path', '/evil']),
    }),
  )
  await settled()
  const [sent] = end.frames()
  t.same(new ReferenceDecoder().decode(sent?.payload as Buffer).slice(4), [['x-mixed-case', 'Kept']])
})
