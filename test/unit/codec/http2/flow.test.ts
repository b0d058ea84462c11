// Flow control and what waits: both directions, stream by stream.
import t from 'tap'
import { FULL, HELD, WRITTEN } from '../../../../src/codec/stream.ts'
import { settled } from '../../../support/fake-clock.ts'
import { serverEnd } from '../../../support/h2-ends.ts'
import { brief, frame, headers, POST, settings, uint32 } from '../../../support/h2-wire.ts'
import { responseHead } from '../../../support/http2.ts'

const OK = responseHead(200, -1)

t.test('a response goes as far as the window of its stream', async (t) => {
  const end = serverEnd()
  end.send(settings([4, 10]), headers(1))
  const [exchange] = end.exchanges
  exchange?.stream?.respond(OK, false)
  t.equal(exchange?.stream?.write(Buffer.from('0123456')), WRITTEN)
  t.equal(exchange?.stream?.write(Buffer.from('789abc')), FULL)
  exchange?.stream?.end()
  await settled()
  t.same(end.socket.frames().map(brief), ['HEADERS 1', 'DATA 1 7', 'DATA 1 3'])
  t.same(end.send(frame('WINDOW_UPDATE', 0, 1, uint32(2))), ['DATA 1 2'])
  t.same(end.send(settings([4, 11])), ['SETTINGS ack', 'DATA 1 1 end'], 'a new initial window counts for open streams')
  t.same(exchange?.events, [], 'no drain: it had ended')
})

t.test('the initial window may make a window negative', async (t) => {
  const end = serverEnd()
  end.send(settings([4, 10]), headers(1))
  const [exchange] = end.exchanges
  exchange?.stream?.respond(OK, false)
  exchange?.stream?.write(Buffer.from('0123456789'))
  await settled()
  end.socket.take()
  end.send(settings([4, 3]))
  t.equal(exchange?.stream?.write(Buffer.from('abc')), FULL)
  t.same(end.send(frame('WINDOW_UPDATE', 0, 1, uint32(7))), [], 'still nothing: -7 + 7')
  t.same(end.send(frame('WINDOW_UPDATE', 0, 1, uint32(3))), ['DATA 1 3'])
  t.same(exchange?.events, ['drain'])
})

t.test('streams take turns at the window of the connection', async (t) => {
  const end = serverEnd()
  end.send(settings([4, 1_000_000]), headers(1), headers(3), headers(5))
  for (const exchange of end.exchanges) exchange.stream?.respond(OK, false)
  t.equal(end.exchanges[0]?.stream?.write(Buffer.alloc(65_535)), WRITTEN)
  for (const exchange of end.exchanges) t.equal(exchange.stream?.write(Buffer.alloc(20_000)), FULL)
  await settled()
  end.socket.take()
  t.same(end.send(frame('WINDOW_UPDATE', 0, 0, uint32(30_000))), ['DATA 1 16384', 'DATA 1 3616', 'DATA 3 10000'])
  t.same(
    end.exchanges.map((exchange) => exchange.take()),
    [['drain'], [], []],
  )
  t.equal(end.exchanges[0]?.stream?.write(Buffer.alloc(5)), FULL, 'behind those that wait longer')
  t.same(end.send(frame('WINDOW_UPDATE', 0, 0, uint32(30_004))), ['DATA 5 16384', 'DATA 5 3616', 'DATA 3 10000', 'DATA 1 4'])
})

t.test('a stream that waits does not hold up another', async (t) => {
  const end = serverEnd()
  end.send(settings([4, 0]), headers(1), headers(3))
  for (const exchange of end.exchanges) exchange.stream?.respond(OK, false)
  t.equal(end.exchanges[0]?.stream?.write(Buffer.alloc(10)), FULL)
  t.equal(end.exchanges[1]?.stream?.write(Buffer.alloc(10)), FULL)
  await settled()
  end.socket.take()
  t.same(end.send(frame('WINDOW_UPDATE', 0, 3, uint32(100))), ['DATA 3 10'])
})

t.test('a peer that does not read stops bodies, not the others', async (t) => {
  const end = serverEnd({ highWaterBytes: 20_000 })
  end.send(settings([4, 1_000_000]), frame('WINDOW_UPDATE', 0, 0, uint32(1_000_000)), headers(1), headers(3))
  const [one, two] = end.exchanges
  end.socket.stuck = true
  one?.stream?.respond(OK, false)
  t.equal(one?.stream?.write(Buffer.alloc(30_000)), WRITTEN, 'copied')
  await settled()
  t.equal(one?.stream?.write(Buffer.alloc(70_000)), FULL)
  two?.stream?.respond(responseHead(204, 0), true)
  await settled()
  t.same(end.socket.frames().map(brief), ['HEADERS 1', 'DATA 1 16384', 'DATA 1 13616', 'HEADERS 3 end'])
  end.socket.release()
  await settled()
  t.same(end.socket.frames().map(brief), ['DATA 1 16384', 'DATA 1 16384', 'DATA 1 16384', 'DATA 1 16384', 'DATA 1 4464'])
  t.same(one?.events, ['drain'])
})

t.test('memory that waits for the kernel is not written again', async (t) => {
  const end = serverEnd()
  end.send(headers(1))
  const [exchange] = end.exchanges
  exchange?.stream?.respond(OK, false)
  end.socket.stuck = true
  const bytes: Buffer[] = []
  const write = end.socket.write.bind(end.socket)
  end.socket.write = (chunk, done) => {
    bytes.push(chunk) // no copy, as the real thing
    return write(chunk, done)
  }
  for (let i = 0; i < 20; i++) {
    exchange?.stream?.write(Buffer.alloc(1000, i))
    await settled()
  }
  const sent = Buffer.concat(bytes)
  for (let i = 0; i < 20; i++) t.ok(sent.includes(Buffer.alloc(1000, i)), `piece ${i}`)
})

