// Frames that cost their sender nothing and us something: each kind has a limit, a name for it, and one answer. Named after what they
// were called when they were found.
import t, { type Test } from 'tap'
import { FULL } from '../../src/codec/stream.ts'
import { settled } from '../support/fake-clock.ts'
import { clientEnd, type ServerEnd, serverEnd } from '../support/h2-ends.ts'
import { block, brief, frame, headers, POST, PREFACE, REQUEST, settings, uint32 } from '../support/h2-wire.ts'
import { responseHead } from '../support/http2.ts'

const CALM = 'GOAWAY'
const RATE = { burst: 50, perSecond: 10 }

function many(count: number, make: (n: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, n) => make(n)))
}

/** What a flood comes to: calm, counted, closed, and nobody's fault but the peer's. */
function calmed(t: Test, end: ServerEnd, got: readonly string[], reason: string): void {
  t.match(got.at(-1), /^GOAWAY \d+ 11$/)
  t.same(end.struck, [reason])
  t.equal(end.socket.ended, true)
  t.equal(end.seen.closed, 1)
  t.same(end.seen.defects, [])
}

t.test('rapid reset (CVE-2023-44487): requests that are given up at once', async (t) => {
  const end = serverEnd({ resets: RATE })
  const got = end.send(many(60, (n) => Buffer.concat([headers(n * 2 + 1), frame('RST_STREAM', 0, n * 2 + 1, uint32(8))])))
  calmed(t, end, got, 'resets')
  t.equal(end.exchanges.length, 51, 'what came after is not looked at')
})

t.test('callers that give up now and then are no flood', async (t) => {
  const end = serverEnd({ resets: RATE })
  for (let n = 0; n < 500; n++) {
    end.send(headers(n * 2 + 1), frame('RST_STREAM', 0, n * 2 + 1, uint32(8)))
    end.clock.advance(150)
  }
  t.equal(end.exchanges.length, 500)
  t.same(end.struck, [])
})

t.test('MadeYouReset (CVE-2025-8671): offences that make us reset', async (t) => {
  for (const [what, offence] of [
    ['WINDOW_UPDATE of nothing', (id: number) => frame('WINDOW_UPDATE', 0, id, uint32(0))],
    ['a window too large', (id: number) => frame('WINDOW_UPDATE', 0, id, uint32(2 ** 31 - 1))],
    ['DATA after the end', (id: number) => frame('DATA', 0, id, 'x')],
    ['HEADERS after the end', (id: number) => headers(id)],
  ] as const) {
    const end = serverEnd({ provokedResets: RATE })
    const got = end.send(many(60, (n) => Buffer.concat([headers(n * 2 + 1), offence(n * 2 + 1)])))
    t.comment(what)
    calmed(t, end, got, 'provoked_resets')
  }
})

t.test('MadeYouReset by malformed messages', async (t) => {
  for (const [what, request] of [
    ['a malformed head', (id: number) => headers(id, [...REQUEST, ['connection', 'x']])],
    [
      'more than content-length',
      (id: number) => Buffer.concat([headers(id, [...POST, ['content-length', '1']], 4), frame('DATA', 1, id, 'ab')]),
    ],
  ] as const) {
    const end = serverEnd({ provokedResets: RATE })
    const got = end.send(many(60, (n) => request(n * 2 + 1)))
    t.comment(what)
    calmed(t, end, got, 'provoked_resets')
  }
})

t.test('more streams than allowed are refused, and too many such end the connection', async (t) => {
  const end = serverEnd({ maxStreams: 3, provokedResets: RATE })
  const got = end.send(many(5, (n) => headers(n * 2 + 1, POST, 4)))
  t.same(got, ['RST_STREAM 7 7', 'RST_STREAM 9 7'], 'REFUSED_STREAM')
  t.equal(end.exchanges.length, 3)
  t.same(end.struck, ['streams', 'streams'])
  t.match(end.send(many(60, (n) => headers(n * 2 + 11))).at(-1), CALM)
})

