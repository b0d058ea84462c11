import t from 'tap'
import { type DownstreamReceiver, type DownstreamStream, WRITTEN } from '../../../../src/codec/stream.ts'
import { Fields } from '../../../../src/core/fields.ts'
import { settled } from '../../../support/fake-clock.ts'
import { serverEnd } from '../../../support/h2-ends.ts'
import { block, brief, frame, headers, POST, PREFACE, parseFrames, REQUEST, settings, uint32 } from '../../../support/h2-wire.ts'
import { responseHead } from '../../../support/http2.ts'

const OK = responseHead(200, -1)
const nobody: DownstreamReceiver = {
  onRequestData: () => WRITTEN,
  onRequestEnd() {},
  onResponseDrain() {},
  onDownstreamFailure() {},
}

function noContent(stream: DownstreamStream): DownstreamReceiver {
  stream.respond(responseHead(204, 0), true)
  return nobody
}

t.test('frames of a connection that end it', async (t) => {
  const cases: readonly (readonly [what: string, code: number, frames: readonly Buffer[]])[] = [
    ['DATA on stream 0', 1, [frame('DATA', 0, 0, 'x')]],
    ['DATA on an idle stream', 1, [frame('DATA', 0, 1, 'x')]],
    ['DATA with more padding than payload', 1, [headers(1, POST, 4), frame('DATA', 8, 1, '\x05abc')]],
    ['padded DATA of nothing', 6, [headers(1, POST, 4), frame('DATA', 8, 1, '')]],
    ['DATA after the end of a closed stream', 5, [headers(1), headers(3), frame('DATA', 0, 1, 'x')]],
    ['HEADERS on stream 0', 1, [headers(0)]],
    ['HEADERS on an even stream', 1, [headers(2)]],
    ['HEADERS on a stream that was passed over', 1, [headers(5), headers(3)]],
    ['HEADERS with more padding than payload', 1, [frame('HEADERS', 0xd, 1, '\xff')]],
    ['HEADERS too short for a priority', 6, [frame('HEADERS', 0x25, 1, 'abc')]],
    ['HEADERS that depend on themselves', 1, [frame('HEADERS', 0x25, 1, Buffer.concat([uint32(1), Buffer.from('\x10')]))]],
    ['a block that can not be decoded', 9, [frame('HEADERS', 5, 1, '\x80')]],
    ['another frame within a block', 1, [headers(1, REQUEST, 1), frame('PING', 0, 0, Buffer.alloc(8))]],
    ['DATA within a block', 1, [headers(1, REQUEST, 1), frame('DATA', 0, 1, 'x')]],
    ['CONTINUATION of another stream', 1, [headers(1, REQUEST, 1), frame('CONTINUATION', 4, 3, '')]],
    ['CONTINUATION without HEADERS', 1, [frame('CONTINUATION', 4, 1, '')]],
    ['PRIORITY on stream 0', 1, [frame('PRIORITY', 0, 0, Buffer.alloc(5))]],
    ['PRIORITY of the wrong length', 6, [frame('PRIORITY', 0, 1, Buffer.alloc(4))]],
    ['PRIORITY that depends on itself', 1, [frame('PRIORITY', 0, 1, Buffer.from([0, 0, 0, 1, 5]))]],
    ['RST_STREAM on stream 0', 1, [frame('RST_STREAM', 0, 0, uint32(8))]],
    ['RST_STREAM on an idle stream', 1, [frame('RST_STREAM', 0, 1, uint32(8))]],
    ['RST_STREAM of the wrong length', 6, [headers(1, POST, 4), frame('RST_STREAM', 0, 1, Buffer.alloc(3))]],
    ['SETTINGS on a stream', 1, [frame('SETTINGS', 0, 1)]],
    ['SETTINGS of the wrong length', 6, [frame('SETTINGS', 0, 0, 'abc')]],
    ['SETTINGS acknowledgement with something in it', 6, [frame('SETTINGS', 1, 0, Buffer.alloc(6))]],
    ['an initial window too large', 3, [settings([4, 2 ** 31])]],
    [
      'an initial window that overflows a stream',
      3,
      [headers(1, POST, 4), frame('WINDOW_UPDATE', 0, 1, uint32(2 ** 31 - 65_536)), settings([4, 70_000])],
    ],
    ['a frame size too small', 1, [settings([5, 100])]],
    ['PUSH_PROMISE', 1, [frame('PUSH_PROMISE', 4, 1, uint32(2))]],
    ['PING on a stream', 1, [frame('PING', 0, 1, Buffer.alloc(8))]],
    ['PING of the wrong length', 6, [frame('PING', 0, 0, Buffer.alloc(7))]],
    ['GOAWAY on a stream', 1, [frame('GOAWAY', 0, 1, Buffer.alloc(8))]],
    ['GOAWAY of the wrong length', 6, [frame('GOAWAY', 0, 0, Buffer.alloc(7))]],
    ['WINDOW_UPDATE of nothing', 1, [frame('WINDOW_UPDATE', 0, 0, uint32(0))]],
    ['WINDOW_UPDATE of the wrong length', 6, [frame('WINDOW_UPDATE', 0, 0, Buffer.alloc(3))]],
    ['WINDOW_UPDATE on an idle stream', 1, [frame('WINDOW_UPDATE', 0, 7, uint32(1))]],
    ['a connection window too large', 3, [frame('WINDOW_UPDATE', 0, 0, uint32(2 ** 31 - 1))]],
    ['a frame too large', 6, [frame(77, 0, 0, Buffer.alloc(16_385))]],
  ]
  for (const [what, code, frames] of cases) {
    const end = serverEnd({}, what.includes('closed stream') ? { answer: noContent } : {})
    const got = end.send(...frames)
    t.match(got.at(-1), new RegExp(`^GOAWAY \\d+ ${code}$`), what)
    t.equal(end.socket.ended, true, `${what}: closed`)
    t.equal(end.seen.closed, 1)
    t.same(end.seen.defects, [])
  }
})

