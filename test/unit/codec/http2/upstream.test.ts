import t from 'tap'
import { FULL, HELD, WRITTEN } from '../../../../src/codec/stream.ts'
import { Fields } from '../../../../src/core/fields.ts'
import { settled } from '../../../support/fake-clock.ts'
import { clientEnd, requestHead } from '../../../support/h2-ends.ts'
import { block, brief, frame, headers, settings, uint32 } from '../../../support/h2-wire.ts'
import { ReferenceDecoder } from '../../../support/hpack-reference.ts'

const OK: readonly (readonly [string, string])[] = [[':status', '200']]
const END = 5
const MORE = 4

function goAway(lastId: number, code: number): Buffer {
  return frame('GOAWAY', 0, 0, uint32(lastId, code))
}

t.test('the greeting', async (t) => {
  const end = clientEnd({}, { raw: true })
  t.same(end.owner, ['ready'])
  const bytes = end.socket.take()
  t.equal(bytes.toString('latin1', 0, 24), 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  t.equal(
    bytes.toString('hex', 24, 57),
    '00001804000000000000010000100000020000000000040004000000060000f000',
    'SETTINGS; push is off',
  )
})

t.test('a request and its response', async (t) => {
  const end = clientEnd()
  const fields = Fields.of(['Host', 'b.test'], ['X-A', '1'], ['Connection', 'x'])
  const { attempt } = end.begin({ method: 'GET', path: '/p?q', fields, acceptsTrailers: true })
  await settled()
  const [head] = end.frames()
  t.equal(head === undefined ? '' : brief(head), 'HEADERS 1 end')
  t.same(new ReferenceDecoder().decode(head?.payload ?? Buffer.alloc(0)), [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'a.test'],
    [':path', '/p?q'],
    ['x-a', '1'],
    ['te', 'trailers'],
  ])
  t.equal(end.connection.active, 1)
  end.send(frame('HEADERS', MORE, 1, block([':status', '103'], ['link', 'x'])))
  end.send(frame('HEADERS', MORE, 1, block(...OK, ['content-length', '3'], ['x-b', '2'])), frame('DATA', 0, 1, 'abc'))
  end.send(headers(1, [['x-trailer', 'y']]))
  t.same(attempt.take(), ['inform 103', 'response 200', 'data 3', 'end [["x-trailer","y"]]'])
  t.match(attempt.heads[1], { version: '2', status: 200, reason: '', bodyLength: 3, upgrade: '' })
  t.same(
    [...(attempt.heads[1]?.fields ?? [])],
    [
      ['content-length', '3'],
      ['x-b', '2'],
    ],
  )
  t.equal(end.connection.active, 0)
  t.same(end.owner, ['idle'])
})

t.test('a body goes up, with trailers', async (t) => {
  const end = clientEnd()
  const { stream, attempt } = end.begin({ method: 'POST', bodyLength: -1 }, false)
  t.equal(stream.write(Buffer.from('abc')), WRITTEN)
  t.equal(stream.write(Buffer.alloc(70_000)), FULL)
  await settled()
  t.same(end.frames().map(brief), ['HEADERS 1', 'DATA 1 3', 'DATA 1 16384', 'DATA 1 16384', 'DATA 1 16384', 'DATA 1 16380'])
  end.send(frame('WINDOW_UPDATE', 0, 0, uint32(10_000)), frame('WINDOW_UPDATE', 0, 1, uint32(10_000)))
  t.same(attempt.take(), ['drain'])
  stream.end(Fields.of(['x-sum', '1']))
  await settled()
  t.same(end.frames().map(brief), ['HEADERS 1 end'])
})

