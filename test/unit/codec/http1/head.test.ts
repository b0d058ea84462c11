// Heads as text: what is read, and what is refused for which rule.
import t from 'tap'
import { BY_CHUNKS, BY_CLOSE, BY_LENGTH, HeadReader, NO_BODY, TUNNEL } from '../../../../src/codec/http1/head.ts'

const upgrades = new Set(['websocket'])
const reader = (maxFields = 100): HeadReader => new HeadReader({ maxFields, upgrades })
const HOST = 'Host: app\r\n'

/** Rule → a request head that breaks it and what is said about it. */
const REFUSED: Readonly<Record<string, readonly [string, RegExp]>> = {
  'framing: Content-Length with Transfer-Encoding': [
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n`,
    /Content-Length with/,
  ],
  'framing: repeated Content-Length, equal': [
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 1\r\n`,
    /repeated Content-Length/,
  ],
  'framing: repeated Content-Length, different': [
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n`,
    /repeated Content-Length/,
  ],
  'framing: Content-Length as a list': [`POST / HTTP/1.1\r\n${HOST}Content-Length: 1, 1\r\n`, /malformed Content-Length/],
  'framing: Content-Length with a sign': [`POST / HTTP/1.1\r\n${HOST}Content-Length: +1\r\n`, /malformed Content-Length/],
  'framing: Content-Length in hexadecimal': [`POST / HTTP/1.1\r\n${HOST}Content-Length: 0xa\r\n`, /malformed Content-Length/],
  'framing: empty Content-Length': [`POST / HTTP/1.1\r\n${HOST}Content-Length:\r\n`, /malformed Content-Length/],
  'framing: Content-Length beyond counting': [
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 9007199254740993\r\n`,
    /malformed Content-Length/,
  ],
  'framing: Transfer-Encoding gzip, chunked': [
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n`,
    /unknown Transfer-Encoding/,
  ],
  'framing: Transfer-Encoding chunked twice': [
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n`,
    /unknown Transfer-Encoding/,
  ],
  'framing: Transfer-Encoding not chunked': [
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n`,
    /unknown Transfer-Encoding/,
  ],
  'framing: empty Transfer-Encoding': [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n`, /unknown Transfer-Encoding/],
  'framing: Transfer-Encoding in HTTP/1.0': [`POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n`, /in HTTP\/1.0/],
  'framing: bare LF': [`GET / HTTP/1.1\r\n${HOST}X: a\nY: b\r\n`, /control byte/],
  'framing: bare CR': [`GET / HTTP/1.1\r\n${HOST}X: a\rY: b\r\n`, /control byte/],
  'framing: obs-fold': [`GET / HTTP/1.1\r\n${HOST}X: a\r\n b\r\n`, /folded/],
  'framing: obs-fold with a tab': [`GET / HTTP/1.1\r\n${HOST}X: a\r\n\tb: c\r\n`, /folded/],
  'framing: space before colon': [`GET / HTTP/1.1\r\n${HOST}X : a\r\n`, /space before the colon/],
  'framing: empty name': [`GET / HTTP/1.1\r\n${HOST}: a\r\n`, /field name/],
  'framing: no colon': [`GET / HTTP/1.1\r\n${HOST}X\r\n`, /without a colon/],
  'framing: name with a bracket': [`GET / HTTP/1.1\r\n${HOST}X[0]: a\r\n`, /field name/],
  'framing: name with 8 bits': [`GET / HTTP/1.1\r\n${HOST}X\xe9: a\r\n`, /field name/],
  'framing: NUL in a value': [`GET / HTTP/1.1\r\n${HOST}X: a\0b\r\n`, /control byte/],
  'framing: control byte in a value': [`GET / HTTP/1.1\r\n${HOST}X: a\x1bb\r\n`, /control byte/],
  'framing: DEL in a value': [`GET / HTTP/1.1\r\n${HOST}X: a\x7f\r\n`, /control byte/],
  'request line: HTTP/0.9': ['GET /\r\n', /request line/],
  'request line: two spaces': [`GET  / HTTP/1.1\r\n${HOST}`, /target|request line/],
  'request line: tab': [`GET\t/ HTTP/1.1\r\n${HOST}`, /request line|method/],
  'request line: method that is no token': [`G(T / HTTP/1.1\r\n${HOST}`, /method/],
  'request line: no target': [`GET HTTP/1.1\r\n${HOST}`, /request line/],
  'target: fragment': [`GET /a#b HTTP/1.1\r\n${HOST}`, /target/],
  'target: %00': [`GET /a%00 HTTP/1.1\r\n${HOST}`, /target/],
  'target: 8 bits': [`GET /\xe9 HTTP/1.1\r\n${HOST}`, /target/],
  'target: no slash in front': [`GET a HTTP/1.1\r\n${HOST}`, /target/],
  'target: * without OPTIONS': [`GET * HTTP/1.1\r\n${HOST}`, /target/],
  'target: absolute-form authority must equal Host': [`GET http://other/ HTTP/1.1\r\n${HOST}`, /differs/],
  'target: absolute-form without authority': [`GET http:///a HTTP/1.1\r\n${HOST}`, /authority/],
  'target: absolute-form with user information': ['GET http://a@app/ HTTP/1.1\r\nHost: a@app\r\n', /Host|authority/],
  'target: scheme that is not HTTP': [`GET ftp://app/ HTTP/1.1\r\n${HOST}`, /target/],
  'target: CONNECT without a port': ['CONNECT app HTTP/1.1\r\nHost: app\r\n', /CONNECT/],
  'target: CONNECT with a path': ['CONNECT /a HTTP/1.1\r\nHost: app\r\n', /CONNECT/],
  'host: none': ['GET / HTTP/1.1\r\n', /no Host/],
  'host: two': [`GET / HTTP/1.1\r\n${HOST}${HOST}`, /repeated Host/],
  'host: with a slash': ['GET / HTTP/1.1\r\nHost: a/b\r\n', /malformed Host/],
  'host: with a comma and a blank': ['GET / HTTP/1.1\r\nHost: a, b\r\n', /malformed Host/],
  'host: with a port out of range': ['GET / HTTP/1.1\r\nHost: a:99999\r\n', /malformed Host/],
  'expect: unknown': [`GET / HTTP/1.1\r\n${HOST}Expect: 200-ok\r\n`, /expectation/],
}

