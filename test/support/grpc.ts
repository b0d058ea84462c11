// gRPC with Google's own implementation for Node: a server and clients whose messages are plain text.
import {
  Client,
  status as codes,
  credentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from '@grpc/grpc-js'

interface Owner {
  teardown(run: () => unknown): void
}

const serialize = (text: string): Buffer => Buffer.from(text)
const deserialize = (bytes: Buffer): string => bytes.toString()

function method(name: string, requestStream: boolean, responseStream: boolean) {
  return {
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  }
}

export const ECHO = {
  unary: method('Unary', false, false),
  collect: method('Collect', true, false),
  spread: method('Spread', false, true),
  chat: method('Chat', true, true),
} as const satisfies ServiceDefinition

export interface GrpcOrigin {
  readonly address: string
  readonly port: number
  /** Calls that their callers have given up. */
  cancelled(): number
}

/**
 * unary: the request back; 'fail' fails, 'hang' never answers. collect: all requests joined. spread: 'N' numbers. chat: each request back
 * as it comes.
 */
export async function grpcOrigin(t: Owner): Promise<GrpcOrigin> {
  let cancelled = 0
  const note = (): unknown => cancelled++
  const server = new Server()
  server.addService(ECHO, {
    unary: answerOne(note),
    collect: answerAll,
    spread: answerMany(note),
    chat: answerEach(note),
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  t.teardown(() => server.forceShutdown())
  return { address: `127.0.0.1:${port}`, port, cancelled: () => cancelled }
}

function answerOne(onCancelled: () => unknown): handleUnaryCall<string, string> {
  return (call, reply) => {
    // it is also told of calls that have been answered
    if (call.request === 'hang') call.on('cancelled', onCancelled)
    const trailer = new Metadata()
    trailer.set('x-trailer', 'yes')
    if (call.request === 'fail') reply({ code: codes.FAILED_PRECONDITION, details: 'not now: ü', metadata: trailer })
    else if (call.request === 'deadline') reply(null, String(Number(call.getDeadline())))
    else if (call.request !== 'hang') reply(null, call.request, trailer)
  }
}

const answerAll: handleClientStreamingCall<string, string> = (call, reply) => {
  const parts: string[] = []
  call.on('data', (part: string) => parts.push(part))
  call.on('end', () => reply(null, parts.join(',')))
}

function answerMany(onCancelled: () => unknown): handleServerStreamingCall<string, string> {
  return (call) => {
    const count = Number(call.request)
    let next = 0
    call.on('cancelled', () => {
      next = count
      onCancelled()
    })
    const write = (): void => {
      while (next < count) {
        if (call.write(String(next++))) continue
        call.once('drain', write)
        return
      }
      call.end()
    }
    write()
  }
}

function answerEach(onCancelled: () => unknown): handleBidiStreamingCall<string, string> {
  return (call) => {
    call.on('cancelled', onCancelled)
    call.on('data', (part: string) => call.write(part))
    call.on('end', () => call.end())
  }
}

/** `authority`: whom it means, where that is not whom it calls. */
export function grpcClient(t: Owner, port: number, authority = ''): Client {
  const options = authority === '' ? {} : { 'grpc.default_authority': authority }
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options)
  t.teardown(() => client.close())
  return client
}

export function unary(client: Client, request: string, deadlineMs?: number): Promise<string> {
  const { path } = ECHO.unary
  const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, serialize, deserialize, request, new Metadata(), options, (error, reply) =>
      error ? reject(error) : resolve(reply as string),
    )
  })
}

export function collect(client: Client, requests: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = client.makeClientStreamRequest(ECHO.collect.path, serialize, deserialize, (error, reply) =>
      error ? reject(error) : resolve(reply as string),
    )
    for (const request of requests) call.write(request)
    call.end()
  })
}

export function spread(client: Client, count: number) {
  return client.makeServerStreamRequest(ECHO.spread.path, serialize, deserialize, String(count))
}

export function chat(client: Client) {
  return client.makeBidiStreamRequest(ECHO.chat.path, serialize, deserialize)
}