t.test('malformed responses fail their exchange and no other', async (t) => {
  const cases: readonly (readonly [what: string, frames: readonly Buffer[]])[] = [
    ['no status', [headers(1, [['a', 'b']])]],
    ['a status of two digits', [headers(1, [[':status', '20']])]],
    ['a status of letters', [headers(1, [[':status', 'abc']])]],
    [
      'two statuses',
      [
        headers(1, [
          [':status', '200'],
          [':status', '200'],
        ]),
      ],
    ],
    [
      'a request pseudo-header',
      [
        headers(1, [
          [':status', '200'],
          [':path', '/'],
        ]),
      ],
    ],
    ['a connection field', [headers(1, [...OK, ['connection', 'close']])]],
    ['upper case', [headers(1, [...OK, ['X-A', 'close']])]],
    ['a line end in a value', [headers(1, [...OK, ['x-a', 'b\r\nset-cookie: c']])]],
    ['101', [headers(1, [[':status', '101']], MORE)]],
    ['an interim head that ends the stream', [headers(1, [[':status', '100']])]],
    ['DATA before the head', [frame('DATA', 0, 1, 'x')]],
    ['an end before the head', [frame('DATA', 1, 1, '')]],
    ['more than content-length', [headers(1, [...OK, ['content-length', '1']], MORE), frame('DATA', 0, 1, 'ab')]],
    ['less than content-length', [headers(1, [...OK, ['content-length', '3']], MORE), frame('DATA', 1, 1, 'ab')]],
    ['content-length without a body', [headers(1, [...OK, ['content-length', '3']])]],
    ['a body with 204', [headers(1, [[':status', '204']], MORE), frame('DATA', 1, 1, 'ab')]],
    ['trailers that do not end', [headers(1, OK, MORE), headers(1, [['a', 'b']], MORE)]],
    ['too many interim heads', Array.from({ length: 33 }, () => headers(1, [[':status', '103']], MORE))],
  ]
  for (const [what, frames] of cases) {
    const end = clientEnd()
    const { attempt } = end.begin()
    const other = end.begin()
    await settled()
    end.frames()
    t.same(end.send(...frames), ['RST_STREAM 1 1'], what)
    t.match(attempt.take().at(-1), /^upstream_protocol/, what)
    end.send(headers(3, OK))
    t.same(other.attempt.take(), ['response 200 end'])
  }
})

t.test('responses without a body', async (t) => {
  for (const [method, status, flags] of [
    ['HEAD', '200', END],
    ['HEAD', '200', MORE],
    ['GET', '304', END],
    ['GET', '304', MORE],
  ] as const) {
    const end = clientEnd()
    const { attempt } = end.begin({ method })
    end.send(
      headers(
        1,
        [
          [':status', status],
          ['content-length', '500'],
        ],
        flags,
      ),
      ...(flags === MORE ? [frame('DATA', 1, 1, '')] : []),
    )
    t.same(attempt.take(), flags === END ? [`response ${status} end`] : [`response ${status}`, 'end'], `${method} ${status}`)
    t.equal(attempt.heads[0]?.bodyLength, 0)
  }
})

t.test('resets are failures by what they mean', async (t) => {
  for (const [code, failure] of [
    [7, 'refused_stream: reset by the endpoint: REFUSED_STREAM'],
    [8, 'upstream_reset: reset by the endpoint: CANCEL'],
    [0, 'upstream_reset: reset by the endpoint: NO_ERROR'],
    [11, 'upstream_reset: reset by the endpoint: ENHANCE_YOUR_CALM'],
  ] as const) {
    const end = clientEnd()
    const { attempt } = end.begin()
    end.send(frame('RST_STREAM', 0, 1, uint32(code)))
    t.same(attempt.take(), [failure])
    t.equal(end.connection.active, 0)
  }
})

t.test('a response that is complete before its request', async (t) => {
  const end = clientEnd()
  const { stream, attempt } = end.begin({ method: 'POST', bodyLength: -1 }, false)
  await settled()
  end.frames()
  t.same(end.send(headers(1, OK)), ['RST_STREAM 1 8'])
  t.same(attempt.take(), ['response 200 end'])
  t.equal(stream.write(Buffer.from('late')), WRITTEN)
  stream.end()
  t.same(end.send(frame('RST_STREAM', 0, 1, uint32(0)), frame('WINDOW_UPDATE', 0, 1, uint32(5))), [])
})

