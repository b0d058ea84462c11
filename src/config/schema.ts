// The sidecar's own settings: one definition is the types, the defaults, the messages, the JSON Schema and docs/config.md.
import { z } from 'zod'
import { address, duration, ip, label, labels, name, port, positiveDuration, size } from './types.ts'

const protocol = z.enum(['auto', 'http', 'http2', 'tcp', 'tls'])

const workload = z.strictObject({
  name: name().default('unknown').describe('Name of this application instance, the Pod name on Kubernetes.'),
  namespace: label().default('default').describe('Namespace it lives in.'),
  serviceAccount: name().default('default').describe('Service account it runs as; with the namespace, its identity.'),
  labels: labels().default({}).describe('Labels; `app` and `version` appear in metrics.'),
})

const serverTls = z.strictObject({
  certificate: z.string().describe('PEM file with the certificate chain. Read again when it changes.'),
  key: z.string().describe('PEM file with the private key.'),
})

const listenerBase = {
  listen: address('0.0.0.0:15006').describe('Address to accept on: host:port, [ipv6]:port or unix:/path.'),
  protocol: protocol.default('auto').describe('What is spoken: auto looks at the first bytes; a fixed protocol never waits.'),
  tls: serverTls.optional().describe('Terminate TLS with this certificate.'),
  maxConnections: z.number().int().min(1).default(10_000).describe('Connections open at once; more are closed as they come.'),
  proxyProtocol: z
    .enum(['off', 'require', 'accept'])
    .default('off')
    .describe(
      'PROXY protocol v1/v2 in front of each connection. `accept` takes connections without it too: only where every peer is trusted.',
    ),
  detectionTimeout: duration('200ms').describe(
    'How long `auto` waits for first bytes before it takes the connection for TCP where the server speaks first.',
  ),
}

const inboundListener = z.strictObject({
  ...listenerBase,
  app: address('127.0.0.1:8080').describe('Where the application listens: host:port, [ipv6]:port or unix:/path.'),
  sendProxyProtocol: z
    .enum(['off', 'v1', 'v2'])
    .default('off')
    .describe('Tell the application who connected, by PROXY protocol.'),
})

const outboundListener = z.strictObject({
  ...listenerBase,
  service: z
    .string()
    .optional()
    .describe(
      'Send everything to this service (name.namespace, with :port if it has several) instead of looking at Host, SNI or the original destination.',
    ),
})

const endpoint = z.strictObject({
  address: address('127.0.0.1:9001').describe('host:port, [ipv6]:port or unix:/path.'),
  zone: z.string().optional().describe('Where it is, for zone-aware balancing.'),
  node: z.string().optional().describe('Machine it runs on.'),
  weight: z.number().int().min(1).max(1_000_000).default(1).describe('Share of traffic relative to the others.'),
  labels: labels().default({}).describe('Labels, for subsets and metrics.'),
})

const dns = z.strictObject({
  name: z.string().min(1).describe('Name to resolve, such as `db.example.com` or, for SRV, `_http._tcp.example.com`.'),
  type: z.enum(['address', 'srv']).default('address').describe('`address`: A and AAAA; `srv`: SRV, ports and weights included.'),
  port: port().optional().describe("Port of the addresses; the service's own port when left out."),
  minTtl: duration('1s').describe('Records are kept at least this long.'),
  maxTtl: duration('5m').describe('Records are asked for again at the latest after this time.'),
  maxStale: duration('10m').describe('How long the last good answer is used while DNS fails.'),
})

const serviceLimits = z.strictObject({
  connections: z.number().int().min(1).default(1024).describe('Connections to all endpoints together. Envoy: max_connections.'),
  pending: z.number().int().min(0).default(1024).describe('Requests that wait for a connection. Envoy: max_pending_requests.'),
  requests: z.number().int().min(1).default(1024).describe('Requests under way. Envoy: max_requests.'),
})