t.test('frames of a stream that end it and not the connection', async (t) => {
  const cases: readonly (readonly [what: string, code: number, frames: readonly Buffer[]])[] = [
    ['DATA after END_STREAM', 5, [headers(1), frame('DATA', 0, 1, 'x')]],
    ['HEADERS after END_STREAM', 5, [headers(1), headers(1)]],
    ['DATA after RST_STREAM', 5, [headers(1, POST, 4), frame('RST_STREAM', 0, 1, uint32(8)), frame('DATA', 0, 1, 'x')]],
    ['HEADERS after RST_STREAM', 5, [headers(1, POST, 4), frame('RST_STREAM', 0, 1, uint32(8)), headers(1)]],
    ['WINDOW_UPDATE of nothing', 1, [headers(1, POST, 4), frame('WINDOW_UPDATE', 0, 1, uint32(0))]],
    ['a stream window too large', 3, [headers(1, POST, 4), frame('WINDOW_UPDATE', 0, 1, uint32(2 ** 31 - 1))]],
  ]
  for (const [what, code, frames] of cases) {
    const end = serverEnd()
    t.same(end.send(...frames), [`RST_STREAM 1 ${code}`], what)
    t.same(end.send(headers(3)), [], 'the next request is served')
    t.equal(end.exchanges.length, 2)
    t.match(end.exchanges[0]?.take().at(-1), /^downstream_gone/, what)
  }
})

t.test('what is ignored', async (t) => {
  const end = serverEnd()
  t.same(
    end.send(frame(77, 255, 0, 'unknown'), frame(16, 0, 0, '\0\0\0\0u=1'), frame('PRIORITY', 0, 5, Buffer.from([0, 0, 0, 3, 1]))),
    [],
  )
  t.same(end.send(frame('GOAWAY', 0, 0, Buffer.alloc(8))), [])
  t.same(end.send(settings([99, 1])), ['SETTINGS ack'])
  t.same(
    end.send(
      headers(1),
      frame('RST_STREAM', 0, 1, uint32(8)),
      frame('RST_STREAM', 0, 1, uint32(8)),
      frame('WINDOW_UPDATE', 0, 1, uint32(5)),
    ),
    [],
  )
})

t.test('the greeting', async (t) => {
  const end = serverEnd({ maxStreams: 7, hpackTableBytes: 100 }, { raw: true })
  await settled()
  const [first, second] = end.socket.frames()
  t.equal(first?.type, 'SETTINGS')
  const entries: Record<number, number> = {}
  for (let at = 0; at < (first?.payload.length ?? 0); at += 6) {
    entries[first?.payload.readUInt16BE(at) as number] = first?.payload.readUInt32BE(at + 2) as number
  }
  t.same(entries, { 1: 100, 3: 7, 4: 262_144, 6: 61_440, 8: 1 })
  t.equal(second === undefined ? '' : brief(second), `WINDOW_UPDATE 0 ${16_777_216 - 65_535}`)
})

