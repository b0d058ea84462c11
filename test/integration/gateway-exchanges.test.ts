// What rules of HTTPRoutes say of attempts, times and upgrades, at a gateway with services that fail, stall and switch protocols.
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { eventually } from '../support/eventually.ts'
import { gateway, resource, serviceAt } from '../support/gateway-world.ts'
import { httpOrigin } from '../support/origin.ts'
import { startDocuments, type TestSidecar } from '../support/sidecar.ts'

const LISTEN = '127.0.0.1:0'

/** How an origin fails, as the path says it: how often, and with what. */
interface Trouble {
  readonly times: number
  /** 0: the connection is cut. */
  readonly status: number
  readonly delayMs: number
}

function troubleOf(url: string): Trouble {
  const query = new URL(url, 'http://x').searchParams
  const number = (name: string) => Number(query.get(name) ?? 0)
  return { times: number('times'), status: number('status'), delayMs: number('delayMs') }
}

/** Fails as often as it is asked to, then answers; every path counts for itself. */
function failing(t: Test): (request: IncomingMessage, response: ServerResponse) => void {
  const seen = new Map<string, number>()
  return (request, response) => {
    const url = request.url ?? ''
    const { times, status, delayMs } = troubleOf(url)
    const count = (seen.get(url) ?? 0) + 1
    seen.set(url, count)
    if (count > times) {
      response.end(`${count}`)
      return
    }
    const fail = (): void => {
      if (status === 0) response.destroy()
      else {
        response.statusCode = status
        response.end()
      }
    }
    if (delayMs === 0) return fail()
    const timer = setTimeout(fail, delayMs)
    t.teardown(() => clearTimeout(timer))
  }
}

function rule(path: string, more: object): object {
  return { matches: [{ path: { value: path } }], backendRefs: [{ name: 'v3', port: 80 }], ...more }
}

const RULES = [
  rule('/500', { retry: { codes: [500], attempts: 3 } }),
  rule('/all', { retry: { codes: [500, 502, 503, 504], attempts: 2 } }),
  rule('/reset', { retry: { attempts: 3 } }),
  rule('/attempt', { retry: { attempts: 2 }, timeouts: { backendRequest: '200ms' } }),
  rule('/whole', {
    retry: { codes: [500], attempts: 5, backoff: '1ms' },
    timeouts: { backendRequest: '200ms', request: '400ms' },
  }),
  rule('/request', { timeouts: { request: '300ms' } }),
  rule('/backend', { timeouts: { backendRequest: '300ms' } }),
  rule('/none', { timeouts: { request: '0s', backendRequest: '0s' } }),
]

async function open(t: Test, port: number, rules: readonly object[] = RULES): Promise<TestSidecar> {
  const settings = {
    workload: { name: 'edge-1', namespace: 'edge' },
    listeners: { gateway: [{ listen: LISTEN, gateway: 'edge/public', port: 80 }] },
  }
  return startDocuments(t, settings, [
    gateway('public', [{ name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } }]),
    ...serviceAt('v3', port),
    resource('HTTPRoute', { name: 'r', spec: { parentRefs: [{ name: 'public', namespace: 'edge' }], rules } }),
  ])
}

function portOf({ sidecar }: TestSidecar): number {
  return sidecar.listeners.get(LISTEN)?.port ?? 0
}

function ask(port: number, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    request.on('error', reject).end()
  })
}

const CASES: readonly (readonly [string, string, number, string?])[] = [
  ['a status that is named is tried again', '/500?times=2&status=500', 200, '3'],
  ['no more often than is said', '/500?times=4&status=500', 500],
  ['a status that is not named is not tried again', '/500?times=1&status=503', 503],
  ['any of the statuses that are named is', '/all?times=1&status=504', 200, '2'],
  ['and the last one is what the caller gets', '/all?times=3&status=502', 502],
  ['a connection that is cut is tried again without a status', '/reset?times=2', 200, '3'],
  ['but not for ever', '/reset?times=4', 503],
  ['an attempt that takes too long is tried again', '/attempt?times=2&status=500&delayMs=2000', 200, '3'],
  ['until there are no attempts left', '/attempt?times=3&status=500&delayMs=2000', 504],
  ['attempts fit into the time of the request', '/whole?times=1&status=500', 200, '2'],
  ['and end with it', '/whole?times=9&status=500&delayMs=150', 504],
  ['a request that takes too long gets 504', '/request?times=1&status=200&delayMs=3000', 504],
  ['so does one whose attempts all do', '/backend?times=9&status=200&delayMs=3000', 504],
  ['without a limit it is waited for', '/none?times=1&status=200&delayMs=600', 200],
]

for (const [name, path, status, body] of CASES) {
  t.test(name, async (t) => {
    const origin = await httpOrigin(t, failing(t))
    const reply = await ask(portOf(await open(t, origin.port)), path)
    t.equal(reply.status, status)
    if (body !== undefined) t.equal(reply.body, body)
  })
}

t.test('a WebSocket passes through a gateway, longer than the time of a request', async (t) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  t.teardown(() => server.close())
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)))
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const rules = [{ backendRefs: [{ name: 'v3', port: 80 }], timeouts: { request: '200ms' } }]
  const socket = new WebSocket(`ws://127.0.0.1:${portOf(await open(t, port, rules))}/ws`)
  t.teardown(() => socket.terminate())
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const echoed = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      socket.once('message', (data: Buffer) => resolve(data.toString()))
      socket.once('close', () => reject(new Error('closed')))
      socket.send(text)
    })
  const startMs = performance.now()
  let said = 0
  await eventually(async () => {
    t.equal(await echoed(`${said}`), `${said++}`)
    return performance.now() - startMs > 400
  })
})
