// outrigger webhook: injection for the Kubernetes API, over TLS.
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { mustParseAddress } from '../core/address.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { listen } from '../core/listen.ts'
import type { Log } from '../core/log.ts'
import { Certificate } from '../downstream/certificate.ts'
import { review } from '../inject/admission.ts'
import type { InjectOptions } from '../inject/inject.ts'
import { openLog } from '../telemetry/log.ts'
import type { ExitCode, Io } from './io.ts'

export interface WebhookOptions extends InjectOptions {
  readonly listen: string
  readonly certificate: string
  readonly key: string
}

/** The API server sends objects of up to 3 MiB. */
const MAX_BODY_BYTES = 4 * 1024 * 1024
const REQUEST_MS = 10_000
const MAX_CONNECTIONS = 256

export async function webhook(options: WebhookOptions, io: Io): Promise<ExitCode> {
  const log = await openLog({ level: 'info', pretty: io.isTerminal, clock: systemClock })
  let server: WebhookServer
  try {
    server = await WebhookServer.start(options, log, systemClock)
  } catch (error) {
    log.error((error as Error).message)
    await log.close()
    return 1
  }
  log.info('ready', { listen: options.listen })
  if (!io.stop.aborted) await new Promise((resolve) => io.stop.addEventListener('abort', resolve, { once: true }))
  await server.close()
  await log.close()
  return 0
}

export class WebhookServer {
  readonly #server: Server
  readonly #certificate: Certificate

  private constructor(server: Server, certificate: Certificate) {
    this.#server = server
    this.#certificate = certificate
  }

  /** Rejects with words for the user when the certificate can't be used or the address is taken. */
  static async start(options: WebhookOptions, log: Log, clock: Clock): Promise<WebhookServer> {
    const certificate = new Certificate(options, clock, log)
    const server = createServer(
      {
        // a renewed certificate is shown from the next handshake on
        SNICallback: (_name, done) => done(null, certificate.context),
        cert: readFileSync(options.certificate),
        key: readFileSync(options.key),
        minVersion: 'TLSv1.2',
        requestTimeout: REQUEST_MS,
        headersTimeout: REQUEST_MS,
      },
      (request, response) => {
        answer(request, response, { options, log }).catch((error: unknown) => {
          // whatever somebody sends, those who come after it get their answers
          log.error('a review failed', { error })
          if (!response.headersSent) reply(response, 500, { error: 'this could not be reviewed' })
        })
      },
    )
    server.maxConnections = MAX_CONNECTIONS
    try {
      await listen(server, mustParseAddress(options.listen), '--listen')
    } catch (error) {
      certificate.close()
      throw error
    }
    return new WebhookServer(server, certificate)
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  close(): Promise<void> {
    this.#certificate.close()
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeIdleConnections()
    })
  }
}

interface Deps {
  readonly options: InjectOptions
  readonly log: Log
}

async function answer(request: IncomingMessage, response: ServerResponse, { options, log }: Deps): Promise<void> {
  const { method, url } = request
  if (method === 'GET' && (url === '/healthz/live' || url === '/healthz/ready')) return reply(response, 200, { ready: true })
  if (method !== 'POST' || url?.split('?', 1)[0] !== '/inject')
    return reply(response, 404, { error: 'POST /inject is answered here' })
  const body = await readBody(request)
  if (body === undefined) return reply(response, 413, { error: `more than ${MAX_BODY_BYTES} bytes` })
  const reviewed = review(parse(body), options)
  if (reviewed === undefined) return reply(response, 400, { error: 'expected an AdmissionReview of admission.k8s.io/v1' })
  const { allowed, status } = reviewed.response
  if (!allowed) log.warn('a Pod was refused', { why: status?.message })
  reply(response, 200, reviewed)
}

/** undefined: too much, or the caller has gone. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request) {
      bytes += (chunk as Buffer).length
      if (bytes > MAX_BODY_BYTES) return undefined
      chunks.push(chunk as Buffer)
    }
  } catch {
    return undefined
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
