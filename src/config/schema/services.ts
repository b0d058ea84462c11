// Destinations: their endpoints, and how traffic is spread over them.
import { z } from 'zod'
import { address, duration, ip, label, labels, name, port, positiveDuration } from '../types.ts'
import { balance, hash, locality, slowStart, subset } from './balancing.ts'
import { breaker, outlierDetection, retryBudget, serviceLimits } from './breaking.ts'
import { health } from './health.ts'
import { upstreamTls } from './upstream-tls.ts'

const endpoint = z.strictObject({
  address: address('127.0.0.1:9001').describe('host:port, [ipv6]:port or unix:/path.'),
  zone: z.string().optional().describe('Where it is, for zone-aware balancing.'),
  node: z.string().optional().describe('Machine it runs on.'),
  weight: z.number().int().min(1).max(1_000_000).default(1).describe('Share of traffic relative to the others.'),
  priority: z
    .number()
    .int()
    .min(0)
    .max(127)
    .optional()
    .describe('0, or left out: used first; higher ones take over in the measure in which the lower ones are not available.'),
  labels: labels().default({}).describe('Labels, for subsets and metrics.'),
  serviceAccount: name().optional().describe('Service account it runs as: with mutual TLS, who must answer there.'),
})

const dns = z.strictObject({
  name: z.string().min(1).describe('Name to resolve, such as `db.example.com` or, for SRV, `_http._tcp.example.com`.'),
  type: z.enum(['address', 'srv']).default('address').describe('`address`: A and AAAA; `srv`: SRV, ports and weights included.'),
  port: port().optional().describe("Port of the addresses; the service's own port when left out."),
  minTtl: duration('1s').describe('Records are kept at least this long.'),
  maxTtl: duration('5m').describe('Records are asked for again at the latest after this time.'),
  maxStale: duration('10m').describe('How long the last good answer is used while DNS fails.'),
})

export const serviceSchema = z.strictObject({
  name: label().describe('Name of the service.'),
  namespace: label().default('default').describe('Namespace of the service.'),
  port: port().describe('Port that callers name.'),
  protocol: z
    .enum(['auto', 'http', 'http2', 'grpc', 'tcp', 'tls'])
    .default('http')
    .describe('What its endpoints speak; auto: what the caller speaks.'),
  transport: z
    .enum(['auto', 'h1', 'h2'])
    .default('auto')
    .describe(
      'How HTTP/1.1 travels to its endpoints. h2: many requests at once on few connections, over HTTP/2; for endpoints behind another sidecar, whose application sees HTTP/1.1 as it was written. auto: h2 with mutual TLS between sidecars (tls.mode: mesh), else h1.',
    ),
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
  passthrough: z
    .boolean()
    .default(false)
    .describe(
      'It has no endpoints of its own: traffic goes to the host that the caller named. For `hosts` such as `*.example.com`.',
    ),
  subsets: z.array(subset).default([]).describe('Parts of the service by labels of its endpoints; routes may name them.'),
  balance: balance
    .default('least_request')
    .describe(
      'How an endpoint is chosen; least_request: the better of two drawn at random; peak_ewma: likewise, by latency and load; ring_hash and maglev: by `hash`.',
    ),
  hash: hash
    .optional()
    .describe('What decides the endpoint, with ring_hash and maglev. Left out, or not there in a request: chance.'),
  locality: locality.prefault({}).describe('Which endpoints are preferred for where they are.'),
  panicThreshold: z
    .number()
    .min(0)
    .max(100)
    .default(50)
    .describe('Where fewer endpoints than this, in percent, are available, all are used. 0: never.'),
  slowStart: slowStart.optional().describe('New endpoints get their share little by little. With round_robin and least_request.'),
  limits: serviceLimits.prefault({}).describe('Beyond these, requests are answered at once with 503 and flag UO.'),
  retryBudget: retryBudget.prefault({}).describe('How many retries may be under way.'),
  outlierDetection: outlierDetection.optional().describe('Ejects endpoints that fail, for a while. Left out: none.'),
  breaker: breaker.optional().describe('Refuses requests while too many fail. Left out: none.'),
  health: health.optional().describe('Asks endpoints how they are. Left out: no checks.'),
  connectTimeout: positiveDuration('5s').describe('Time a connection may take to come up.'),
  idleTimeout: duration('1m').describe(
    'Idle connections are closed after this time, or earlier when the endpoint announces or shows a shorter one.',
  ),
  tls: upstreamTls.prefault({}).describe('TLS to the endpoints.'),
  sendProxyProtocol: z.enum(['off', 'v1', 'v2']).default('off').describe('Start each connection with a PROXY protocol head.'),
})

export type ServiceConfig = z.output<typeof serviceSchema>
export type EndpointConfig = z.output<typeof endpoint>
export type DnsConfig = z.output<typeof dns>