t.test('windows are given back by halves as bytes are taken', async (t) => {
  const end = serverEnd({ streamWindowBytes: 40_000, connectionWindowBytes: 100_000 })
  t.same(end.send(headers(1, POST, 4), frame('DATA', 0, 1, Buffer.alloc(16_384))), [])
  t.same(end.send(frame('DATA', 0, 1, Buffer.alloc(16_384))), ['WINDOW_UPDATE 1 32768'])
  t.same(end.send(frame('DATA', 0, 1, Buffer.alloc(16_384))), [])
  t.same(end.send(frame('DATA', 0, 1, Buffer.alloc(16_384))), ['WINDOW_UPDATE 0 65536', 'WINDOW_UPDATE 1 32768'])
})

t.test('padding is counted and given back', async (t) => {
  const end = serverEnd({ streamWindowBytes: 1000, connectionWindowBytes: 65_535 })
  end.send(headers(1, POST, 4))
  const padded = frame('DATA', 8, 1, Buffer.concat([Buffer.from([249]), Buffer.alloc(250)]))
  for (let i = 0; i < 20; i++)
    t.equal(
      end.send(padded).some((text) => text.startsWith('RST')),
      false,
    )
})

t.test('a receiver that is full is left alone until it resumes', async (t) => {
  const end = serverEnd({ streamWindowBytes: 1000 })
  end.send(headers(1, POST, 4), headers(3, POST, 4))
  const [one, two] = end.exchanges
  if (one === undefined || two === undefined) return
  one.result = FULL
  t.same(
    end.send(
      frame('DATA', 0, 1, Buffer.alloc(400)),
      frame('DATA', 0, 1, Buffer.alloc(300)),
      frame('DATA', 1, 1, Buffer.alloc(200)),
    ),
    [],
  )
  t.same(one.take(), ['data 400'])
  t.same(end.send(frame('DATA', 1, 3, 'x')), [])
  t.same(two.take(), ['data 1', 'end'], 'the other goes on')
  one.result = HELD
  one.stream?.resume()
  t.same(one.take(), ['data 500', 'end'], 'what waited comes in one piece')
  await settled()
  t.same(end.socket.frames().map(brief), [], 'no window for a stream that has ended')
})

t.test('a receiver that is full again after a piece', async (t) => {
  const end = serverEnd({ streamWindowBytes: 1000 })
  end.send(headers(1, POST, 4))
  const [one] = end.exchanges
  if (one === undefined) return
  one.result = FULL
  end.send(frame('DATA', 0, 1, Buffer.alloc(400)))
  end.send(frame('DATA', 0, 1, Buffer.alloc(500)))
  one.stream?.resume()
  t.same(one.take(), ['data 400', 'data 500'])
  await settled()
  t.same(end.socket.frames().map(brief), [], 'nothing is given back while it is referred to … but 400 of 1000')
  one.result = HELD
  one.stream?.resume()
  await settled()
  t.same(end.socket.frames().map(brief), ['WINDOW_UPDATE 1 900'])
  t.same(end.send(frame('DATA', 1, 1, 'x')), [])
  t.same(one.take(), ['data 1', 'end'])
})

t.test('tiny frames that wait do not become many objects', async (t) => {
  const end = serverEnd({ streamWindowBytes: 200_000 })
  end.send(headers(1, POST, 4))
  const [one] = end.exchanges
  if (one === undefined) return
  one.result = FULL
  const tiny = frame('DATA', 0, 1, 'x')
  for (let i = 0; i < 50; i++) end.send(Buffer.concat(Array.from({ length: 1000 }, () => tiny)))
  one.result = HELD
  one.stream?.resume()
  t.equal(one.bytes, 50_000)
  t.ok(one.take().length < 110, 'few pieces')
})

t.test('more than the window', async (t) => {
  const end = serverEnd({ streamWindowBytes: 100 })
  t.same(end.send(headers(1, POST, 4), frame('DATA', 0, 1, Buffer.alloc(101))), ['RST_STREAM 1 3'])
  const whole = serverEnd({ connectionWindowBytes: 65_535, streamWindowBytes: 1_000_000 })
  whole.send(headers(1, POST, 4))
  const [exchange] = whole.exchanges
  if (exchange !== undefined) exchange.result = FULL
  for (let i = 0; i < 20; i++) t.notMatch(whole.send(frame('DATA', 0, 1, Buffer.alloc(16_384))).join(), /RST|GOAWAY/)
  t.equal(whole.connection.active, 1, 'the window of the connection is given back as it is used')
})

t.test('a response that nobody takes ends its stream', async (t) => {
  const end = serverEnd({ bodyTimeoutMs: 1000 })
  end.send(settings([4, 5]), headers(1), headers(3))
  for (const exchange of end.exchanges) exchange.stream?.respond(OK, false)
  end.exchanges[0]?.stream?.write(Buffer.alloc(10))
  await settled()
  end.clock.advance(900)
  end.socket.take()
  t.same(end.send(frame('WINDOW_UPDATE', 0, 1, uint32(1))), ['DATA 1 1'], 'as long as it takes something …')
  end.clock.advance(900)
  t.same(end.exchanges[0]?.take(), [])
  end.clock.advance(100)
  t.same(end.socket.frames().map(brief), ['RST_STREAM 1 8'])
  t.match(end.exchanges[0]?.take(), [/^downstream_gone: the caller took no bytes/])
  t.same(end.struck, ['stalled_stream'])
  t.same(end.exchanges[1]?.take(), [], 'the other has nothing to send')
})
