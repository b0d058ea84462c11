// Waits until a server answers a request with success, and says how long that took.
import { request as requestPlain } from 'node:http'
import { connect } from 'node:http2'
import { request as requestTls } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './child.ts'

const STEP_MS = 2

export const answers = (child: Child, url: string, host: string): Promise<number> => until(child, () => ask(url, host))

/** The same over HTTP/2 without TLS. */
export const answersHttp2 = (child: Child, url: string, host: string): Promise<number> => until(child, () => askHttp2(url, host))

async function until(child: Child, ready: () => Promise<boolean>): Promise<number> {
  const startMs = performance.now()
  while (!(await ready())) {
    if (!child.running) throw new Error(`it ended: ${child.output.trim().slice(-800)}`)
    if (performance.now() - startMs > 30_000) throw new Error(`it does not answer: ${child.output.trim().slice(-800)}`)
    await sleep(STEP_MS)
  }
  return performance.now() - startMs
}

function ask(url: string, host: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const options = { headers: { host, connection: 'close' }, timeout: 1000 }
  const request = url.startsWith('https:')
    ? requestTls(url, { ...options, rejectUnauthorized: false, servername: 'bench.test' })
    : requestPlain(url, options)
  request.once('response', (response) => {
    response.resume()
    resolve(response.statusCode === 200)
  })
  request.once('error', () => resolve(false))
  request.once('timeout', () => request.destroy())
  request.end()
  return promise
}

function askHttp2(url: string, host: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const { origin, pathname } = new URL(url)
  const session = connect(origin)
  session.once('error', () => resolve(false))
  const request = session.request({ ':path': pathname, ':authority': host })
  request.setTimeout(1000, () => request.destroy())
  request.once('response', ({ ':status': status }) => resolve(status === 200))
  request.once('error', () => resolve(false))
  request.once('close', () => resolve(false))
  request.resume()
  void promise.then(() => session.destroy())
  return promise
}