export const serviceSchema = z.strictObject({
  name: label().describe('Name of the service.'),
  namespace: label().default('default').describe('Namespace of the service.'),
  port: port().describe('Port that callers name.'),
  protocol: z
    .enum(['auto', 'http', 'http2', 'grpc', 'tcp', 'tls'])
    .default('http')
    .describe('What its endpoints speak; auto: what the caller speaks.'),
  hosts: z
    .array(z.string())
    .default([])
    .describe('Further names it answers to, besides those that Kubernetes DNS would give it.'),
  addresses: z
    .array(ip())
    .default([])
    .describe(
      'Virtual addresses that stand for it, as a Kubernetes clusterIP does: found as the original destination of captured connections.',
    ),
  endpoints: z.array(endpoint).default([]).describe('Fixed endpoints.'),
  dns: dns.optional().describe('Endpoints from DNS.'),
  balance: z
    .enum(['least_request', 'round_robin', 'random'])
    .default('least_request')
    .describe('How an endpoint is chosen; least_request: the better of two drawn at random.'),
  limits: serviceLimits.prefault({}).describe('Beyond these, requests are answered at once with 503 and flag UO.'),
  connectTimeout: positiveDuration('5s').describe('Time a connection may take to come up.'),
  idleTimeout: duration('1m').describe(
    'Idle connections are closed after this time, or earlier when the endpoint announces or shows a shorter one.',
  ),
  sendProxyProtocol: z.enum(['off', 'v1', 'v2']).default('off').describe('Start each connection with a PROXY protocol head.'),
})

const exact = z.strictObject({ exact: z.string().describe('The whole text.') })
const prefix = z.strictObject({ prefix: z.string().describe('How it begins.') })
const regex = z.strictObject({ regex: z.string().describe('Regular expression for the whole text: RE2 syntax, linear time.') })
const present = z.strictObject({ present: z.boolean().describe('Whether it is there at all.') })
const textMatch = z.union([exact, prefix, regex, present])

const routeMatch = z.strictObject({
  path: z
    .union([exact, prefix, regex])
    .optional()
    .describe('Path without query. A prefix ends on a segment border: `/a` is for `/a` and `/a/b`, not for `/ab`.'),
  method: z.string().optional().describe('Method.'),
  headers: z.record(z.string(), textMatch).default({}).describe('Header fields; all must match.'),
  query: z.record(z.string(), textMatch).default({}).describe('Query parameters; all must match.'),
})

const weightedService = z.strictObject({
  service: z.string().describe('name.namespace, with :port if it has several.'),
  weight: z.number().int().min(0).max(1_000_000).default(1).describe('Share relative to the others.'),
})

const fieldEdits = z.strictObject({
  add: z.record(z.string(), z.string()).default({}).describe('Append these fields.'),
  set: z.record(z.string(), z.string()).default({}).describe('Put these fields in the place of what is there.'),
  remove: z.array(z.string()).default([]).describe('Take these fields away.'),
})

export const routeSchema = z.strictObject({
  name: z.string().min(1).describe('Name, for logs, metrics and `explain`.'),
  hosts: z
    .array(z.string())
    .default([])
    .describe('Hosts it is for: exact or `*.suffix`; a service answers to all its names. Empty: any.'),
  matches: z.array(routeMatch).default([]).describe('Any of these must match. Empty: everything.'),
  services: z.array(weightedService).default([]).describe('Where it goes, by weight.'),
  requestHeaders: fieldEdits.prefault({}).describe('Changes to the request.'),
  responseHeaders: fieldEdits.prefault({}).describe('Changes to the response.'),
  timeout: duration('15s').describe(
    'Whole exchange, retries included, until the response has ended; upgrades are not cut by it. "0": no limit.',
  ),
  attemptTimeout: duration('0').describe('One attempt, until its response head. "0": no limit of its own.'),
  idleTimeout: duration('5m').describe('Without a byte in either direction. "0": no limit.'),
})

const httpLimits = z.strictObject({
  maxHeadBytes: size('60KiB').describe('Bytes of a head; more gets 431.'),
  maxFields: z.number().int().min(1).max(10_000).default(100).describe('Fields of a head; more gets 431.'),
  headTimeout: duration('10s').describe('Time for a request head to arrive. "0": no limit.'),
  idleTimeout: duration('1h').describe('Downstream connections without a request are closed after this time. "0": no limit.'),
  bodyTimeout: duration('1m').describe('Time without a byte of a request body, or with a peer that takes none. "0": no limit.'),
  upgradeIdleTimeout: duration('1h').describe('Upgraded connections and tunnels without a byte. "0": no limit.'),
  upgrades: z
    .array(z.string())
    .default(['websocket'])
    .describe('Tokens that Upgrade may name; requests with others go on without an upgrade.'),
  highWater: size('64KiB').describe('Bytes that may wait for a slow peer before its source is paused.'),
})

const tcpLimits = z.strictObject({
  idleTimeout: duration('1h').describe('TCP connections without a byte in either direction. "0": no limit.'),
})

const accessLog = z.strictObject({
  format: z.enum(['off', 'json', 'text']).default('off').describe("`text` is Istio's default format."),
  file: z.string().default('stdout').describe('`stdout`, `stderr` or a file.'),
  sample: z.number().min(0).max(1).default(1).describe('Share of the successful exchanges that is logged; failures always are.'),
})

