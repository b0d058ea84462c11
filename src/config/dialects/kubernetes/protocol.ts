// What a port of a Kubernetes Service speaks, selected as Istio documents it: by appProtocol, else by the prefix of the port's name.
import type { ServiceConfig } from '../../schema/services.ts'

type Protocol = ServiceConfig['protocol']

const BY_NAME: ReadonlyMap<string, Protocol> = new Map(
  Object.entries({
    http: 'http',
    http_proxy: 'http',
    http2: 'http2',
    h2c: 'http2',
    grpc: 'grpc',
    https: 'tls',
    tls: 'tls',
    tcp: 'tcp',
    mongo: 'tcp',
    mysql: 'tcp',
    redis: 'tcp',
  } as const),
)

/** Kubernetes' own values of appProtocol. */
const BY_APP_PROTOCOL: ReadonlyMap<string, Protocol> = new Map(
  Object.entries({
    'kubernetes.io/h2c': 'http2',
    'kubernetes.io/ws': 'http',
    'kubernetes.io/wss': 'tls',
  } as const),
)

/** Where the server usually speaks first, so that looking for the caller's first bytes would only cost time: SMTP, DNS, MySQL, MongoDB. */
const TCP_PORTS: ReadonlySet<number> = new Set([25, 53, 3306, 27017])

export function selectProtocol(port: number, portName: string, appProtocol: string | undefined): Protocol {
  const ofKubernetes = BY_APP_PROTOCOL.get(appProtocol ?? '')
  if (ofKubernetes !== undefined) return ofKubernetes
  const name = (appProtocol ?? portName).toLowerCase()
  if (name.startsWith('grpc-web')) return 'http'
  const [prefix] = name.split('-', 1)
  return BY_NAME.get(prefix as string) ?? (TCP_PORTS.has(port) ? 'tcp' : 'auto')
}
