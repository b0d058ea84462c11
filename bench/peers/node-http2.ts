// A proxy of node:http2, as short as it can be: the peer, and the program that it runs as (node node-http2.ts PORT ORIGIN).
import http2 from 'node:http2'
import { fileURLToPath } from 'node:url'
import type { Peer } from './peer.ts'

const PROGRAM = fileURLToPath(import.meta.url)

export const nodeHttp2: Peer = {
  name: 'node:http2',
  needs: 'nothing',
  cannot: ['routes', 'workers'],
  prepare: ({ port, originPort }) => [process.execPath, PROGRAM, String(port), String(originPort)],
}

if (process.argv[1] === PROGRAM) {
  const [port, originPort] = process.argv.slice(2)
  const upstream = http2.connect(`http://127.0.0.1:${originPort}`, { maxSessionMemory: 1000 })
  const server = http2.createServer({ maxSessionMemory: 1000 })
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    const request = upstream.request(headers)
    let trailers: http2.IncomingHttpHeaders = {}
    stream.on('error', () => request.close())
    request.on('error', () => stream.close())
    request.on('trailers', (received) => {
      trailers = received
    })
    request.on('response', (head) => {
      if (stream.destroyed) return
      const waitForTrailers = headers['content-type'] === 'application/grpc'
      stream.respond(head, { waitForTrailers })
      stream.on('wantTrailers', () => stream.sendTrailers(trailers))
      request.pipe(stream)
    })
    stream.pipe(request)
  })
  server.listen(Number(port), '127.0.0.1', 4096)
}
