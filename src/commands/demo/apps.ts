// The applications of the demo, which know nothing of a mesh, and the traffic between them.
import { Agent, createServer, get, type Server } from 'node:http'
import type { Clock } from '../../core/clock.ts'
import type { Closable } from '../../core/lifecycle.ts'
import { type Member, type Mesh, membersOf } from './mesh.ts'

const CALL_EVERY_MS = 50
const CALL_TIMEOUT_MS = 2000
/** Every so many calls, one goes where it may not. */
const FORBIDDEN_EVERY = 10

export async function startApps(mesh: Mesh): Promise<Closable> {
  const servers = await Promise.all(membersOf(mesh).map(startApp))
  return {
    close() {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

function startApp({ name, app }: Member): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume()
    response.setHeader('content-type', 'application/json')
    response.end(`${JSON.stringify({ app: name, path: request.url })}\n`)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(app, '127.0.0.1', () => resolve(server))
  })
}

/** What the frontend calls, again and again, through its sidecar. */
export function startTraffic({ frontend }: Mesh, clock: Clock): Closable {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  let calls = 0
  const cancel = clock.every(CALL_EVERY_MS, () => {
    calls++
    const forbidden = calls % FORBIDDEN_EVERY === 0
    const host = forbidden ? 'example.com' : calls % 2 === 0 ? 'catalog' : 'payments.bank'
    const path = host === 'catalog' ? `/items/${calls % 7}` : '/'
    const call = get(
      { host: '127.0.0.1', port: frontend.outbound, path, headers: { host }, agent, timeout: CALL_TIMEOUT_MS },
      (response) => response.resume(),
    )
    call.on('timeout', () => call.destroy())
    call.on('error', () => {}) // the screen shows what the sidecar counted
  })
  return {
    close() {
      cancel()
      agent.destroy()
    },
  }
}
