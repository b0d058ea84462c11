// Servers that stand for the application or an upstream, on free ports of loopback, gone when the test is over.
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'

interface Owner {
  teardown(run: () => unknown): void
}

export interface Origin {
  /** host:port */
  readonly address: string
  readonly port: number
  /** Requests (HTTP) or connections (TCP) so far. */
  seen(): number
  /** Stops listening and cuts what is open; earlier than the test's end. */
  close(): Promise<void>
}

/** An HTTP server; without a handler it answers with what it was asked, as JSON. */
export function httpOrigin(t: Owner, handle: RequestListener = echo): Promise<Origin> {
  let seen = 0
  const server = createHttpServer((request, response) => {
    seen++
    handle(request, response)
  })
  return listen(t, server, () => seen)
}

/** A server of raw bytes. */
export function tcpOrigin(t: Owner, handle: (socket: Socket) => void): Promise<Origin> {
  let seen = 0
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    seen++
    socket.on('error', () => socket.destroy())
    handle(socket)
  })
  return listen(t, server, () => seen)
}

async function listen(t: Owner, server: Server | ReturnType<typeof createTcpServer>, seen: () => number): Promise<Origin> {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of open) socket.destroy()
    })
  t.teardown(close)
  return { address: `127.0.0.1:${port}`, port, seen, close }
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    const { method, url, headers, rawHeaders, httpVersion } = request
    const body = JSON.stringify({ method, url, headers, rawHeaders, httpVersion, body: Buffer.concat(parts).toString() })
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
  })
}

/** A port of loopback that nothing listens on right now. */
export async function freePort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