t.test('giving up', async (t) => {
  const end = clientEnd()
  const { stream, attempt } = end.begin()
  const unsent = end.connection.begin(attempt)
  t.equal(end.connection.active, 2)
  stream.abort()
  unsent.abort()
  await settled()
  t.same(end.frames().map(brief), ['HEADERS 1 end', 'RST_STREAM 1 8'])
  t.same(end.send(headers(1, OK, MORE), frame('DATA', 1, 1, 'late')), [], 'what was on its way is dropped')
  t.same(attempt.events, [])
  t.same([end.connection.active, end.owner.length], [0, 2])
})

t.test('capacity is what both sides allow', async (t) => {
  const end = clientEnd({ maxStreams: 50 }, { raw: true })
  t.equal(end.connection.capacity, 50, 'before the endpoint has spoken')
  end.send(settings([3, 2]))
  t.same(end.owner, ['ready', 'idle'])
  t.equal(end.connection.capacity, 2)
  end.begin()
  end.begin()
  t.equal(end.connection.capacity, 0)
  end.send(settings([3, 3]))
  t.equal(end.connection.capacity, 1)
  end.send(settings([3, 1]))
  t.equal(end.connection.capacity, 0)
  end.send(headers(1, OK))
  t.equal(end.connection.capacity, 0)
  end.send(headers(3, OK))
  t.equal(end.connection.capacity, 1)
})

t.test('GOAWAY: what is above its last stream was not seen', async (t) => {
  const end = clientEnd()
  const attempts = [end.begin().attempt, end.begin().attempt, end.begin().attempt]
  end.send(goAway(2 ** 31 - 1, 0))
  t.same(end.owner, ['gone draining: GOAWAY: NO_ERROR'])
  t.same([end.connection.capacity, end.connection.active], [0, 3], 'a first warning')
  end.send(goAway(3, 0))
  t.same(
    attempts.map((attempt) => attempt.take()),
    [[], [], ['refused_stream: the endpoint went away before it saw the request']],
  )
  end.send(headers(1, OK))
  t.same(attempts[0]?.take(), ['response 200 end'])
  t.equal(end.socket.ended, false)
  const last = end.send(headers(3, OK))
  t.same(last, ['GOAWAY 0 0'])
  t.equal(end.socket.ended, true)
  t.equal(end.owner.length, 1, 'told once')
})

t.test('an exchange that began before GOAWAY and is sent after it', async (t) => {
  const end = clientEnd()
  const { attempt } = end.begin()
  const late = end.connection.begin(attempt)
  end.send(goAway(1, 0))
  late.send(requestHead(), true)
  t.same(attempt.take(), [])
  await settled()
  t.same(attempt.take(), ['refused_stream: the connection is closing'])
})

t.test('the connection goes', async (t) => {
  const fresh = clientEnd()
  const { attempt } = fresh.begin()
  fresh.socket.emit('error', new Error('read ECONNRESET'))
  t.same(fresh.owner, ['gone upstream_reset: read ECONNRESET'])
  t.same(attempt.take(), ['upstream_reset: read ECONNRESET'], 'the first exchange: it may have been processed')

  const used = clientEnd()
  used.begin()
  used.send(headers(1, OK))
  const stale = used.begin()
  const touched = used.begin()
  used.send(headers(5, OK, MORE))
  used.socket.emit('end')
  t.same(stale.attempt.take(), ['stale_connection: the peer closed the connection'])
  t.same(touched.attempt.take(), ['response 200', 'upstream_reset: the peer closed the connection'])

  const never = clientEnd({}, { raw: true })
  const broken = never.begin()
  never.send(headers(1, OK))
  t.match(never.owner.at(-1), /^gone upstream_protocol: the first frame is not SETTINGS/)
  t.match(broken.attempt.take(), [/^upstream_protocol/])
})

t.test('drain and destroy', async (t) => {
  const end = clientEnd()
  const { attempt } = end.begin()
  end.connection.drain()
  t.same([end.owner, end.connection.capacity], [['gone draining: not needed any more'], 0])
  end.send(headers(1, OK))
  t.same(attempt.take(), ['response 200 end'])
  t.equal(end.socket.ended, true)

  const idle = clientEnd()
  idle.connection.drain()
  t.equal(idle.socket.ended, true)

  const busy = clientEnd()
  const under = busy.begin()
  busy.connection.destroy('upstream_reset')
  t.same(under.attempt.take(), ['upstream_reset: closed by the proxy'])
  t.equal(busy.socket.destroyed, true)
})