t.test('a preface is taken byte by byte, and nothing else is', async (t) => {
  const end = serverEnd({}, { raw: true })
  for (const byte of Buffer.concat([PREFACE, settings(), headers(1)])) end.socket.emit('data', Buffer.from([byte]))
  t.equal(end.exchanges.length, 1)
  const wrong = serverEnd({}, { raw: true })
  t.match(wrong.send(Buffer.from('GET / HTTP/1.1\r\n\r\n')).at(-1), 'GOAWAY 0 1')
  const unsettled = serverEnd({}, { raw: true })
  t.match(unsettled.send(PREFACE, headers(1)).at(-1), 'GOAWAY 0 1')
})

t.test('a request and its response leave in one write', async (t) => {
  const end = serverEnd(
    {},
    {
      answer: (stream) => {
        stream.respond(responseHead(200, 5, ['content-length', '5']), false)
        stream.write(Buffer.from('hello'))
        stream.end()
        return nobody
      },
    },
  )
  const before = end.socket.writes
  t.same(end.send(headers(1), headers(3), headers(5)), [
    'HEADERS 1',
    'DATA 1 5 end',
    'HEADERS 3',
    'DATA 3 5 end',
    'HEADERS 5',
    'DATA 5 5 end',
  ])
  t.equal(end.socket.writes, before + 1)
})

t.test('END_STREAM goes with the last frame where that is still there', async (t) => {
  const end = serverEnd()
  end.send(headers(1), headers(3), headers(5))
  const [a, b, c] = end.exchanges.map((exchange) => exchange.stream)
  a?.respond(OK, false)
  a?.end()
  b?.respond(OK, false)
  b?.write(Buffer.from('x'))
  b?.end(Fields.of(['grpc-status', '0']))
  c?.inform(responseHead(103, 0))
  c?.respond(OK, false)
  await settled()
  t.same(end.socket.frames().map(brief), ['HEADERS 1 end', 'HEADERS 3', 'DATA 3 1', 'HEADERS 3 end', 'HEADERS 5', 'HEADERS 5'])
  c?.end()
  await settled()
  t.same(end.socket.frames().map(brief), ['DATA 5 0 end'], 'too late: a frame of its own')
})

t.test('a body comes as it is sent, without its padding', async (t) => {
  const end = serverEnd()
  end.send(headers(1, POST, 4), frame('DATA', 0, 1, 'abc'), frame('DATA', 8, 1, '\x03xyz\0\0\0'), frame('DATA', 1, 1, ''))
  t.same(end.exchanges[0]?.events, ['data 3', 'data 3', 'end'])
})

t.test('frames cut anywhere', async (t) => {
  const bytes = Buffer.concat([
    frame('HEADERS', 0xc, 1, Buffer.concat([Buffer.from([2]), block(...POST), Buffer.alloc(2)])),
    frame('DATA', 8, 1, '\x03xyz\0\0\0'),
    frame('PING', 0, 0, Buffer.alloc(8)),
    frame('DATA', 0, 1, 'abcdef'),
    frame('HEADERS', 1, 1, block(['x-a', 'b']).subarray(0, 3)),
    frame('CONTINUATION', 4, 1, block(['x-a', 'b']).subarray(3)),
  ])
  for (let cut = 1; cut < bytes.length; cut++) {
    const end = serverEnd()
    const got = [...end.send(bytes.subarray(0, cut)), ...end.send(bytes.subarray(cut))]
    t.same(got, ['PING ack'])
    const exchange = end.exchanges[0]
    if (exchange?.bytes !== 9 || exchange.events.at(-1) !== 'end [["x-a","b"]]')
      t.fail(`cut at ${cut}: ${exchange?.events.join()}`)
  }
  const end = serverEnd()
  for (const byte of bytes) end.socket.emit('data', Buffer.from([byte]))
  t.equal(end.exchanges[0]?.bytes, 9)
})

