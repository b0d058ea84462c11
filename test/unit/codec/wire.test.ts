// The writing half of a socket: what is gathered, what passes on its own, and when memory is free again.
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import t from 'tap'
import { beginBurst, endBurst } from '../../../src/codec/flush.ts'
import { FULL, HELD, WRITTEN } from '../../../src/codec/stream.ts'
import { Wire } from '../../../src/codec/wire.ts'

const HIGH_WATER = 1000
const LARGE = 20_000

/** Keeps each write; `stuck`: the kernel takes nothing. */
class FakeSocket extends EventEmitter {
  readonly writes: string[] = []
  readonly writableHighWaterMark = HIGH_WATER
  writableLength = 0
  writable = true
  stuck = false
  ended = false

  write(data: string | Uint8Array): boolean {
    this.writes.push(typeof data === 'string' ? data : Buffer.from(data).toString('latin1'))
    if (this.stuck) this.writableLength += data.length
    return this.writableLength < HIGH_WATER
  }

  end(): void {
    this.ended = true
    this.writable = false
  }

  cork(): void {}
  uncork(): void {}
}

function setUp(): { socket: FakeSocket; wire: Wire } {
  const socket = new FakeSocket()
  return { socket, wire: new Wire(socket as unknown as Socket) }
}

/** Runs as a socket's callback does. */
function burst(run: () => void): void {
  beginBurst()
  run()
  endBurst()
}

t.test('head, small body and end leave as one write, in order', async (t) => {
  const { socket, wire } = setUp()
  burst(() => {
    wire.text('head')
    t.equal(wire.write(Buffer.from('body')), WRITTEN, 'copied: its memory is free')
    wire.text('end')
    t.same(socket.writes, [])
  })
  t.same(socket.writes, ['headbodyend'])
})

t.test('a large chunk is passed on without a copy, behind what waits', async (t) => {
  const { socket, wire } = setUp()
  burst(() => {
    wire.text('head')
    wire.write(Buffer.alloc(LARGE, 'a'))
    wire.text('tail')
  })
  t.equal(socket.writes.join(''), `head${'a'.repeat(LARGE)}tail`)
})

t.test('many small chunks stay in order when the buffer is full', async (t) => {
  const { socket, wire } = setUp()
  let expected = ''
  burst(() => {
    for (let i = 0; i < 20; i++) {
      const letter = String.fromCharCode(97 + i)
      expected += `${i}${letter.repeat(5000)}`
      wire.text(String(i))
      wire.write(Buffer.alloc(5000, letter))
    }
  })
  t.equal(socket.writes.join(''), expected)
})

t.test('a chunk that waits is held, and one too many says full', async (t) => {
  const { socket, wire } = setUp()
  socket.stuck = true
  socket.writableLength = 1
  t.equal(wire.write(Buffer.from('a')), HELD)
  t.equal(wire.write(Buffer.alloc(LARGE)), FULL)
})

t.test('the end comes behind what waits', async (t) => {
  const { socket, wire } = setUp()
  burst(() => {
    wire.text('last')
    wire.end()
    t.equal(socket.ended, false)
  })
  t.same(socket.writes, ['last'])
  t.equal(socket.ended, true)
  const other = setUp()
  other.wire.end()
  t.equal(other.socket.ended, true, 'at once when nothing waits')
})

t.test('what waits for a socket that is gone is dropped', async (t) => {
  const { socket, wire } = setUp()
  burst(() => {
    wire.text('head')
    wire.write(Buffer.from('body'))
    socket.writable = false
  })
  t.same(socket.writes, [])
  t.equal(wire.waiting, 0)
})
