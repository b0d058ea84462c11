import t from 'tap'
import { type ProviderConfig, providerSchema } from '../../../src/config/schema/providers.ts'
import { Fields } from '../../../src/core/fields.ts'
import { checkMessage, readCheckResponse } from '../../../src/policy/custom/grpc.ts'
import { HttpQuestion } from '../../../src/policy/custom/http.ts'
import { ProtoWriter, readProto } from '../../../src/policy/custom/protobuf.ts'
import { headOf, inputOf, policiesWith } from '../../support/policy-world.ts'

type Http = Extract<ProviderConfig, { http: unknown }>['http']

const http = (more: object = {}): Http =>
  (
    providerSchema.parse({ name: 'p', http: { service: 'authz', port: 80, ...more } }) as Extract<
      ProviderConfig,
      { http: unknown }
    >
  ).http

t.test('numbers, texts and messages are written as Protocol Buffers write them', (t) => {
  // field 1 varint 150, field 2 'testing': the examples of their documentation
  t.equal(new ProtoWriter().number(1, 150).end().toString('hex'), '089601')
  t.equal(new ProtoWriter().text(2, 'testing').end().toString('hex'), '120774657374696e67')
  t.equal(
    new ProtoWriter()
      .message(3, (inner) => inner.number(1, 150))
      .end()
      .toString('hex'),
    '1a03089601',
  )
  t.match(readProto(Buffer.from('1a03089601089601', 'hex')), [{ field: 3 }, { field: 1, number: 150 }])
  for (const broken of ['08', '1205ab', '0b', `08${'ff'.repeat(11)}`])
    t.throws(() => readProto(Buffer.from(broken, 'hex')), broken)
  t.end()
})

t.test('a question by gRPC says who asks for what', (t) => {
  const input = inputOf({
    principal: 'cluster.local/ns/a/sa/b',
    path: '/x?y',
    headers: [
      ['X-A', '1'],
      ['x-a', '2'],
    ],
  })
  const message = checkMessage(input, { requestId: 'id', sourcePort: 4000 })
  t.equal(message.readUInt32BE(1), message.length - 5)
  const inside = (bytes: Buffer, ...path: number[]): Buffer =>
    path.reduce((at, wanted) => readProto(at).find(({ field }) => field === wanted)?.bytes ?? Buffer.alloc(0), bytes)
  const body = message.subarray(5)
  t.equal(inside(body, 1, 1, 4).toString(), 'spiffe://cluster.local/ns/a/sa/b')
  t.equal(inside(body, 1, 1, 1, 1, 2).toString(), '10.0.0.9')
  const request = inside(body, 1, 4, 2)
  t.equal(inside(request, 4).toString(), '/x?y')
  const headers = readProto(request)
    .filter(({ field }) => field === 3)
    .map(({ bytes }) => readProto(bytes).map((one) => one.bytes.toString()))
  t.has(headers, [
    [':authority', 'cart.shop'],
    [':method', 'GET'],
    [':path', '/x?y'],
    [':scheme', 'http'],
    ['x-a', '1,2'],
  ])
  t.end()
})

t.test('an answer by gRPC', (t) => {
  const framed = (write: (message: ProtoWriter) => void): Buffer => {
    const writer = new ProtoWriter()
    write(writer)
    const message = writer.end()
    const head = Buffer.alloc(5)
    head.writeUInt32BE(message.length, 1)
    return Buffer.concat([head, message])
  }
  const option = (at: ProtoWriter, name: string, value: string, append = false) => {
    at.message(2, (inner) => {
      inner.message(1, (header) => header.text(1, name).text(2, value))
      if (append) inner.message(2, (bool) => bool.number(1, 1))
    })
  }
  t.match(
    readCheckResponse(
      framed((one) =>
        one
          .message(1, () => {})
          .message(3, (ok) => {
            option(ok, 'x-user', 'me')
            option(ok, 'x-more', '1', true)
            ok.text(5, 'Cookie')
          }),
      ),
    ),
    {
      kind: 'allowed',
      set: [
        { name: 'x-user', value: 'me', append: false },
        { name: 'x-more', append: true },
      ],
      remove: ['cookie'],
    },
  )
  t.match(
    readCheckResponse(
      framed((one) =>
        one
          .message(1, (status) => status.number(1, 7))
          .message(2, (no) => {
            no.message(1, (code) => code.number(1, 401))
            option(no, 'www-authenticate', 'x')
            no.text(3, 'go away')
          }),
      ),
    ),
    {
      kind: 'denied',
      status: 401,
      fields: [{ name: 'www-authenticate' }],
      body: Buffer.from('go away'),
    },
  )
  t.match(readCheckResponse(framed((one) => one.message(1, (status) => status.number(1, 16)))), { kind: 'denied', status: 403 })
  t.throws(() => readCheckResponse(Buffer.from('abc')))
  t.end()
})

t.test('a provider by HTTP gets the method, the path, and the fields that it may have', (t) => {
  const question = new HttpQuestion(
    http({ pathPrefix: '/check', requestHeaders: ['X-Allowed', 'x-b-*'], additionalHeaders: { 'x-own': '1' } }),
  )
  const asked = question.ask(
    headOf({
      method: 'POST',
      path: '/a?b',
      headers: [
        ['Authorization', 'z'],
        ['x-allowed', '1'],
        ['x-b-c', '2'],
        ['cookie', 'no'],
        ['content-length', '9'],
      ],
    }),
  )
  t.match(asked, { method: 'POST', path: '/check/a?b', authority: 'cart.shop', bodyLength: 0 })
  t.same(
    [...asked.fields],
    [
      ['Authorization', 'z'],
      ['x-allowed', '1'],
      ['x-b-c', '2'],
      ['x-own', '1'],
      ['content-length', '0'],
    ],
  )
  t.end()
})

t.test('200 allows, other statuses deny, and those from 500 on say nothing', (t) => {
  const question = new HttpQuestion(http({ upstreamHeaders: ['x-user'], allowedHeaders: ['set-cookie'] }))
  const answer = (status: number) => {
    const fields = Fields.of(['x-user', 'me'], ['set-cookie', 'a'], ['set-cookie', 'b'], ['server', 'x'])
    return question.read({ version: '1.1', status, reason: '', fields, bodyLength: 0, upgrade: '' }, Buffer.from('body'))
  }
  t.match(answer(200), {
    kind: 'allowed',
    set: [{ name: 'x-user', value: 'me', append: false }],
    respond: [{ append: false }, { append: true }],
  })
  t.match(answer(302), { kind: 'denied', status: 302, body: Buffer.from('body') })
  const denied = answer(403)
  t.equal(denied.kind === 'denied' && denied.fields.length, 3, "all fields but the server's own")
  t.match(answer(201), { kind: 'denied' })
  t.match(answer(503), { kind: 'error' })
  t.end()
})

t.test('each provider whose rules match is due, also one that is not there', (t) => {
  const rule = (path: string) => [{ to: [{ paths: [path] }] }]
  const { custom } = policiesWith({
    extensionProviders: [{ name: 'one', http: { service: 'a', port: 80 } }],
    policies: [
      { name: 'a', action: 'custom', provider: 'one', rules: rule('/a*') },
      { name: 'b', action: 'custom', provider: 'two', rules: rule('/ab') },
    ],
  })
  t.equal(custom?.due(inputOf({ path: '/' })), null)
  t.match(custom?.due(inputOf({ path: '/ab' })), [
    { rule: 'ns[shop]-policy[a]-rule[0]', provider: { name: 'one' } },
    { name: 'two', provider: undefined },
  ])
  t.end()
})