t.test('an endpoint that is silent is asked whether it is there', async (t) => {
  const end = clientEnd({ pingIntervalMs: 1000, pingTimeoutMs: 300 })
  end.clock.advance(5000)
  t.same(end.frames().map(brief), [], 'not while nothing is under way')
  const { attempt } = end.begin()
  end.clock.advance(500)
  end.send(settings())
  end.clock.advance(600)
  t.notMatch(end.frames().map(brief).join(), /PING/, 'it has spoken meanwhile')
  end.clock.advance(1000)
  const ping = end.frames().find((f) => f.type === 'PING')
  t.ok(ping)
  end.send(frame('PING', 1, 0, ping?.payload))
  end.clock.advance(1000)
  t.match(end.frames().map(brief).join(), /PING/)
  t.same(attempt.events, [])
  end.clock.advance(300)
  t.same(attempt.take(), ['upstream_reset: no answer to PING'])
  t.equal(end.socket.destroyed, true)
})

t.test('a connection grows old', async (t) => {
  const end = clientEnd({ maxAgeMs: 1000 })
  const { attempt } = end.begin()
  end.clock.advance(899)
  t.same(end.owner, [])
  end.clock.advance(101)
  t.same(end.owner, ['gone draining: old enough'])
  end.send(headers(1, OK))
  t.same(attempt.take(), ['response 200 end'])
})

t.test('a slow receiver stops its own stream', async (t) => {
  const end = clientEnd({ streamWindowBytes: 1000 })
  const slow = end.begin()
  const quick = end.begin()
  slow.attempt.result = FULL
  await settled()
  end.frames()
  t.same(end.send(headers(1, OK, MORE), frame('DATA', 0, 1, Buffer.alloc(600)), frame('DATA', 1, 1, Buffer.alloc(300))), [])
  t.same(end.send(headers(3, OK, MORE), frame('DATA', 1, 3, Buffer.alloc(600))).length, 1)
  t.same(slow.attempt.take(), ['response 200', 'data 600'])
  t.same(quick.attempt.take(), ['response 200', 'data 600', 'end'])
  slow.attempt.result = HELD
  slow.stream.resume()
  t.same(slow.attempt.take(), ['data 300', 'end'])
})

t.test('lent memory is told to be free, or not', async (t) => {
  const end = clientEnd()
  const { attempt } = end.begin()
  const whole = (bytes: Buffer): number => end.connection.push(bytes, true)
  t.equal(whole(headers(1, [...OK, ['content-length', '500000']], MORE)), WRITTEN)
  attempt.result = WRITTEN
  t.equal(whole(frame('DATA', 0, 1, 'abc')), WRITTEN)
  t.equal(end.connection.expects, 499_997)
  attempt.result = HELD
  t.equal(whole(frame('DATA', 0, 1, 'abc')), HELD)
  attempt.result = FULL
  t.equal(whole(Buffer.concat([frame('DATA', 0, 1, 'abc'), frame('DATA', 0, 1, 'abc')])), FULL)
})

t.test('a peer of streams that do not exist', async (t) => {
  for (const [what, code, bytes] of [
    ['HEADERS on a stream that nobody opened', 1, headers(9, OK)],
    ['HEADERS on an even stream', 1, headers(2, OK)],
    ['DATA on a stream that nobody opened', 1, frame('DATA', 0, 9, 'x')],
    ['PUSH_PROMISE', 1, frame('PUSH_PROMISE', 4, 1, uint32(2))],
  ] as const) {
    const end = clientEnd()
    const { attempt } = end.begin()
    await settled()
    end.frames()
    t.same(end.send(bytes), [`GOAWAY 0 ${code}`], what)
    t.match(attempt.take(), [/^upstream_protocol/])
  }
})