const drain = z.strictObject({
  grace: duration('5s').describe(
    'After SIGTERM: how long requests, streams and upgraded connections may finish before they are told to go.',
  ),
  limit: duration('30s').describe('After SIGTERM: everything still open is cut at this time.'),
})

const telemetry = z.strictObject({
  listen: address('0.0.0.0:15020')
    .default('0.0.0.0:15020')
    .describe('Serves /metrics, /stats/prometheus, /healthz/ready, /healthz/live.'),
  maxSeries: z
    .number()
    .int()
    .min(100)
    .default(10_000)
    .describe('Label sets a family may have; what exceeds it is counted in one overflow series.'),
})

const admin = z.strictObject({
  listen: address('127.0.0.1:15000').default('127.0.0.1:15000').describe("The operator's door. Keep it on loopback."),
})

export const settingsSchema = z.strictObject({
  workload: workload.prefault({}).describe('The application instance that this sidecar speaks for.'),
  trustDomain: z.string().default('cluster.local').describe('Trust domain of identities.'),
  trustDomainAliases: z.array(z.string()).default([]).describe('Trust domains that mean the same as `trustDomain`.'),
  pathNormalization: z
    .enum(['AUTO', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'])
    .default('AUTO')
    .describe(
      "One form of a path for policy, routing and the application. The last four are Istio's; AUTO is BASE, and refuses ambiguous paths where a rule looks at paths.",
    ),
  trustedHops: z.number().int().min(0).max(32).default(0).describe('Proxies in front whose X-Forwarded-For is believed.'),
  defaultVerdict: z.enum(['allow', 'deny']).default('allow').describe('Where no policy says anything.'),
  listeners: z
    .strictObject({
      inbound: z.array(inboundListener).default([]).describe('Where traffic to the application arrives.'),
      outbound: z.array(outboundListener).default([]).describe("Where the application's own calls arrive."),
    })
    .prefault({})
    .describe('Addresses that the sidecar accepts on.'),
  unknownDestinations: z
    .enum(['allow', 'deny'])
    .default('allow')
    .describe('Outbound traffic to what is no known service: pass it on, or refuse it (Istio: ALLOW_ANY, REGISTRY_ONLY).'),
  telemetry: telemetry.optional().describe('Metrics and health. Left out: not served.'),
  admin: admin.optional().describe('Admin. Left out: not served.'),
  accessLog: accessLog.prefault({}).describe('One line for each exchange.'),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info').describe('Own log, to stderr.'),
  http: httpLimits.prefault({}).describe('Limits of HTTP connections.'),
  tcp: tcpLimits.prefault({}).describe('Limits of TCP connections.'),
  drain: drain.prefault({}).describe('How the sidecar stops.'),
  workers: z.number().int().min(1).max(64).default(1).describe('Processes that share the listeners, one core each.'),
  services: z.array(serviceSchema).default([]).describe('Destinations, besides those in Kubernetes documents.'),
  routes: z.array(routeSchema).default([]).describe('What happens to outbound requests, besides routes in Kubernetes documents.'),
})

export type Settings = z.output<typeof settingsSchema>
export type InboundListenerConfig = z.output<typeof inboundListener>
export type OutboundListenerConfig = z.output<typeof outboundListener>
export type ServiceConfig = z.output<typeof serviceSchema>
export type EndpointConfig = z.output<typeof endpoint>
export type DnsConfig = z.output<typeof dns>
export type RouteConfig = z.output<typeof routeSchema>
export type RouteMatchConfig = z.output<typeof routeMatch>
export type TextMatchConfig = z.output<typeof textMatch>
export type FieldEditsConfig = z.output<typeof fieldEdits>

/** An application instance that documents tell of: who speaks from its addresses. */
export interface WorkloadConfig {
  readonly name: string
  readonly namespace: string
  readonly serviceAccount: string
  readonly labels: Readonly<Record<string, string>>
  /** Addresses that are its own alone; none when it shares those of its machine. */
  readonly addresses: readonly string[]
  /** Ports with a name, for documents that say the name. */
  readonly ports: readonly { readonly name: string; readonly port: number }[]
  readonly node: string | undefined
  readonly ready: boolean
}

export interface NamespaceConfig {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** Everything that all documents together say, whatever their dialects: what a snapshot is compiled from. Plain values throughout. */
export interface Config {
  readonly settings: Settings
  readonly services: readonly ServiceConfig[]
  readonly routes: readonly RouteConfig[]
  readonly workloads: readonly WorkloadConfig[]
  readonly namespaces: readonly NamespaceConfig[]
}
