// http-proxy of npm with a keep-alive agent: the peer, and the program that it runs as (node http-proxy.ts PORT ORIGIN [CERT KEY]).
import { readFileSync } from 'node:fs'
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { fileURLToPath } from 'node:url'
import type { Peer } from './peer.ts'

const PROGRAM = fileURLToPath(import.meta.url)

export const httpProxy: Peer = {
  name: 'http-proxy',
  needs: 'http-proxy of npm: npm ci',
  cannot: ['routes', 'workers'],
  prepare({ port, originPort, tls }) {
    const files = tls === undefined ? [] : [tls.certificate, tls.key]
    return [process.execPath, '--disable-warning=DEP0060', PROGRAM, String(port), String(originPort), ...files]
  },
}

if (process.argv[1] === PROGRAM) {
  const [port, originPort, certificate, key] = process.argv.slice(2)
  const { default: proxies } = await import('http-proxy')
  const agent = new Agent({ keepAlive: true, maxSockets: 2048, maxFreeSockets: 2048 })
  const proxy = proxies.createProxyServer({ target: `http://127.0.0.1:${originPort}`, agent })
  proxy.on('error', () => {})
  const answer = (request: IncomingMessage, response: ServerResponse): void => proxy.web(request, response)
  const server =
    certificate === undefined || key === undefined
      ? createServer(answer)
      : createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) }, answer)
  server.listen(Number(port), '127.0.0.1', 4096)
}
