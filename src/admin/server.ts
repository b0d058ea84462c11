// The operator's door, on loopback: plain JSON for curl. Whoever may open a connection to it may do everything here.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Address, mustParseAddress } from '../core/address.ts'
import { listen } from '../core/listen.ts'
import { createServer, METRICS_TYPE } from '../telemetry/server.ts'
import { refusal } from './guard.ts'
import { indexHtml, indexText } from './index-page.ts'
import { type Answer, PAGES, STATS_PATH } from './pages.ts'
import type { AdminView } from './view.ts'

const MAX_CONNECTIONS = 32
const HEAD_TIMEOUT_MS = 5000
const IDLE_TIMEOUT_MS = 60_000
const INDEX_PATH = '/'

export class AdminServer {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** `address` as in the settings. Rejects with words for the user when it can't listen there. */
  static async start(address: string, view: AdminView): Promise<AdminServer> {
    const where = mustParseAddress(address)
    const server = createServer(
      {
        headersTimeout: HEAD_TIMEOUT_MS,
        requestTimeout: HEAD_TIMEOUT_MS,
        keepAliveTimeout: IDLE_TIMEOUT_MS,
        maxHeaderSize: 16_384,
      },
      (request, response) => void serve(request, response, { view, where }),
    )
    server.maxConnections = MAX_CONNECTIONS
    server.setTimeout(IDLE_TIMEOUT_MS)
    await listen(server, where, 'admin.listen')
    return new AdminServer(server)
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

interface Door {
  readonly view: AdminView
  readonly where: Address
}

async function serve(request: IncomingMessage, response: ServerResponse, { view, where }: Door): Promise<void> {
  const { method = '', headers, url = '' } = request
  response.setHeader('cache-control', 'no-store')
  response.setHeader('x-content-type-options', 'nosniff')
  const refused = refusal(method, headers, where)
  if (refused !== undefined) return json(response, { status: 403, body: { error: refused } })
  const [path = '', query] = url.split('?', 2)
  const methods = methodsOf(path)
  if (methods.length === 0) return json(response, { status: 404, body: { error: `no page ${path}; / lists them` } })
  const asked = method === 'HEAD' ? 'GET' : method
  if (!methods.includes(asked)) {
    response.setHeader('allow', methods.join(', '))
    return json(response, { status: 405, body: { error: `${path} takes ${methods.join(', ')}` } })
  }
  if (path === INDEX_PATH) return index(request, response)
  if (path === STATS_PATH) return stats(request, response, view)
  return json(response, answerOf(asked, path, query ?? '', view))
}

function answerOf(method: string, path: string, query: string, view: AdminView): Answer {
  const page = PAGES.find((one) => one.path === path && one.method === method)
  try {
    return page?.answer(view, new URLSearchParams(query)) ?? { status: 404, body: { error: `no page ${path}` } }
  } catch (error) {
    return { status: 500, body: { error: (error as Error).message } }
  }
}

function methodsOf(path: string): string[] {
  if (path === INDEX_PATH || path === STATS_PATH) return ['GET', 'HEAD']
  const methods = PAGES.filter((page) => page.path === path).map((page): string => page.method)
  return methods.includes('GET') ? ['HEAD', ...methods] : methods
}

function json(response: ServerResponse, { status, body, afterwards }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body, null, 2)}\n`, afterwards)
}

function index({ headers }: IncomingMessage, response: ServerResponse): void {
  const html = headers.accept?.includes('text/html') === true
  response.setHeader('content-type', html ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8')
  response.setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
  response.end(html ? indexHtml(headers.host ?? '') : indexText())
}

async function stats(request: IncomingMessage, response: ServerResponse, view: AdminView): Promise<void> {
  response.setHeader('content-type', METRICS_TYPE)
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  // a reader that leaves early is no event
  await pipeline(Readable.from(view.metricsText()), response).catch(() => response.destroy())
}
