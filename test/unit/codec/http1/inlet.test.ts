// The reading half of a socket: what is left over, where heads end, when reading stops.
import type { Socket } from 'node:net'
import t from 'tap'
import { Inlet, isHopeless } from '../../../../src/codec/http1/inlet.ts'

const MAX_HELD = 16

/** Takes whole lines that end with an empty one; counts pauses. */
function setUp(): { inlet: Inlet; heads: string[]; state: { paused: boolean } } {
  const state = { paused: false }
  const socket = { pause: () => (state.paused = true), resume: () => (state.paused = false) } as unknown as Socket
  const heads: string[] = []
  const consumer = {
    consume(bytes: Buffer, from: number, end: number): number {
      let at = from
      while (at < end && !inlet.full) {
        const headEnd = inlet.headEnd(bytes, at, end)
        if (headEnd < 0) break
        heads.push(bytes.toString('latin1', at, headEnd))
        at = headEnd + 2
      }
      return at
    },
  }
  const inlet = new Inlet(socket, consumer, MAX_HELD)
  return { inlet, heads, state }
}

t.test('heads are found however they are cut', async (t) => {
  const text = 'a\r\n\r\nbc\r\nd\r\n\r\n'
  for (let cut = 0; cut <= text.length; cut++) {
    const { inlet, heads } = setUp()
    inlet.push(Buffer.from(text.slice(0, cut)), false)
    inlet.push(Buffer.from(text.slice(cut)), false)
    t.same(heads, ['a\r\n', 'bc\r\nd\r\n'], `cut at ${cut}`)
  }
  const { inlet, heads } = setUp()
  for (const byte of text) inlet.push(Buffer.from(byte), false)
  t.same(heads, ['a\r\n', 'bc\r\nd\r\n'], 'byte by byte')
})

t.test('what is left of lent memory is copied', async (t) => {
  const { inlet, heads } = setUp()
  const lent = Buffer.from('ab')
  inlet.push(lent, true)
  lent.fill('x')
  inlet.push(Buffer.from('\r\n\r\n'), true)
  t.same(heads, ['ab\r\n'])
})

t.test('reading stops while the consumer is full, and goes on with what was held', async (t) => {
  const { inlet, heads, state } = setUp()
  inlet.fill()
  inlet.push(Buffer.from('a\r\n\r\n'), false)
  t.same([heads.length, state.paused], [0, true])
  inlet.resume()
  t.same([heads.length, state.paused], [1, false])
})

t.test('reading stops when more is held than may be', async (t) => {
  const { inlet, state } = setUp()
  inlet.push(Buffer.alloc(MAX_HELD - 1, 'a'), false)
  t.equal(state.paused, false)
  inlet.push(Buffer.from('a'), false)
  t.equal(state.paused, true)
})

t.test('beginnings that no head can have', async (t) => {
  const hopeless = (text: string, from = 0): boolean => isHopeless(Buffer.from(text, 'latin1'), from, text.length)
  t.equal(hopeless('GET / HTTP/1.1\r\nHost'), false)
  t.equal(hopeless('GET / HTTP/1.1\r'), false, 'LF may follow')
  t.equal(hopeless('GET /\n'), true)
  t.equal(hopeless('GET /\rX'), true)
  t.equal(hopeless('GET /\0'), true)
  t.equal(hopeless('\nGET'), true)
  t.equal(hopeless('\r\nGET', 1), true, 'a CR of the message before does not count')
})