t.test('floods of frames', async (t) => {
  for (const [reason, make] of [
    ['settings', () => settings()],
    ['pings', () => frame('PING', 0, 0, Buffer.alloc(8))],
    ['empty_frames', () => frame('DATA', 0, 1, '')],
    ['empty_frames', () => frame('DATA', 8, 1, '\x03\0\0\0')],
    ['window_updates', () => frame('WINDOW_UPDATE', 0, 0, uint32(1))],
    ['window_updates', () => frame('WINDOW_UPDATE', 0, 1, uint32(1))],
    ['priorities', () => frame('PRIORITY', 0, 3, Buffer.alloc(5))],
    ['priorities', () => frame(0xbe, 0, 0, 'whatever')],
  ] as const) {
    const limits = { settings: RATE, pings: RATE, emptyFrames: RATE, windowUpdates: RATE, priorities: RATE }
    const end = serverEnd(limits)
    end.send(headers(1, POST, 4))
    t.notMatch(end.send(many(40, make)).join(), CALM, `${reason}: a burst is fine`)
    calmed(t, end, end.send(many(20, make)), reason)
  }
})

t.test('windows that open as DATA goes out are no flood', async (t) => {
  const end = serverEnd({ windowUpdates: { burst: 10, perSecond: 0 } })
  end.send(headers(1))
  const stream = end.exchanges[0]?.stream
  stream?.respond(responseHead(200, -1), false)
  for (let n = 0; n < 100; n++) {
    stream?.write(Buffer.alloc(1000))
    await settled()
    t.notMatch(end.send(frame('WINDOW_UPDATE', 0, 1, uint32(1000)), frame('WINDOW_UPDATE', 0, 0, uint32(1000))).join(), CALM)
  }
})

t.test('CONTINUATION flood (CVE-2024-27316)', async (t) => {
  const empty = serverEnd()
  const got = empty.send(
    frame('HEADERS', 1, 1, block(...REQUEST)),
    many(40, () => frame('CONTINUATION', 0, 1, '')),
  )
  calmed(t, empty, got, 'continuations')

  const full = serverEnd({ maxHeadBytes: 20_000 })
  const large = full.send(
    frame('HEADERS', 1, 1, block(...REQUEST)),
    many(4, () => frame('CONTINUATION', 0, 1, Buffer.alloc(16_000))),
  )
  calmed(t, full, large, 'head_bytes')
})

t.test('HPACK bomb: a small block that decodes to a large head', async (t) => {
  const end = serverEnd()
  const value = 'v'.repeat(3000)
  end.send(frame('HEADERS', 5, 1, Buffer.concat([block(...REQUEST), Buffer.from([0x40]), block(['x-bomb', value]).subarray(1)])))
  const got = end.send(frame('HEADERS', 5, 3, Buffer.concat([block(...REQUEST), Buffer.alloc(10_000, 0xbe)])))
  t.same(got, ['HEADERS 3 end'], '431')
  t.equal(end.seen.refused[0]?.[0], 'head_too_large')
  t.same(end.struck, ['head_bytes'])
})

t.test('cookie bomb: crumbs are counted with what they cost', async (t) => {
  const end = serverEnd()
  const crumbs = Array.from({ length: 2000 }, () => Buffer.from([0x0f, 0x11, 0])) // cookie, by its index
  end.send(frame('HEADERS', 5, 1, Buffer.concat([block(...REQUEST), ...crumbs])))
  t.equal(end.seen.refused[0]?.[0], 'head_too_large')
})

t.test('HPACK tables stay within their limit', async (t) => {
  const end = serverEnd({ hpackTableBytes: 0 })
  t.match(end.send(frame('HEADERS', 5, 1, Buffer.concat([Buffer.from([0x20]), block(...REQUEST)]))), [], 'none at all')
  t.equal(end.exchanges.length, 1)
  t.match(
    end.send(frame('HEADERS', 5, 3, Buffer.concat([Buffer.from([0x3f, 0xe1, 0x1f]), block(...REQUEST)]))).at(-1),
    'GOAWAY 3 9',
  )
})

