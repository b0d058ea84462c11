// An application that behaves as it is told, request by request, well or badly; the same over HTTP/1.1 and HTTP/2.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { constants, createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'

interface Owner {
  teardown(run: () => unknown): void
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly trailers?: Readonly<Record<string, string>>
  /** Wait before it. */
  readonly afterMs?: number
  /** Reply without waiting for the body of the request. */
  readonly early?: boolean
  /** Do not end it. */
  readonly open?: boolean
}

/** 'reset': no response, but a reset; 'hang': none at all; 'truncate': a head and half a body, then a reset; 'refuse': REFUSED_STREAM. */
export type Behaviour = Reply | 'reset' | 'hang' | 'truncate' | 'refuse'

export interface Request {
  readonly method: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

export interface ScriptedOrigin {
  readonly address: string
  readonly port: number
  /** In the order in which they came. */
  readonly requests: Request[]
  /** Connections so far. */
  connections(): number
  /** What the next requests meet; the last one for ever. */
  script(...behaviours: Behaviour[]): void
  close(): Promise<void>
}

type AnyRequest = IncomingMessage | Http2ServerRequest
type AnyResponse = ServerResponse | Http2ServerResponse

export async function scriptedOrigin(t: Owner, version: 'http' | 'http2', ...first: Behaviour[]): Promise<ScriptedOrigin> {
  let behaviours = first
  const requests: Request[] = []
  const open = new Set<Socket>()
  let connections = 0
  const handle = (request: AnyRequest, response: AnyResponse): void => {
    const parts: Buffer[] = []
    const record = { method: String(request.method), headers: request.headers, body: '' }
    requests.push(record)
    const behaviour = (behaviours.length > 1 ? behaviours.shift() : behaviours[0]) ?? { status: 200 }
    request.on('error', () => {})
    request.on('data', (part: Buffer) => {
      parts.push(part)
      record.body = Buffer.concat(parts).toString()
    })
    if (typeof behaviour === 'object' && behaviour.early === true) reply(response, behaviour)
    else request.on('end', () => behave(request, response, behaviour))
  }
  const server = version === 'http' ? createServer(handle) : createHttp2Server(handle)
  server.on('sessionError', () => {})
  server.on('connection', (socket: Socket) => {
    connections++
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of open) socket.destroy()
    })
  t.teardown(close)
  const script = (...next: Behaviour[]): void => void (behaviours = next)
  return { address: `127.0.0.1:${port}`, port, requests, connections: () => connections, script, close }
}

function behave(request: AnyRequest, response: AnyResponse, behaviour: Behaviour): void {
  if (behaviour === 'hang') return
  if (typeof behaviour === 'object') {
    setTimeout(() => reply(response, behaviour), behaviour.afterMs ?? 0)
    return
  }
  if (behaviour === 'truncate') {
    const answer = response as ServerResponse
    answer.writeHead(200, { 'content-length': '10' })
    answer.write('12345', () => cut(request))
    return
  }
  cut(request, behaviour === 'refuse' ? constants.NGHTTP2_REFUSED_STREAM : constants.NGHTTP2_INTERNAL_ERROR)
}

function cut(request: AnyRequest, code: number = constants.NGHTTP2_INTERNAL_ERROR): void {
  if ('stream' in request) request.stream.close(code)
  else request.socket.resetAndDestroy()
}

function reply(response: AnyResponse, { status, headers = {}, body = '', trailers, open = false }: Reply): void {
  const answer = response as ServerResponse
  if (answer.destroyed) return
  answer.writeHead(status, headers)
  if (body !== '') answer.write(body)
  if (trailers !== undefined) answer.addTrailers({ ...trailers })
  if (!open) answer.end()
}
