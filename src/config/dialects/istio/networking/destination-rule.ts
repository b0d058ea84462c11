// What Istio's DestinationRule may look like.
import { z } from 'zod'
import { label } from '../../../types.ts'
import type { Kind, Resource } from '../../resource.ts'
import { workloadSelector } from '../selector.ts'
import { datedMetadata, duration, exportTo, hostPattern, namedLabels, portSelector } from './fields.ts'

const count = z.number().int().min(0)

const warmup = z.strictObject({
  duration,
  minimumPercent: z.number().min(1).max(100).nullish(),
  aggression: z.number().min(0.01).max(100).nullish(),
})

const consistentHash = z
  .strictObject({
    httpHeaderName: z.string().min(1).optional(),
    httpCookie: z
      .strictObject({
        name: z.string().min(1),
        path: z.string().nullish(),
        ttl: duration.nullish(),
        attributes: z.array(z.unknown()).nullish(),
      })
      .optional(),
    useSourceIp: z.boolean().optional(),
    httpQueryParameterName: z.string().min(1).optional(),
    ringHash: z.strictObject({ minimumRingSize: count.nullish() }).nullish(),
    maglev: z.strictObject({ tableSize: count.nullish() }).nullish(),
    minimumRingSize: count.nullish(),
  })
  .refine(
    ({ httpHeaderName, httpCookie, useSourceIp, httpQueryParameterName }) =>
      [httpHeaderName, httpCookie, useSourceIp, httpQueryParameterName].filter(Boolean).length === 1,
    { error: 'expected one of httpHeaderName, httpCookie, useSourceIp, httpQueryParameterName' },
  )
  .refine(({ ringHash, maglev }) => !ringHash || !maglev, { error: 'ringHash and maglev exclude each other' })

const loadBalancer = z
  .strictObject({
    simple: z.enum(['UNSPECIFIED', 'LEAST_CONN', 'LEAST_REQUEST', 'RANDOM', 'ROUND_ROBIN']).nullish(),
    consistentHash: consistentHash.nullish(),
    localityLbSetting: z
      .strictObject({
        enabled: z.boolean().nullish(),
        failover: z.array(z.strictObject({ from: z.string(), to: z.string() })).nullish(),
        failoverPriority: z.array(z.string()).nullish(),
      })
      .nullish(),
    warmup: warmup.nullish(),
    warmupDurationSecs: duration.nullish(),
  })
  .refine(({ simple, consistentHash: hash }) => !simple || !hash, { error: 'simple and consistentHash exclude each other' })

const connectionPool = z.strictObject({
  tcp: z
    .strictObject({
      maxConnections: count.nullish(),
      connectTimeout: duration.nullish(),
      idleTimeout: duration.nullish(),
      tcpKeepalive: z.unknown().optional(),
      maxConnectionDuration: duration.nullish(),
    })
    .nullish(),
  http: z
    .strictObject({
      http1MaxPendingRequests: count.nullish(),
      http2MaxRequests: count.nullish(),
      maxRequestsPerConnection: count.nullish(),
      maxRetries: count.nullish(),
      idleTimeout: duration.nullish(),
      h2UpgradePolicy: z.enum(['DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE']).nullish(),
      useClientProtocol: z.boolean().nullish(),
      maxConcurrentStreams: count.nullish(),
      http2KeepAlive: z.unknown().optional(),
    })
    .nullish(),
})

const outlierDetection = z.strictObject({
  consecutiveErrors: count.nullish(),
  splitExternalLocalOriginErrors: z.boolean().nullish(),
  consecutiveLocalOriginFailures: count.nullish(),
  consecutiveGatewayErrors: count.nullish(),
  consecutive5xxErrors: count.nullish(),
  interval: duration.nullish(),
  baseEjectionTime: duration.nullish(),
  maxEjectionPercent: z.number().int().min(0).max(100).nullish(),
  minHealthPercent: z.number().int().min(0).max(100).nullish(),
})

const tls = z
  .strictObject({
    mode: z.enum(['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL']).default('DISABLE'),
    clientCertificate: z.string().nullish(),
    privateKey: z.string().nullish(),
    caCertificates: z.string().nullish(),
    subjectAltNames: z.array(z.string()).nullish(),
    sni: z.string().nullish(),
    insecureSkipVerify: z.literal(false, { error: 'certificates are always checked here; expected false' }).nullish(),
  })
  .refine(({ mode, clientCertificate, privateKey }) => mode !== 'MUTUAL' || (clientCertificate && privateKey), {
    error: 'MUTUAL needs clientCertificate and privateKey',
  })

const settings = {
  loadBalancer: loadBalancer.nullish(),
  connectionPool: connectionPool.nullish(),
  outlierDetection: outlierDetection.nullish(),
  tls: tls.nullish(),
}

const trafficPolicy = z.strictObject({
  ...settings,
  portLevelSettings: z.array(z.strictObject({ port: portSelector, ...settings })).nullish(),
  proxyProtocol: z.strictObject({ version: z.enum(['V1', 'V2']).default('V1') }).nullish(),
  retryBudget: z
    .strictObject({
      percent: z.number().min(0).max(100).nullish(),
      minRetryConcurrency: count.nullish(),
      budgetInterval: duration.nullish(),
    })
    .nullish(),
})

export const DESTINATION_RULE = {
  name: 'DestinationRule',
  namespaced: true,
  schema: z.strictObject({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: datedMetadata,
    spec: z.strictObject({
      host: hostPattern,
      trafficPolicy: trafficPolicy.nullish(),
      subsets: z.array(z.strictObject({ name: label(), labels: namedLabels, trafficPolicy: trafficPolicy.nullish() })).nullish(),
      exportTo,
      workloadSelector,
    }),
    status: z.unknown().optional(),
  }),
} as const satisfies Kind

export type DestinationRule = Resource<z.output<typeof DESTINATION_RULE.schema>>
export type TrafficPolicy = z.output<typeof trafficPolicy>
export type PortPolicy = Omit<TrafficPolicy, 'portLevelSettings'>
export type Subset = NonNullable<DestinationRule['value']['spec']['subsets']>[number]