t.test('a length that is not kept', async (t) => {
  for (const [what, body, flags] of [
    ['too much', 'abcd', 0],
    ['too little', 'ab', 1],
  ] as const) {
    const end = serverEnd()
    end.send(headers(1, [...POST, ['content-length', '3']], 4), frame('DATA', flags, 1, body))
    const [exchange] = end.exchanges
    t.match(exchange?.take().at(-1), /^bad_request: (more|less) of a body/, what)
    exchange?.stream?.respond(responseHead(400, 0), true)
    await settled()
    t.same(end.socket.frames().map(brief), ['HEADERS 1 end', 'RST_STREAM 1 1'], 'answered, and reset')
  }
  const end = serverEnd()
  end.send(headers(1, [...POST, ['content-length', '3']]))
  t.same(end.seen.refused, [['bad_request', 'content-length without a body']])
})

t.test('trailers are checked', async (t) => {
  for (const [what, fields, flags, problem] of [
    ['a pseudo-header', [[':path', '/']], 5, /pseudo-header in trailers/],
    ['a connection field', [['connection', 'close']], 5, /connection-specific/],
    ['no end', [['a', 'b']], 4, /do not end the stream/],
  ] as const) {
    const end = serverEnd()
    end.send(headers(1, POST, 4), headers(1, fields, flags))
    t.match(end.exchanges[0]?.take().at(-1), problem, what)
  }
  const end = serverEnd()
  end.send(
    headers(1, POST, 4),
    headers(1, [
      ['content-length', '7'],
      ['x-ok', '1'],
      ['authorization', 'x'],
    ]),
  )
  t.same(end.exchanges[0]?.take(), ['end [["x-ok","1"]]'], 'what would change the head is dropped')
})

t.test('a response that is complete before its request', async (t) => {
  const end = serverEnd()
  end.send(headers(1, POST, 4))
  end.exchanges[0]?.stream?.respond(responseHead(413, 0), true)
  await settled()
  t.same(end.socket.frames().map(brief), ['HEADERS 1 end', 'RST_STREAM 1 0'], 'RFC 9113 §8.1: NO_ERROR')
  t.same(end.send(frame('DATA', 1, 1, 'late')), [], 'what was on its way is no offence')
  t.same(end.exchanges[0]?.events, [])
  t.equal(end.connection.active, 0)
})

t.test('an exchange that gives up', async (t) => {
  const end = serverEnd()
  end.send(headers(1), headers(3))
  end.exchanges[0]?.stream?.abort('overload')
  end.exchanges[1]?.stream?.respond(OK, false)
  end.exchanges[1]?.stream?.abort('upstream_reset')
  await settled()
  t.same(end.socket.frames().map(brief), ['RST_STREAM 1 7', 'HEADERS 3', 'RST_STREAM 3 2'])
  t.same(
    end.exchanges.flatMap((exchange) => exchange.events),
    [],
  )
})

t.test('the caller gives up', async (t) => {
  const end = serverEnd()
  end.send(headers(1), frame('RST_STREAM', 0, 1, uint32(8)))
  t.same(end.exchanges[0]?.events, ['downstream_gone: reset by the caller: CANCEL'])
  end.exchanges[0]?.stream?.respond(OK, true)
  await settled()
  t.same(end.socket.frames(), [], 'nothing more is said')
})

t.test('the connection goes', async (t) => {
  for (const how of ['end', 'close', 'error'] as const) {
    const end = serverEnd()
    end.send(headers(1), headers(3))
    end.socket.emit(how, new Error('gone'))
    t.same(
      end.exchanges.map((exchange) => exchange.events[0]?.split(':')[0]),
      ['downstream_gone', 'downstream_gone'],
      how,
    )
    t.equal(end.seen.closed, 1)
    end.socket.emit('close')
    t.equal(end.seen.closed, 1)
    t.equal(end.clock.timers, 0, 'no timer stays behind')
  }
})

t.test('destroy', async (t) => {
  const end = serverEnd()
  end.send(headers(1))
  end.connection.destroy('draining')
  t.same(end.exchanges[0]?.events, ['draining: closed by the proxy'])
  t.equal(end.socket.destroyed, true)
})

