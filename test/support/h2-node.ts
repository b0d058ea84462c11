// HTTP/2 as Node speaks it: a client and a server that stand for callers and applications.
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'

interface Owner {
  teardown(run: () => unknown): void
}

export interface Http2Reply {
  readonly headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader
  readonly body: Buffer
  readonly trailers: http2.IncomingHttpHeaders
  readonly informs: number[]
}

/** One request; rejects when the stream is reset. */
export function askHttp2(
  session: http2.ClientHttp2Session,
  head: http2.OutgoingHttpHeaders,
  body: readonly Buffer[] = [],
  trailers?: http2.OutgoingHttpHeaders,
): Promise<Http2Reply> {
  return new Promise((resolve, reject) => {
    const request = session.request(head, {
      endStream: body.length === 0 && trailers === undefined,
      waitForTrailers: trailers !== undefined,
    })
    const chunks: Buffer[] = []
    const informs: number[] = []
    let headers: Http2Reply['headers'] = {}
    let got: http2.IncomingHttpHeaders = {}
    request.on('response', (received) => (headers = received))
    request.on('headers', (received) => informs.push(Number(received[':status'])))
    request.on('trailers', (received) => (got = received))
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', reject)
    request.on('wantTrailers', () => request.sendTrailers(trailers ?? {}))
    request.on('close', () => {
      if (request.rstCode === 0) resolve({ headers, body: Buffer.concat(chunks), trailers: got, informs })
    })
    for (const chunk of body) request.write(chunk)
    if (body.length > 0 || trailers !== undefined) request.end()
  })
}

export function connectHttp2(t: Owner, port: number, options: http2.ClientSessionOptions = {}): http2.ClientHttp2Session {
  const session = http2.connect(`http://127.0.0.1:${port}`, options)
  session.on('error', () => {})
  t.teardown(() => session.destroy())
  return session
}

export interface Http2Origin {
  readonly address: string
  readonly port: number
  readonly sessions: ReadonlySet<http2.ServerHttp2Session>
  /** Streams so far. */
  seen(): number
}

type OnStream = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void

/** An HTTP/2 server without TLS; without a handler it answers with what it was asked, as JSON. */
export async function http2Origin(t: Owner, handle: OnStream = echo, options: http2.ServerOptions = {}): Promise<Http2Origin> {
  const server = http2.createServer(options)
  const sessions = new Set<http2.ServerHttp2Session>()
  let seen = 0
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => {})
    session.on('close', () => sessions.delete(session))
  })
  server.on('sessionError', () => {})
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    seen++
    stream.on('error', () => {})
    handle(stream, headers)
  })
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
  t.teardown(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return { address: `127.0.0.1:${port}`, port, sessions, seen: () => seen }
}

function echo(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
  const parts: Buffer[] = []
  stream.on('data', (part: Buffer) => parts.push(part))
  stream.on('trailers', (trailers) => Object.assign(headers, { trailers }))
  stream.on('end', () => {
    if (stream.destroyed) return
    stream.respond({ ':status': 200, 'content-type': 'application/json' })
    stream.end(JSON.stringify({ headers, body: Buffer.concat(parts).toString() }))
  })
}