t.test('a request that breaks a rule is refused', async (t) => {
  for (const [rule, [text, detail]] of Object.entries(REFUSED)) {
    const heads = reader()
    t.equal(heads.request(text), undefined, rule)
    t.match(heads.detail, detail, rule)
    t.equal(heads.failure, 'bad_request', rule)
  }
})

t.test('an unknown version is another failure, and so are too many fields', async (t) => {
  for (const version of ['HTTP/2.0', 'HTTP/1.2', 'HTTP/0.9']) {
    const heads = reader()
    t.equal(heads.request(`GET / ${version}\r\n${HOST}`), undefined)
    t.equal(heads.failure, 'http_version', version)
  }
  const heads = reader(2)
  t.ok(heads.request(`GET / HTTP/1.1\r\n${HOST}X: y\r\n`))
  t.equal(heads.request(`GET / HTTP/1.1\r\n${HOST}X: y\r\nX: y\r\n`), undefined)
  t.equal(heads.failure, 'head_too_large')
})

t.test('targets in each of their forms', async (t) => {
  const read = (text: string) => {
    const { method, path, authority, absolute } = reader().request(text) ?? {}
    return { method, path, authority, absolute }
  }
  t.same(read(`GET /a?b HTTP/1.1\r\n${HOST}`), { method: 'GET', path: '/a?b', authority: 'app', absolute: false })
  t.same(read(`GET http://APP/a HTTP/1.1\r\n${HOST}`), { method: 'GET', path: '/a', authority: 'APP', absolute: true })
  t.same(read(`GET http://app?b HTTP/1.1\r\n${HOST}`), { method: 'GET', path: '/?b', authority: 'app', absolute: true })
  t.same(read(`OPTIONS * HTTP/1.1\r\n${HOST}`), { method: 'OPTIONS', path: '*', authority: 'app', absolute: false })
  t.same(read(`OPTIONS http://app HTTP/1.1\r\n${HOST}`), { method: 'OPTIONS', path: '*', authority: 'app', absolute: true })
  t.same(read('CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n'), {
    method: 'CONNECT',
    path: '',
    authority: 'db:5432',
    absolute: false,
  })
  t.same(read('GET / HTTP/1.0\r\n'), { method: 'GET', path: '/', authority: '', absolute: false })
  t.same(read('GET / HTTP/1.1\r\nHost: [::1]:80\r\n'), { method: 'GET', path: '/', authority: '[::1]:80', absolute: false })
})