t.test('drain: no more, please; then these were the last; then the end', async (t) => {
  const end = serverEnd()
  end.send(headers(1, POST, 4))
  end.connection.drain()
  await settled()
  const frames = end.socket.frames()
  t.same(frames.map(brief), ['GOAWAY 2147483647 0', 'PING'])
  t.same(end.send(headers(3)), [], 'still taken')
  t.equal(end.exchanges.length, 2)
  t.same(end.send(frame('PING', 1, 0, frames[1]?.payload)), [])
  t.same(end.send(headers(5)), [], 'it was under way when the PING was answered')
  end.clock.advance(250)
  t.same(end.socket.frames().map(brief), ['GOAWAY 5 0'])
  t.same(end.send(headers(7)), [], 'not taken any more, as the peer knows')
  t.equal(end.exchanges.length, 3)
  for (const exchange of end.exchanges) exchange.stream?.respond(responseHead(204, 0), false)
  end.exchanges[1]?.stream?.end()
  end.exchanges[2]?.stream?.end()
  t.equal(end.socket.ended, false)
  end.send(frame('DATA', 1, 1, 'x'))
  end.exchanges[0]?.stream?.end()
  await settled()
  t.equal(end.socket.ended, true)
  t.equal(end.seen.closed, 1)
  t.same(end.exchanges[0]?.events, ['data 1', 'end'])
})

t.test('drain does not wait for ever for an answer', async (t) => {
  const end = serverEnd()
  end.send(headers(1))
  end.connection.drain()
  end.clock.advance(1000)
  t.same(end.socket.frames().map(brief), ['GOAWAY 2147483647 0', 'PING', 'GOAWAY 1 0'])
})

t.test('finish closes at once when nothing is under way', async (t) => {
  const end = serverEnd()
  end.connection.finish()
  t.same(end.socket.frames().map(brief), ['GOAWAY 0 0'])
  t.equal(end.socket.ended, true)
})

t.test('an idle connection ends', async (t) => {
  const end = serverEnd({ idleTimeoutMs: 1000 })
  end.send(headers(1))
  end.clock.advance(5000)
  t.equal(end.socket.ended, false, 'it is not idle')
  end.exchanges[0]?.stream?.respond(responseHead(204, 0), true)
  end.clock.advance(999)
  t.equal(end.socket.ended, false)
  end.clock.advance(1)
  t.match(end.socket.frames().map(brief).at(-1), 'GOAWAY 1 0')
  t.equal(end.socket.ended, true)
})

t.test('a body that stalls', async (t) => {
  const end = serverEnd({ bodyTimeoutMs: 1000 })
  end.send(headers(1, POST, 4), headers(3, [...POST, ['content-type', 'application/grpc']], 4))
  end.clock.advance(900)
  end.send(frame('DATA', 0, 1, 'x'))
  end.clock.advance(900)
  t.same(end.exchanges[0]?.take(), ['data 1'])
  end.clock.advance(100)
  t.same(end.exchanges[0]?.take(), ['body_timeout: the request body stalled'])
  end.exchanges[0]?.stream?.respond(responseHead(408, 0), true)
  t.same(end.socket.frames().map(brief), [])
  await settled()
  t.same(end.socket.frames().map(brief), ['HEADERS 1 end', 'RST_STREAM 1 8'])
  t.same(end.exchanges[1]?.events, [], 'a stream of gRPC may be silent')
})

t.test('a mistake of ours ends the connection, and is told', async (t) => {
  const end = serverEnd()
  end.send(headers(1, POST, 4))
  const [exchange] = end.exchanges
  if (exchange !== undefined) {
    exchange.onData = (): never => {
      throw new TypeError('a mistake')
    }
  }
  t.match(end.send(frame('DATA', 0, 1, 'x')).at(-1), 'GOAWAY 1 2')
  t.match(end.seen.defects, [{ message: 'a mistake' }])
})

t.test('a head that needs CONTINUATION to leave', async (t) => {
  const end = serverEnd()
  end.send(headers(1))
  end.exchanges[0]?.stream?.respond(responseHead(200, -1, ['x-big', 'v'.repeat(40_000)]), false)
  end.exchanges[0]?.stream?.end()
  await settled()
  const frames = parseFrames(end.socket.take())
  t.same(
    frames.map((f) => [f.type, f.flags, f.payload.length]),
    [
      ['HEADERS', 0, 16_384],
      ['CONTINUATION', 0, 16_384],
      ['CONTINUATION', 4, 40_011 - 2 * 16_384],
      ['DATA', 1, 0],
    ],
  )
})
