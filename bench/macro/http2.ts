// HTTP/2 and gRPC, without TLS on either side: many streams on a connection, one stream on many, calls and streams of messages, and bodies.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { interleave } from '../lib/compare.ts'
import { grpcMessage, type Http2Origin, startFiles, startStreams } from '../lib/http2-origin.ts'
import { type Http2Load, saturateHttp2 } from '../lib/load.ts'
import { LARGE_BODY_BYTES, SMALL_BODY_BYTES } from '../lib/origin.ts'
import { cpuSeconds } from '../lib/proc.ts'
import { type Proxy, startProxy, stopAll } from '../lib/proxies.ts'
import { type Budget, type Context, type Figures, PLAIN, type Samples, type Scenario } from '../lib/scenario.ts'
import { envoy } from '../peers/envoy.ts'
import { nghttpx } from '../peers/nghttpx.ts'
import { nodeHttp2 } from '../peers/node-http2.ts'
import { outrigger } from '../peers/outrigger.ts'
import { HOST, type Peer } from '../peers/peer.ts'

const PEERS = [outrigger, envoy, nghttpx, nodeHttp2]
const MESSAGE = grpcMessage(105)

type Work = Pick<Http2Load, 'connections' | 'streams'> & {
  /** Requests carry a message. */
  readonly grpc: boolean
  readonly origin: (folder: string) => Promise<Http2Origin | undefined>
  /** Left out. */
  readonly without?: Peer
}

function scenario(name: string, title: string, envoyLimit: number, work: Work): Scenario {
  const budgets: Budget[] = [{ figure: 'cpuMicros', against: 'envoy', limit: envoyLimit }]
  return { name, title, budgets, run: (context) => run(context, work) }
}

async function run(context: Context, { connections, streams, grpc, origin: start, without }: Work): Promise<Samples | undefined> {
  const folder = context.folder()
  const origin = await start(folder)
  if (origin === undefined) {
    context.say('  left out; needed: nghttpd (Debian: nghttp2-server)')
    return undefined
  }
  const message = join(folder, 'message')
  writeFileSync(message, MESSAGE)
  const named = context.peers.map(({ name }) => name)
  const proxies: Proxy[] = []
  try {
    for (const peer of PEERS.filter((one) => named.includes(one.name) || one === nghttpx || one === nodeHttp2)) {
      if (peer === without) continue
      const proxy = await startProxy(context, peer, { setup: { ...PLAIN, http2: true }, originPort: origin.port })
      if (proxy !== undefined) proxies.push(proxy)
    }
    const load = { host: HOST, connections, streams, ...(grpc && { message }) }
    return await interleave(context, proxies, (proxy, seconds) => costs(proxy, { ...load, seconds }))
  } finally {
    await stopAll(proxies)
    await origin.child.stop()
  }
}

async function costs({ child, url }: Proxy, load: Omit<Http2Load, 'url'>): Promise<Figures> {
  const before = cpuSeconds(child.pid)
  const { requests, seconds, errors } = await saturateHttp2({ ...load, url: `${url}/r0` })
  const used = cpuSeconds(child.pid) - before
  return { cpuMicros: (used / requests) * 1e6, perSecond: requests / seconds, errors }
}

const small = (folder: string) => startFiles(folder, Buffer.alloc(SMALL_BODY_BYTES, 'x'), [])
const large = (folder: string) => startFiles(folder, Buffer.alloc(LARGE_BODY_BYTES, 'x'), [])
const unary = (folder: string) => startFiles(folder, MESSAGE, ['grpc-status: 0'])

export const http2: readonly Scenario[] = [
  scenario('http2-16x16', 'HTTP/2, 1 KiB, 16 connections × 16 streams', 0.4, {
    connections: 16,
    streams: 16,
    grpc: false,
    origin: small,
  }),
  scenario('http2-64x1', 'HTTP/2, 1 KiB, 64 connections × 1 stream', 0.5, {
    connections: 64,
    streams: 1,
    grpc: false,
    origin: small,
  }),
  scenario('grpc-unary', 'gRPC, unary calls of 100 bytes each way, 16 × 16', 0.4, {
    connections: 16,
    streams: 16,
    grpc: true,
    origin: unary,
  }),
  scenario('grpc-stream', 'gRPC, server streams of 1,000 messages of 100 bytes, 4 × 4', 0.5, {
    connections: 4,
    streams: 4,
    grpc: true,
    origin: startStreams,
  }),
  scenario('http2-big-body', 'HTTP/2, 1 MiB bodies, 4 connections × 4 streams', 1, {
    connections: 4,
    streams: 4,
    grpc: false,
    origin: large,
    // as short as it is, it does not get through sixteen large bodies at once
    without: nodeHttp2,
  }),
]
