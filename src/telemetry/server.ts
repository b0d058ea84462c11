// The door for Prometheus and kubelet: metrics and health. It stays open while the proxy drains.
import type * as http from 'node:http'
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip } from 'node:zlib'
import { mustParseAddress } from '../core/address.ts'
import { listen } from '../core/listen.ts'
import type { Log } from '../core/log.ts'
import type { Readiness } from './readiness.ts'

// an `import` of node:http has Node load its whole fetch, for the sake of http.WebSocket: 20 ms and 4 MiB of every start
export const { createServer } = createRequire(import.meta.url)('node:http') as typeof http

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const APP_HEALTH = '/app-health/'
const MAX_CONNECTIONS = 128
const HEAD_TIMEOUT_MS = 5000
const IDLE_TIMEOUT_MS = 60_000

export interface TelemetryDeps {
  /** The answer to a scrape, in pieces. */
  readonly metricsText: () => AsyncIterable<string>
  readonly readiness: Readiness
  /** Of the application, by name. */
  readonly probe: (name: string) => Promise<string | undefined>
  readonly log: Log
}

export class TelemetryServer {
  readonly #server: http.Server

  private constructor(server: http.Server) {
    this.#server = server
  }

  /** `address` as in the settings. Rejects with words for the user when it can't listen there. */
  static async start(address: string, deps: TelemetryDeps): Promise<TelemetryServer> {
    const server = createServer(
      {
        headersTimeout: HEAD_TIMEOUT_MS,
        requestTimeout: HEAD_TIMEOUT_MS,
        keepAliveTimeout: IDLE_TIMEOUT_MS,
        maxHeaderSize: 16_384,
      },
      (request, response) => void answer(request, response, deps),
    )
    server.maxConnections = MAX_CONNECTIONS
    server.setTimeout(IDLE_TIMEOUT_MS)
    await listen(server, mustParseAddress(address), 'telemetry.listen')
    return new TelemetryServer(server)
  }

  /** Port in use, where one was asked for as 0. */
  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}

async function answer(request: http.IncomingMessage, response: http.ServerResponse, deps: TelemetryDeps): Promise<void> {
  const { method } = request
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    reply(response, 405, { error: 'only GET and HEAD are answered here' })
    return
  }
  const [path] = (request.url ?? '').split('?', 1)
  switch (path) {
    case '/metrics':
    case '/stats/prometheus':
      return scrape(request, response, deps)
    case '/healthz/ready': {
      const { ready, missing } = deps.readiness
      return reply(response, ready ? 200 : 503, { ready, missing })
    }
    case '/healthz/live':
      return reply(response, 200, { live: true })
    default:
      if (path?.startsWith(APP_HEALTH) === true) return appHealth(path.slice(APP_HEALTH.length), response, deps)
      return reply(response, 404, { error: 'not here; try /metrics, /stats/prometheus, /healthz/ready, /healthz/live' })
  }
}

/** The answer that the kubelet would have had from the application. */
async function appHealth(name: string, response: http.ServerResponse, { probe }: TelemetryDeps): Promise<void> {
  const finding = await probe(name)
  if (finding === undefined) return reply(response, 404, { error: `there is no probe ${name}` })
  reply(response, finding === '' ? 200 : 503, { healthy: finding === '', finding })
}

async function scrape(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  { metricsText, log }: TelemetryDeps,
): Promise<void> {
  response.setHeader('content-type', METRICS_TYPE)
  response.setHeader('vary', 'accept-encoding')
  const zipped = takesGzip(request.headers['accept-encoding'] ?? '')
  if (zipped) response.setHeader('content-encoding', 'gzip')
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const source = Readable.from(metricsText())
  try {
    // the fastest level: names repeat so much that others hardly save more
    if (zipped) await pipeline(source, createGzip({ level: constants.Z_BEST_SPEED }), response)
    else await pipeline(source, response)
  } catch (error) {
    // a scraper that leaves early is no event
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE')
      log.warn('metrics could not be written', { error })
    response.destroy()
  }
}

/** RFC 9110 §12.5.3: named with a weight above 0, itself or by '*'. */
export function takesGzip(accepted: string): boolean {
  let any = false
  for (const part of accepted.toLowerCase().split(',')) {
    const [name, ...parameters] = part.split(';').map((text) => text.trim())
    const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
    if (name === 'gzip' || name === 'x-gzip') return weight > 0
    if (name === '*') any = weight > 0
  }
  return any
}

function reply(response: http.ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
