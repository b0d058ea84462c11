// TCP as a codec: bytes both ways, each side ended on its own, servers that speak first.
import { connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type UpstreamReceiver, WRITTEN } from '../../../src/codec/stream.ts'
import { TcpDownstream } from '../../../src/codec/tcp/downstream.ts'
import { TcpUpstream } from '../../../src/codec/tcp/upstream.ts'
import type { FailureCode } from '../../../src/core/failures.ts'
import { Fields } from '../../../src/core/fields.ts'
import { eventually } from '../../support/eventually.ts'
import { requestHead } from '../../support/outcome.ts'
import { RawPeer } from '../../support/raw-peer.ts'

/** Both ends of a connection. */
async function pair(t: Test): Promise<{ near: Socket; far: RawPeer }> {
  const accepted: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => void accepted.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const far = connect({ port: typeof address === 'object' ? (address?.port ?? 0) : 0, host: '127.0.0.1', allowHalfOpen: true })
  const near = await eventually(() => accepted[0])
  t.teardown(() => {
    far.destroy()
    near.destroy()
    server.close()
  })
  return { near, far: new RawPeer(far) }
}

async function downstream(t: Test) {
  const { near, far } = await pair(t)
  const seen: string[] = []
  const codec = new TcpDownstream(near, {
    onConnection: () => ({
      onRequestData(chunk) {
        seen.push(Buffer.from(chunk).toString())
        return WRITTEN
      },
      onRequestEnd: () => void seen.push('end'),
      onResponseDrain: () => void seen.push('drain'),
      onDownstreamFailure: (code) => void seen.push(code),
    }),
    onClosed: () => void seen.push('closed'),
    onDefect: (error) => void seen.push(`defect: ${String(error)}`),
  })
  codec.open()
  return { codec, far, seen }
}

t.test('downstream: each side ends on its own', async (t) => {
  const { codec, far, seen } = await downstream(t)
  far.send('hello')
  far.socket.end()
  await eventually(() => seen.includes('end'))
  t.same(seen, ['hello', 'end'])
  codec.write(Buffer.from('still here'))
  codec.end()
  t.equal(await far.gone(), 'still here')
  t.same(seen, ['hello', 'end', 'closed'])
  t.equal(codec.active, 0)
})

t.test('downstream: an abort is a reset, and silent', async (t) => {
  const { codec, far, seen } = await downstream(t)
  codec.abort('upstream_reset')
  await eventually(() => far.closed)
  t.equal(far.error?.code, 'ECONNRESET')
  t.same(seen, ['closed'])
})

t.test('downstream: a caller that goes is a failure', async (t) => {
  const { far, seen } = await downstream(t)
  far.socket.resetAndDestroy()
  await eventually(() => seen.length === 2)
  t.same(seen, ['closed', 'downstream_gone'])
})

async function upstream(t: Test) {
  const { near, far } = await pair(t)
  const seen: string[] = []
  const gone: FailureCode[] = []
  const codec = new TcpUpstream(near, {
    onReady: () => void seen.push('ready'),
    onIdle: () => void seen.push('idle'),
    onGone: (_connection, code) => void gone.push(code),
  })
  near.on('data', (chunk: Buffer) => codec.push(chunk, false))
  const receiver: UpstreamReceiver = {
    onInform: () => {},
    onResponse: (head) => void seen.push(String(head.status)),
    onResponseData(chunk) {
      seen.push(Buffer.from(chunk).toString())
      return WRITTEN
    },
    onResponseEnd: () => void seen.push('end'),
    onRequestDrain: () => {},
    onUpstreamFailure: (code) => void seen.push(code),
  }
  return { codec, far, seen, gone, receiver }
}

const head = requestHead({ fields: new Fields() })

t.test('upstream: what a server says first waits for the exchange', async (t) => {
  const { codec, far, seen, receiver } = await upstream(t)
  codec.connected()
  t.equal(codec.capacity, 1)
  far.send('220 ready')
  await eventually(() => !far.socket.writableLength)
  const stream = codec.begin(receiver)
  t.equal(codec.capacity, 0)
  stream.send(head, false)
  await eventually(() => seen.includes('220 ready'))
  t.same(seen, ['ready', '200', '220 ready'])
})

t.test('upstream: each side ends on its own, and then it is gone', async (t) => {
  const { codec, far, seen, gone, receiver } = await upstream(t)
  codec.connected()
  const stream = codec.begin(receiver)
  stream.send(head, false)
  stream.write(Buffer.from('query'))
  stream.end()
  await eventually(() => far.ended)
  t.equal(far.received, 'query')
  t.same(gone, [])
  far.send('answer')
  far.socket.end()
  await eventually(() => seen.includes('end'))
  t.same(seen, ['ready', '200', 'answer', 'end'])
  t.equal(gone.length, 1, 'never to be used again')
})

t.test('upstream: a reset fails the exchange', async (t) => {
  const { codec, far, seen, gone, receiver } = await upstream(t)
  codec.connected()
  codec.begin(receiver).send(head, false)
  far.socket.resetAndDestroy()
  await eventually(() => seen.includes('upstream_reset'))
  t.same(gone, ['upstream_reset'])
})

t.test('upstream: a drain ends what is not in use', async (t) => {
  const { codec, far, gone } = await upstream(t)
  codec.connected()
  codec.drain()
  await eventually(() => far.closed)
  t.same(gone, ['draining'])
})
