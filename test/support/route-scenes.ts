// A sidecar between a caller and two services, both of either version of HTTP, for tables of what routes do.
import http from 'node:http'
import type { Test } from 'tap'
import { askHttp2, connectHttp2, http2Origin } from './h2-node.ts'
import { httpOrigin } from './origin.ts'
import { startSidecar, type TestSidecar } from './sidecar.ts'

export type Version = 'HTTP/1.1' | 'HTTP/2'

/** What a service was asked. */
export interface Seen {
  readonly service: string
  readonly method: string
  readonly path: string
  readonly host: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Asked {
  readonly method?: string
  readonly host?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** What the service that answered was asked; undefined: none was. */
  readonly seen: Seen | undefined
}

export interface RouteScene {
  readonly sidecar: TestSidecar
  readonly ask: (asked: Asked) => Promise<Answered>
  /** All requests that services got, in order. */
  readonly log: Seen[]
}

/** Services a.shop and b.shop, which answer with what they were asked. */
export async function routeScene(t: Test, version: Version, settings: Record<string, unknown>): Promise<RouteScene> {
  const log: Seen[] = []
  const services = await Promise.all(
    ['a', 'b'].map(async (name) => ({
      name,
      namespace: 'shop',
      port: 80,
      protocol: version === 'HTTP/2' ? 'http2' : 'http',
      endpoints: [{ address: await (version === 'HTTP/2' ? echo2 : echo1)(t, name, log) }],
    })),
  )
  const sidecar = await startSidecar(t, {
    workload: { name: 'cart-1', namespace: 'shop', labels: { app: 'cart' } },
    listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
    ...settings,
    services: [...services, ...((settings['services'] as object[] | undefined) ?? [])],
  })
  const ask = (version === 'HTTP/2' ? overHttp2 : overHttp1)(t, sidecar.outbound)
  return { sidecar, ask, log }
}

async function echo1(t: Test, service: string, log: Seen[]): Promise<string> {
  const origin = await httpOrigin(t, (request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const body = Buffer.concat(parts).toString()
      const seen = { service, method, path: url, host: headers.host ?? '', headers: plain(headers), body }
      log.push(seen)
      response.writeHead(200, { 'x-seen': told(seen), 'content-length': 2 }).end('ok')
    })
  })
  return origin.address
}

async function echo2(t: Test, service: string, log: Seen[]): Promise<string> {
  const origin = await http2Origin(t, (stream, headers) => {
    const parts: Buffer[] = []
    stream.on('data', (part: Buffer) => parts.push(part))
    stream.on('end', () => {
      // given up in the middle
      if (stream.destroyed) return
      const { ':method': method = '', ':path': path = '', ':authority': host = '' } = headers
      const seen = { service, method, path, host, headers: plain(headers), body: Buffer.concat(parts).toString() }
      log.push(seen)
      stream.respond({ ':status': 200, 'x-seen': told(seen), 'content-length': 2 })
      stream.end('ok')
    })
  })
  return origin.address
}

/** As fits into a field. */
function told(seen: Seen): string {
  return JSON.stringify({ ...seen, body: seen.body.slice(0, 100) }).replaceAll(/[^ -~]/g, '?')
}

function overHttp1(t: Test, port: number): RouteScene['ask'] {
  const agent = new http.Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  return ({ method = 'GET', host = 'a.shop', path = '/', headers = {}, body = '' }) =>
    new Promise((resolve, reject) => {
      const request = http.request(
        { port, host: '127.0.0.1', method, path, agent, headers: { host, ...headers } },
        (response) => {
          const parts: Buffer[] = []
          response.on('data', (part: Buffer) => parts.push(part))
          response.on('error', reject)
          response.on('end', () =>
            resolve(answered(response.statusCode ?? 0, plain(response.headers), Buffer.concat(parts).toString())),
          )
        },
      )
      request.on('error', reject)
      // chunked, unless its length is told
      if (body !== '') request.write(body)
      request.end()
    })
}

function overHttp2(t: Test, port: number): RouteScene['ask'] {
  const session = connectHttp2(t, port)
  return async ({ method = 'GET', host = 'a.shop', path = '/', headers = {}, body = '' }) => {
    const head = { ...headers, ':method': method, ':path': path, ':authority': host }
    const reply = await askHttp2(session, head, body === '' ? [] : [Buffer.from(body)])
    return answered(Number(reply.headers[':status']), plain(reply.headers), reply.body.toString())
  }
}

function answered(status: number, headers: Record<string, string>, text: string): Answered {
  const { 'x-seen': seen, ...others } = headers
  return { status, headers: others, text, seen: seen === undefined ? undefined : (JSON.parse(seen) as Seen) }
}

function plain(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
