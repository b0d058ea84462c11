// Outrigger: an outbound listener that finds the service by Host, with a route, metrics and health on.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HOST, idleServices, type Peer, type Setup } from './peer.ts'

const BIN = fileURLToPath(new URL('../../bin/outrigger.js', import.meta.url))
/** As it starts by itself. */
const FLAGS = /^#!\S+ -S node (.*)$/m.exec(readFileSync(BIN, 'utf8'))?.[1]?.split(' ') ?? []

export const outrigger: Peer = {
  name: 'outrigger',
  needs: 'this checkout',
  prepare(setup) {
    writeFileSync(join(setup.folder, 'outrigger.json'), JSON.stringify(settings(setup)))
    const flags = (process.env['OUTRIGGER_NODE_FLAGS'] ?? '').split(' ').filter(Boolean)
    return [process.execPath, ...FLAGS, ...flags, BIN, 'run', '--config', setup.folder]
  },
}

function settings({ port, originPort, tls, routes, endpoints, workers }: Setup): object {
  const [name, namespace] = HOST.split('.')
  const service = { name, namespace, port: 80 }
  const idle = idleServices(endpoints).map(({ name: other, addresses }) => ({
    name: other,
    namespace: 'idle',
    port: 80,
    endpoints: addresses.map(({ host, port: at }) => ({ address: `${host}:${at}` })),
  }))
  const paths = Array.from({ length: routes }, (_, i) => `/r${i}`)
  return {
    workload: { name: 'bench-1', namespace: 'bench', labels: { app: 'bench', version: 'v1' } },
    listeners: { outbound: [{ listen: `127.0.0.1:${port}`, ...(tls && { tls }) }] },
    telemetry: { listen: '127.0.0.1:0' },
    logLevel: 'warn',
    workers,
    services: [{ ...service, endpoints: [{ address: `127.0.0.1:${originPort}` }] }, ...idle],
    routes: paths.map((prefix) => ({
      name: prefix.slice(1),
      hosts: [HOST],
      matches: [{ path: { prefix } }],
      services: [{ service: HOST }],
    })),
  }
}