t.test('upgrade: only an allowed token, named by Connection, over HTTP/1.1', async (t) => {
  const upgrade = (text: string) => reader().request(text)?.upgrade
  t.equal(upgrade(`GET / HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: WebSocket\r\n`), 'websocket')
  t.equal(upgrade(`GET / HTTP/1.1\r\n${HOST}Connection: keep-alive, upgrade\r\nUpgrade: h2c, websocket\r\n`), 'websocket')
  t.equal(upgrade(`GET / HTTP/1.1\r\n${HOST}Upgrade: websocket\r\n`), '')
  t.equal(upgrade(`GET / HTTP/1.1\r\n${HOST}Connection: upgrade\r\nUpgrade: h2c\r\n`), '')
  t.equal(upgrade(`GET / HTTP/1.0\r\n${HOST}Connection: upgrade\r\nUpgrade: websocket\r\n`), '')
})

t.test('connections persist as version and Connection say', async (t) => {
  const persists = (text: string) => {
    const heads = reader()
    heads.request(text)
    return heads.persistent
  }
  t.equal(persists(`GET / HTTP/1.1\r\n${HOST}`), true)
  t.equal(persists(`GET / HTTP/1.1\r\n${HOST}Connection: Close\r\n`), false)
  t.equal(persists(`GET / HTTP/1.1\r\n${HOST}Connection: keep-alive\r\nConnection: close\r\n`), false)
  t.equal(persists('GET / HTTP/1.0\r\n'), false)
  t.equal(persists('GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n'), true)
})

t.test('how a response ends', async (t) => {
  const ends = (text: string, method = 'GET') => {
    const heads = reader()
    const head = heads.response(text, method)
    return [heads.framing, head?.bodyLength]
  }
  t.same(ends('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n'), [BY_LENGTH, 3])
  t.same(ends('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n'), [NO_BODY, 0])
  t.same(ends('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n'), [BY_CHUNKS, -1])
  t.same(ends('HTTP/1.1 200 OK\r\n'), [BY_CLOSE, -1])
  t.same(ends('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n', 'HEAD'), [NO_BODY, 0])
  t.same(ends('HTTP/1.1 204 No Content\r\n'), [NO_BODY, 0])
  t.same(ends('HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n'), [NO_BODY, 0])
  t.same(ends('HTTP/1.1 100 Continue\r\n'), [NO_BODY, 0])
  t.same(ends('HTTP/1.1 200 OK\r\n', 'CONNECT'), [TUNNEL, -1])
  t.same(ends('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n'), [TUNNEL, -1])
})

t.test('a malformed response is refused', async (t) => {
  for (const text of [
    'HTTP/1.1 20 OK\r\n',
    'HTTP/1.1 099 OK\r\n',
    'HTTP/1.1  200 OK\r\n',
    'HTTP/2 200 OK\r\n',
    'http/1.1 200 OK\r\n',
    'HTTP/1.1 200 O\0K\r\n',
    'HTTP/1.1 200 OK\r\nX: a\nb\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n',
    'HTTP/1.1 204 No Content\r\nTransfer-Encoding: gzip\r\n',
  ]) {
    t.equal(reader().response(text, 'GET'), undefined, JSON.stringify(text))
  }
})

t.test('what Keep-Alive announces', async (t) => {
  const seconds = (value: string) => {
    const heads = reader()
    heads.response(`HTTP/1.1 200 OK\r\nKeep-Alive: ${value}\r\nContent-Length: 0\r\n`, 'GET')
    return heads.keepAliveSeconds
  }
  t.equal(seconds('timeout=5, max=100'), 5)
  t.equal(seconds('max=100,timeout=7'), 7)
  t.equal(seconds('timeout=soon'), -1)
})

t.test('hop-by-hop: trailers lose what only a head may say', async (t) => {
  const heads = reader()
  const trailers = heads.trailers('X-Sum: 1\r\nAuthorization: a\r\nContent-Length: 1\r\nHost: b\r\nConnection: close\r\n')
  t.same([...(trailers ?? [])], [['X-Sum', '1']])
  t.equal(heads.trailers('X : 1\r\n'), undefined)
})
