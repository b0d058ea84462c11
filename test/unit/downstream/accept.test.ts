import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import t from 'tap'
import { accept } from '../../../src/downstream/accept.ts'
import type { AcceptOptions } from '../../../src/downstream/accept-options.ts'
import type { ConnectionHandler } from '../../../src/exchange/handler.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { LIMITS } from '../../support/http2.ts'

const DETECTION_MS = 200
const REQUEST = 'GET / HTTP/1.1\r\nHost: catalog.shop\r\n\r\n'
const limits: AcceptOptions['limits'] = { ...LIMITS, idleTimeoutMs: 0, bodyTimeoutMs: 0 }

/** An accepted socket, its other end, and what became of it. */
async function connection(
  test: { teardown(run: () => void): unknown },
  carriesBytes: boolean,
): Promise<{ clock: FakeClock; caller: Socket; found: string[]; socket: Socket }> {
  const clock = new FakeClock()
  const found: string[] = []
  const receiver = { onRequestData() {}, onRequestEnd() {}, onRequestAbort() {}, onResponseDrain() {} }
  const handler = { onRequest: () => receiver, onConnection: () => receiver, onClosed() {}, onRefused() {}, onDefect() {} }
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const caller = createConnection((server.address() as { port: number }).port, '127.0.0.1')
  caller.on('error', () => {})
  const [socket] = (await once(server, 'connection')) as [Socket]
  test.teardown(() => {
    caller.destroy()
    socket.destroy()
    server.close()
  })
  accept(socket, {
    protocol: 'auto',
    proxyProtocol: 'off',
    detectionTimeoutMs: DETECTION_MS,
    carriesBytes,
    certificate: undefined,
    original: '',
    expectsServer: false,
    byHello: undefined,
    identity: undefined,
    mtls: () => 'disable',
    limits,
    clock,
    handler: () => handler as unknown as ConnectionHandler,
    refused: (reason) => found.push(reason),
    opened: (_connection, protocol) => found.push(protocol),
  })
  return { clock, caller, found, socket }
}

t.test('takes a silent caller for one whose server speaks first', async (t) => {
  const { clock, found } = await connection(t, true)
  clock.advance(DETECTION_MS)
  await eventually(() => found.length > 0)
  t.same(found, ['tcp'])
})

t.test('waits for a silent caller where bytes alone have nowhere to go', async (t) => {
  const { clock, caller, found } = await connection(t, false)
  clock.advance(DETECTION_MS * 5)
  caller.write(REQUEST)
  await eventually(() => found.length > 0)
  t.same(found, ['http1'])
})

t.test('refuses a caller that stays silent where bytes alone have nowhere to go', async (t) => {
  const { clock, found } = await connection(t, false)
  clock.advance(10_000)
  t.same(found, ['detection_failed'])
})

t.test('reads what has arrived before it takes a caller for silent', async (t) => {
  const { clock, found, socket } = await connection(t, true)
  // as after a long turn of the event loop: the time is up, and the bytes are there but not read yet
  clock.advance(DETECTION_MS)
  socket.emit('data', Buffer.from(REQUEST))
  await new Promise((resolve) => setImmediate(resolve))
  t.same(found, ['http1'])
})
