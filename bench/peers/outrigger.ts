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

/** What a route may do besides sending requests on. */
const EVERY_FEATURE = {
  rewrite: { prefix: '/', host: 'other.example' },
  requestHeaders: { set: { 'x-a': '1' }, remove: ['x-b'] },
  responseHeaders: { add: { 'x-c': '1' } },
  mirrors: [{ service: HOST, percent: 10 }],
  cors: { origins: [{ wildcard: 'https://*.example' }], methods: ['GET'] },
  fault: { delay: { time: '1s', percent: 1 }, abort: { status: 503, percent: 1 } },
  rateLimits: [{ requests: 1000, per: '1s', by: 'address' }],
  maxRequestBytes: '1MiB',
  sticky: { cookie: 'pin', ttl: '1h' },
  timeouts: { request: '1s', attempt: '500ms' },
  retry: { attempts: 3 },
}

function settings(setup: Setup): object {
  const { port, originPort, tls, routes, endpoints, workers, mesh, http2 = false } = setup
  if (mesh?.side === 'far') return farSide(setup, mesh)
  const [name, namespace] = HOST.split('.')
  const service = { name, namespace, port: 80, protocol: http2 ? 'http2' : 'http' }
  const secured = mesh && { tls: { mode: 'mesh', subjectAltNames: [mesh.peer] }, transport: mesh.transport ?? 'h1' }
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
    ...(mesh && { identity: identityOf(mesh) }),
    policies: policiesOf(setup.policies ?? 0),
    services: [{ ...service, ...secured, endpoints: [{ address: `127.0.0.1:${originPort}` }] }, ...idle],
    // the last one is called: what the others ask for is there and not used
    routes: paths.map((prefix, i) => ({
      name: prefix.slice(1),
      hosts: [HOST],
      matches: [{ path: { prefix } }],
      services: [{ service: HOST }],
      ...(i < routes - 1 && EVERY_FEATURE),
    })),
  }
}

/** Every other one denies; the last one allows what is called. */
function policiesOf(count: number): object[] {
  return Array.from({ length: count }, (_, i) => {
    const last = i === count - 1
    const to = last ? { methods: ['GET'], paths: ['/r0/*'] } : { methods: ['GET', 'POST'], paths: [`/other-${i}/*`] }
    return { name: `p${i}`, direction: 'outbound', action: last || i % 2 === 0 ? 'allow' : 'deny', rules: [{ to: [to] }] }
  })
}

function farSide({ port, originPort, workers }: Setup, mesh: NonNullable<Setup['mesh']>): object {
  return {
    workload: { name: 'bench-1', namespace: 'bench', serviceAccount: 'far', labels: { app: 'bench', version: 'v1' } },
    identity: identityOf(mesh),
    listeners: { inbound: [{ listen: `127.0.0.1:${port}`, app: `127.0.0.1:${originPort}`, mtls: 'strict' }] },
    policies: [{ name: 'near', rules: [{ from: [{ principals: [mesh.peer.slice('spiffe://'.length)] }] }] }],
    telemetry: { listen: '127.0.0.1:0' },
    logLevel: 'warn',
    workers,
  }
}

function identityOf({ certificate, key, bundle }: NonNullable<Setup['mesh']>): object {
  return { certificate, key, trustBundle: bundle }
}
