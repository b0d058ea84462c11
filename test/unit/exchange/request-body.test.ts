// Bodies that may have to be sent again.
import t from 'tap'
import { FULL, type UpstreamStream, WRITTEN } from '../../../src/codec/stream.ts'
import { RequestBody } from '../../../src/exchange/request-body.ts'

function fakeStream(result: typeof WRITTEN | typeof FULL = WRITTEN) {
  const written: string[] = []
  const stream = {
    write(chunk: Uint8Array) {
      written.push(Buffer.from(chunk).toString())
      return result
    },
  } as unknown as UpstreamStream
  return { stream, text: () => written.join('') }
}

const bytes = (text: string): Buffer => Buffer.from(text)

t.test('what is kept is a copy, and goes to every attempt whole', async (t) => {
  const body = new RequestBody(false)
  body.keep(100)
  const [first, second] = [fakeStream(), fakeStream()]
  const memory = bytes('one ')
  t.equal(body.push(memory, first.stream), WRITTEN)
  memory.fill(0)
  body.push(bytes('two'), first.stream)
  body.ended = true
  t.ok(body.whole)
  body.sendTo(second.stream)
  t.equal(first.text(), 'one two')
  t.equal(second.text(), 'one two')
})

t.test('what comes before there is a stream waits, and its sender with it', async (t) => {
  for (const keep of [0, 100]) {
    const body = new RequestBody(false)
    if (keep > 0) body.keep(keep)
    t.equal(body.push(bytes('early'), undefined), FULL)
    t.ok(body.held)
    const { stream, text } = fakeStream()
    body.sendTo(stream)
    t.equal(text(), 'early')
    t.equal(body.lost, keep === 0, 'sent and not kept is lost')
  }
})

t.test('beyond the limit it goes on, but can not be repeated', async (t) => {
  const body = new RequestBody(false)
  body.keep(4)
  const { stream, text } = fakeStream()
  body.push(bytes('1234'), stream)
  t.notOk(body.lost)
  body.push(bytes('5'), stream)
  t.ok(body.lost)
  t.equal(text(), '12345')
})

t.test('beyond the limit while an attempt is awaited, that one still gets all of it', async (t) => {
  const body = new RequestBody(false)
  body.keep(4)
  body.push(bytes('1234'), fakeStream().stream)
  body.push(bytes('56'), undefined)
  const { stream, text } = fakeStream()
  body.sendTo(stream)
  t.equal(text(), '123456')
  t.ok(body.lost)
})

t.test('what came before it was to be kept is kept as well', async (t) => {
  const body = new RequestBody(false)
  body.push(bytes('before '), undefined)
  body.keep(100)
  body.ended = true
  const [first, second] = [fakeStream(), fakeStream()]
  body.sendTo(first.stream)
  body.sendTo(second.stream)
  t.equal(second.text(), 'before ')
  t.ok(body.whole)
})

t.test('without a body there is nothing to send but the head', async (t) => {
  const body = new RequestBody(true)
  body.keep(100)
  t.ok(body.bare)
  t.ok(body.whole)
})
