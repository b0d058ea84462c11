// The Kubernetes API as far as lists and watches go, with its bad days: pages, bookmarks, events that are gone, refusals, silence.

import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { temporaryFolder } from './sidecar-process.ts'

interface Owner {
  teardown(run: () => unknown): void
}

interface Stored {
  readonly metadata: { readonly name: string; readonly namespace?: string; resourceVersion?: string }
  readonly [key: string]: unknown
}

/** Group → version → resources that it serves. */
const GROUPS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'discovery.k8s.io': { v1: ['endpointslices'] },
  'networking.k8s.io': { v1: ['networkpolicies'] },
  'gateway.networking.k8s.io': { v1: ['httproutes', 'gateways'], v1beta1: ['httproutes', 'gateways', 'referencegrants'] },
  'security.istio.io': { v1: ['authorizationpolicies', 'peerauthentications', 'requestauthentications'] },
}

export class KubernetesStub {
  /** Requests as they came: 'GET /api/v1/pods?watch=true…'. */
  readonly asked: string[] = []
  readonly #objects = new Map<string, Stored>()
  readonly #watches = new Map<ServerResponse, string>()
  readonly #refusals: { readonly match: RegExp; readonly status: number; left: number; readonly retryAfter?: number }[] = []
  #version = 100
  #server: Server | undefined
  #port = 0

  static async start(t: Owner): Promise<KubernetesStub> {
    const stub = new KubernetesStub()
    await stub.open()
    t.teardown(() => stub.close())
    return stub
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** A kubeconfig for it. */
  kubeconfig(t: Owner, namespace = 'shop'): string {
    const file = join(temporaryFolder(t), 'kubeconfig')
    const config = {
      'current-context': 'stub',
      contexts: [{ name: 'stub', context: { cluster: 'stub', user: 'me', namespace } }],
      clusters: [{ name: 'stub', cluster: { server: this.url } }],
      users: [{ name: 'me', user: { token: 'secret-token' } }],
    }
    writeFileSync(file, JSON.stringify(config))
    return file
  }

  /** `resource`: 'services', 'httproutes'. */
  put(resource: string, object: Stored): void {
    const key = keyOf(resource, object)
    const type = this.#objects.has(key) ? 'MODIFIED' : 'ADDED'
    const stored = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(++this.#version), managedFields: [{ manager: 'x'.repeat(500) }] },
    }
    this.#objects.set(key, stored)
    this.#tell(resource, { type, object: stored }, object.metadata.namespace)
  }

  remove(resource: string, namespace: string, name: string): void {
    const key = `${resource} ${namespace}/${name}`
    const object = this.#objects.get(key)
    if (object === undefined) throw new Error(`no ${key}`)
    this.#objects.delete(key)
    this.#tell(
      resource,
      { type: 'DELETED', object: { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } } },
      namespace,
    )
  }

  /** What watches stand on is compacted away; what changes meanwhile is told to nobody. */
  expire(meanwhile: () => void): void {
    const watching = [...this.#watches.keys()]
    this.#watches.clear()
    meanwhile()
    for (const response of watching)
      response.end(
        `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old resource version', metadata: {} } })}\n`,
      )
  }

  /** The next `times` requests that match are answered so. */
  refuse(match: RegExp, status: number, { times = 1, retryAfter }: { times?: number; retryAfter?: number } = {}): void {
    this.#refusals.push({ match, status, left: times, ...(retryAfter === undefined ? {} : { retryAfter }) })
  }

  async open(): Promise<void> {
    const server = createServer((request, response) => this.#answer(request, response))
    this.#server = server
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    this.#watches.clear()
    if (server === undefined) return
    await new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    })
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://stub')
    this.asked.push(`${request.method} ${request.url}`)
    if (request.headers.authorization !== 'Bearer secret-token') return json(response, 401, { message: 'Unauthorized' })
    const refusal = this.#refusals.find(({ match, left }) => left > 0 && match.test(request.url ?? ''))
    if (refusal !== undefined) {
      refusal.left--
      if (refusal.retryAfter !== undefined) response.setHeader('retry-after', refusal.retryAfter)
      return json(response, refusal.status, { message: 'not now' })
    }
    const [, root, group = '', version = '', ...rest] = url.pathname.split('/')
    if (root === 'apis' && version === '') return this.#group(response, group)
    if (root === 'apis' && rest.length === 0)
      return json(response, 200, { resources: (GROUPS[group]?.[version] ?? []).map((name) => ({ name })) })
    const parts = root === 'api' ? [version, ...rest] : rest
    const [resource, namespace] = parts[0] === 'namespaces' && parts.length === 3 ? [parts[2], parts[1]] : [parts[0], undefined]
    if (root === 'apis' && GROUPS[group]?.[version]?.includes(resource ?? '') !== true)
      return json(response, 404, { message: 'the server could not find the requested resource' })
    if (url.searchParams.get('watch') === 'true')
      this.#watch(response, `${resource} ${namespace ?? ''}`, Number(url.searchParams.get('resourceVersion')))
    else this.#list(response, url.searchParams, `${resource} ${namespace === undefined ? '' : `${namespace}/`}`)
  }

  #group(response: ServerResponse, group: string): void {
    const versions = GROUPS[group]
    if (versions === undefined) json(response, 404, { message: 'not found' })
    else json(response, 200, { versions: Object.keys(versions).map((version) => ({ version })) })
  }

  #list(response: ServerResponse, query: URLSearchParams, prefix: string): void {
    const all = [...this.#objects].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object)
    // pages of two, whatever was asked: a server may give less than the limit
    const start = Number(query.get('continue') ?? 0)
    const next = start + 2 < all.length ? String(start + 2) : ''
    const metadata = { resourceVersion: String(this.#version), ...(next === '' ? {} : { continue: next }) }
    json(response, 200, { metadata, items: all.slice(start, start + 2) })
  }

  #watch(response: ServerResponse, what: string, from: number): void {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    this.#watches.set(response, what)
    for (const [key, object] of this.#objects) {
      const isNew = Number(object.metadata.resourceVersion) > from
      if (isNew && key.startsWith(what)) write(response, { type: 'MODIFIED', object })
    }
    response.on('close', () => this.#watches.delete(response))
  }

  #tell(resource: string, event: object, namespace = ''): void {
    for (const [response, what] of this.#watches)
      if (what === `${resource} ` || what === `${resource} ${namespace}`) write(response, event)
  }
}

function keyOf(resource: string, { metadata: { namespace = '', name } }: Stored): string {
  return `${resource} ${namespace}/${name}`
}

/** In two pieces: events do not come in whole reads. */
function write(response: ServerResponse, event: object): void {
  const text = `${JSON.stringify(event)}\n`
  response.write(text.slice(0, 10))
  response.write(text.slice(10))
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
