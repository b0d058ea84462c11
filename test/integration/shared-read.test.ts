// One piece of memory for all sockets that came in.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t from 'tap'
import { readShared } from '../../src/codec/shared-read.ts'
import { eventually } from '../support/eventually.ts'

/** Both ends of a connection. */
async function pair(t: Tap): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [near] = (await accepted) as [Socket]
  t.teardown(() => {
    far.destroy()
    near.destroy()
    server.close()
  })
  return { near, far }
}

type Tap = Pick<typeof t, 'teardown'>

t.test('reads all sockets into the same memory, and lends it', async (t) => {
  const [one, other] = [await pair(t), await pair(t)]
  const memories = new Set<ArrayBufferLike>()
  let text = ''
  for (const { near } of [one, other])
    readShared(near, (chunk, lent) => {
      t.ok(lent)
      memories.add(chunk.buffer)
      text += chunk.toString('latin1')
    })
  one.far.write('a')
  await eventually(() => text === 'a')
  other.far.write('b')
  await eventually(() => text === 'ab')
  t.equal(memories.size, 1)
})

t.test('a paused socket reads nothing until it is resumed, and then its end', async (t) => {
  const { near, far } = await pair(t)
  let bytes = 0
  let ended = false
  readShared(near, (chunk) => {
    bytes += chunk.length
    near.pause()
  })
  near.on('end', () => (ended = true))
  const sent = 1_000_000
  far.end(Buffer.alloc(sent))
  await eventually(() => bytes > 0)
  const first = bytes
  await new Promise(setImmediate)
  t.equal(bytes, first)
  t.notOk(ended)
  const resume = setInterval(() => near.resume(), 1)
  t.teardown(() => clearInterval(resume))
  await eventually(() => ended)
  t.equal(bytes, sent)
})
