// Origins that speak HTTP/2: nghttpd for files, and for streams of messages a program of our own codec, since each message has to be a
// frame of its own. Both on the load's core.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Child, findProgram, freePort, LOAD_CORES } from './child.ts'
import { answersHttp2 } from './ready.ts'

const STREAMS = fileURLToPath(new URL('stream-origin.ts', import.meta.url))

export interface Http2Origin {
  readonly port: number
  readonly child: Child
}

/** A gRPC message of so many bytes, its prefix included. */
export function grpcMessage(bytes: number): Buffer {
  const message = Buffer.alloc(bytes, 'x')
  message[0] = 0
  message.writeUInt32BE(bytes - 5, 1)
  return message
}

/** Answers /r0 with `body`, and with trailers; undefined where nghttpd is missing. */
export async function startFiles(folder: string, body: Buffer, trailers: readonly string[]): Promise<Http2Origin | undefined> {
  const nghttpd = findProgram('nghttpd')
  if (nghttpd === undefined) return undefined
  const files = join(folder, 'files')
  mkdirSync(files)
  writeFileSync(join(files, 'r0'), body)
  const port = await freePort()
  const more = trailers.flatMap((trailer) => ['--trailer', trailer])
  return started(
    new Child([nghttpd, '--no-tls', '-a', '127.0.0.1', '-d', files, ...more, String(port)], { cores: LOAD_CORES }),
    port,
  )
}

/** Answers everything with a stream of a thousand messages of 100 bytes. */
export async function startStreams(): Promise<Http2Origin> {
  const port = await freePort()
  return started(new Child([process.execPath, STREAMS, String(port)], { cores: LOAD_CORES }), port)
}

async function started(child: Child, port: number): Promise<Http2Origin> {
  await answersHttp2(child, `http://127.0.0.1:${port}/r0`, 'origin')
  return { port, child }
}
