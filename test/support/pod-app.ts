// The application of a Pod: says what it saw of a request, greets whoever connects, sends bytes back.

import { createServer as createHttp } from 'node:http'
import { createServer as createHttp2 } from 'node:http2'
import { createServer, type Server } from 'node:net'
import { Server as GrpcServer, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js'
import { WebSocketServer } from 'ws'
import { BYTES } from './grpc-bytes.ts'

interface Ports {
  readonly name: string
  readonly http?: number
  readonly http6?: number
  readonly http2?: number
  readonly grpc?: number
  readonly greet?: number
  readonly echo?: number
}

const { name, http, http6, http2, grpc, greet, echo } = JSON.parse(process.argv[2] as string) as Ports

const web = (): Server => {
  const server = createHttp((request, response) => {
    const { method, url, headers, socket } = request
    // a response that goes on and on
    if (url === '/stream') {
      const timer = setInterval(() => response.write('.'), 20)
      response.on('close', () => clearInterval(timer))
      return
    }
    const remote = `${socket.remoteAddress}:${socket.remotePort}`
    const local = `${socket.localAddress}:${socket.localPort}`
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ pod: name, method, path: url, headers, remote, local }))
  })
  new WebSocketServer({ server }).on('connection', (socket) =>
    socket.on('message', (message) => socket.send(`${name}: ${(message as Buffer).toString()}`)),
  )
  return server
}
const web2 = (): Server =>
  createHttp2((request, response) => response.end(JSON.stringify({ pod: name, path: request.url, version: request.httpVersion })))
const greeter = (): Server => createServer((socket) => socket.on('error', () => {}).end(`220 ${name} at your service\r\n`))
const echoer = (): Server => createServer((socket) => socket.on('error', () => {}).pipe(socket))

const listening: Promise<void>[] = []
const open = (port: number | undefined, make: () => Server, host: string): void => {
  if (port === undefined) return
  listening.push(new Promise((resolve) => make().listen(port, host, resolve)))
}
open(http, web, '0.0.0.0')
open(http6, web, '::')
open(http2, web2, '0.0.0.0')
open(greet, greeter, '0.0.0.0')
open(echo, echoer, '0.0.0.0')
if (grpc !== undefined) listening.push(openGrpc(grpc))
await Promise.all(listening)
console.log('ready')

/** A service of one method, which says back what it was told; the messages are bytes. */
async function openGrpc(port: number): Promise<void> {
  const server = new GrpcServer()
  server.addService(
    { Say: { path: '/pods.Echo/Say', requestStream: true, responseStream: true, ...BYTES } },
    {
      Say(call: ServerDuplexStream<Buffer, Buffer>) {
        call.on('data', (message: Buffer) => call.write(Buffer.from(`${name}: ${message.toString()}`)))
        call.on('end', () => call.end())
      },
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`0.0.0.0:${port}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    )
  })
}