t.test('a peer that asks and does not read (CVE-2019-9512, -9514, -9515)', async (t) => {
  const end = serverEnd({ highWaterBytes: 1000, maxUnreadBytes: 5000, pings: { burst: 1e6, perSecond: 1e6 } })
  end.socket.stuck = true
  end.send(headers(1))
  end.exchanges[0]?.stream?.respond(responseHead(200, -1), false)
  end.exchanges[0]?.stream?.write(Buffer.alloc(2000))
  await settled()
  for (let n = 0; n < 20 && !end.socket.destroyed; n++) {
    end.send(many(30, () => frame('PING', 0, 0, Buffer.alloc(8))))
    await settled()
  }
  t.equal(end.socket.destroyed, true)
  t.same(end.struck, ['unread_bytes'])
  t.match(end.exchanges[0]?.take(), [/^downstream_gone: the peer does not read/])
})

t.test('a peer that asks for much and takes nothing: memory is bounded by windows', async (t) => {
  const end = serverEnd({ bodyTimeoutMs: 1000 })
  end.send(settings([4, 0]))
  end.send(many(100, (n) => headers(n * 2 + 1)))
  for (const exchange of end.exchanges) {
    exchange.stream?.respond(responseHead(200, -1), false)
    t.equal(exchange.stream?.write(Buffer.alloc(100)), FULL)
  }
  end.clock.advance(1000)
  t.equal(end.connection.active, 0, 'and by time')
  t.equal(end.struck.filter((reason) => reason === 'stalled_stream').length, 100)
})

t.test('a preface that is not finished', async (t) => {
  for (const bytes of [
    Buffer.alloc(0),
    PREFACE.subarray(0, 10),
    PREFACE,
    Buffer.concat([PREFACE, settings([1, 1]).subarray(0, 11)]),
  ]) {
    const end = serverEnd({ headTimeoutMs: 1000 }, { raw: true })
    if (bytes.length > 0) end.send(bytes)
    end.clock.advance(999)
    t.equal(end.socket.ended, false)
    end.clock.advance(1)
    t.equal(end.socket.ended, true)
    end.clock.advance(1000)
    t.equal(end.socket.destroyed, true, 'it does not linger')
  }
})

t.test('a head that comes a byte at a time', async (t) => {
  const end = serverEnd({ headTimeoutMs: 1000 })
  const bytes = headers(1)
  for (let at = 0; at < bytes.length && !end.socket.ended; at++) {
    end.send(bytes.subarray(at, at + 1))
    end.clock.advance(100)
  }
  t.equal(end.socket.ended, true)
  t.equal(end.exchanges.length, 0)
})

t.test('a header block that is never finished', async (t) => {
  const end = serverEnd({ headTimeoutMs: 1000 })
  end.send(headers(1, REQUEST, 1))
  end.clock.advance(1000)
  t.equal(end.socket.ended, true)
})

t.test('SETTINGS that are not acknowledged', async (t) => {
  const end = serverEnd({ settingsTimeoutMs: 1000 }, { raw: true })
  end.send(PREFACE, settings())
  end.clock.advance(1000)
  t.match(end.socket.frames().map(brief).at(-1), 'GOAWAY 0 4')
  t.same(end.struck, ['settings_ack'])
})

t.test('an endpoint that floods us', async (t) => {
  const end = clientEnd({ pings: RATE })
  const { attempt } = end.begin()
  t.match(end.send(many(60, () => frame('PING', 0, 0, Buffer.alloc(8)))).at(-1), 'GOAWAY 0 11')
  t.match(attempt.take(), [/^upstream_protocol: too many pings/])
  t.same(end.struck, ['pings'])
})
