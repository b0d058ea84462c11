// A gateway with GRPCRoutes: by service and method, over HTTP/2 on both sides.
import type http2 from 'node:http2'
import t, { type Test } from 'tap'
import { type Document, gateway, resource, serviceAt } from '../support/gateway-world.ts'
import { askHttp2, connectHttp2, http2Origin } from '../support/h2-node.ts'
import { startDocuments } from '../support/sidecar.ts'

const LISTEN = '127.0.0.1:0'

/** Answers with its name, and OK in the trailers. */
function grpcOrigin(t: Test, name: string) {
  return http2Origin(t, (stream: http2.ServerHttp2Stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(name)
  })
}

/** The port of a Service says that it speaks gRPC. */
async function grpcService(t: Test, name: string): Promise<Document[]> {
  const { port } = await grpcOrigin(t, name)
  const rename = (ports: readonly object[]) => ports.map((one) => ({ ...one, name: 'grpc' }))
  return serviceAt(name, port).map((document) => {
    if (document['kind'] !== 'Service') return { ...document, ports: rename(document['ports'] as object[]) }
    const spec = document['spec'] as { ports: object[] }
    return { ...document, spec: { ...spec, ports: rename(spec.ports) } }
  })
}

const to = (name: string) => ({ backendRefs: [{ name, port: 80 }] })

t.test('calls go by service and method, and what no rule is for is unimplemented', async (t) => {
  const settings = {
    workload: { name: 'edge-1', namespace: 'edge' },
    listeners: { gateway: [{ listen: LISTEN, gateway: 'edge/public', port: 80 }] },
  }
  const rules = [
    { matches: [{ method: { service: 'shop.Cart', method: 'Add' } }], ...to('exact') },
    { matches: [{ method: { service: 'shop.Cart' } }], ...to('service') },
    { matches: [{ method: { method: 'Ping' } }], ...to('method') },
  ]
  const { sidecar } = await startDocuments(t, settings, [
    gateway('public', [{ name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } }]),
    ...(await grpcService(t, 'exact')),
    ...(await grpcService(t, 'service')),
    ...(await grpcService(t, 'method')),
    resource('GRPCRoute', { name: 'r', spec: { parentRefs: [{ name: 'public', namespace: 'edge' }], rules } }),
  ])
  const session = connectHttp2(t, sidecar.listeners.get(LISTEN)?.port ?? 0)
  const call = async (path: string) => {
    const head = {
      ':method': 'POST',
      ':path': path,
      ':authority': 'grpc.example',
      'content-type': 'application/grpc',
      te: 'trailers',
    }
    const { headers, body, trailers } = await askHttp2(session, head, [Buffer.from([0, 0, 0, 0, 0])])
    return [body.toString(), trailers['grpc-status'] ?? headers['grpc-status']]
  }
  t.same(await call('/shop.Cart/Add'), ['exact', '0'])
  t.same(await call('/shop.Cart/Remove'), ['service', '0'])
  t.same(await call('/other.Thing/Ping'), ['method', '0'])
  t.same(await call('/other.Thing/Pong'), ['', '12'])
})
