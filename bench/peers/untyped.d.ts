// The few words of http-proxy that are used here; the package has no types.
declare module 'http-proxy' {
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http'

  interface Proxy {
    on(event: 'error', listener: (error: Error) => void): void
    web(request: IncomingMessage, response: ServerResponse): void
  }
  const proxies: { createProxyServer(options: { target: string; agent: Agent }): Proxy }
  export default proxies
}
