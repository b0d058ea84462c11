import t from 'tap'
import { selectProtocol } from '../../../../../src/config/dialects/kubernetes/protocol.ts'

// https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
const cases: readonly [number, string, string | undefined, string][] = [
  [80, 'http', undefined, 'http'],
  [80, 'http-web', undefined, 'http'],
  [80, 'HTTP-web', undefined, 'http'],
  [80, 'http2', undefined, 'http2'],
  [80, 'http2-x', undefined, 'http2'],
  [80, 'grpc-api', undefined, 'grpc'],
  [80, 'grpc-web', undefined, 'http'],
  [80, 'grpc-web-x', undefined, 'http'],
  [443, 'https', undefined, 'tls'],
  [443, 'tls-x', undefined, 'tls'],
  [80, 'tcp-x', undefined, 'tcp'],
  [80, 'redis', undefined, 'tcp'],
  [80, 'mongo', undefined, 'tcp'],
  [80, 'mysql', undefined, 'tcp'],
  [80, '', undefined, 'auto'],
  [80, 'web', undefined, 'auto'],
  [80, 'constructor', 'constructor', 'auto'],
  [80, 'httpx', undefined, 'auto'],
  [3306, '', undefined, 'tcp'],
  [25, 'mail', undefined, 'tcp'],
  [3306, 'http', undefined, 'http'],
  [80, 'tcp', 'http', 'http'],
  [80, 'http', 'kubernetes.io/h2c', 'http2'],
  [80, 'http', 'kubernetes.io/ws', 'http'],
  [80, 'http', 'kubernetes.io/wss', 'tls'],
  [80, 'http', 'example.com/own', 'auto'],
]

for (const [port, name, appProtocol, expected] of cases) {
  t.equal(selectProtocol(port, name, appProtocol), expected, `port ${port} "${name}" ${appProtocol ?? ''}`)
}
