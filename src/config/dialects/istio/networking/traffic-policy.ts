// A traffic policy of Istio's as parts of a native service.
import type { z } from 'zod'
import type { serviceSchema } from '../../../schema/services.ts'
import type { PortPolicy, TrafficPolicy } from './destination-rule.ts'
import { said } from './fields.ts'

type ServiceInput = z.input<typeof serviceSchema>
export type PolicyParts = Partial<
  Pick<
    ServiceInput,
    | 'balance'
    | 'hash'
    | 'locality'
    | 'slowStart'
    | 'limits'
    | 'connectTimeout'
    | 'idleTimeout'
    | 'outlierDetection'
    | 'panicThreshold'
    | 'tls'
    | 'protocol'
    | 'retryBudget'
    | 'sendProxyProtocol'
  >
>

/** What holds for a port: its own settings in the place of all four general ones. */
export function policyOf(policy: TrafficPolicy, port: number): PortPolicy {
  const own = (policy.portLevelSettings ?? []).find((one) => one.port.number === port)
  if (own === undefined) return policy
  const { loadBalancer, connectionPool, outlierDetection, tls } = own
  return { ...policy, loadBalancer, connectionPool, outlierDetection, tls }
}

export function partsOf(policy: PortPolicy): PolicyParts {
  const { loadBalancer, connectionPool, outlierDetection, tls, proxyProtocol, retryBudget } = policy
  return {
    ...(loadBalancer ? balancing(loadBalancer, Boolean(outlierDetection)) : {}),
    ...(connectionPool ? connections(connectionPool) : {}),
    ...(outlierDetection ? outliers(outlierDetection) : {}),
    ...(tls ? { tls: tlsOf(tls) } : {}),
    ...(proxyProtocol ? { sendProxyProtocol: proxyProtocol.version === 'V2' ? ('v2' as const) : ('v1' as const) } : {}),
    ...(retryBudget ? { retryBudget: said({ percent: retryBudget.percent, min: retryBudget.minRetryConcurrency }) } : {}),
  }
}

const SIMPLE = {
  UNSPECIFIED: 'least_request',
  LEAST_CONN: 'least_request',
  LEAST_REQUEST: 'least_request',
  RANDOM: 'random',
  ROUND_ROBIN: 'round_robin',
} as const

/** Zones count where outliers are detected, unless they are turned off: only then is it known when to leave one. */
function balancing(settings: NonNullable<PortPolicy['loadBalancer']>, detects: boolean): PolicyParts {
  const { simple, consistentHash, localityLbSetting, warmup, warmupDurationSecs } = settings
  const start = warmup ?? (warmupDurationSecs ? { duration: warmupDurationSecs } : undefined)
  return {
    balance: consistentHash ? (consistentHash.maglev ? 'maglev' : 'ring_hash') : SIMPLE[simple ?? 'UNSPECIFIED'],
    ...(consistentHash ? { hash: hashOf(consistentHash) } : {}),
    ...(localityLbSetting && localityLbSetting.enabled !== false && detects ? { locality: { preferZone: true } } : {}),
    ...(start
      ? {
          slowStart: {
            window: start.duration,
            ...('aggression' in start && start.aggression ? { aggression: start.aggression } : {}),
            ...('minimumPercent' in start && start.minimumPercent ? { minWeightPercent: start.minimumPercent } : {}),
          },
        }
      : {}),
  }
}

function hashOf(hash: NonNullable<NonNullable<PortPolicy['loadBalancer']>['consistentHash']>): NonNullable<ServiceInput['hash']> {
  const { httpHeaderName, httpCookie, httpQueryParameterName } = hash
  if (httpHeaderName !== undefined) return { header: httpHeaderName }
  if (httpQueryParameterName !== undefined) return { query: httpQueryParameterName }
  if (httpCookie === undefined) return { source: true }
  const { name, path, ttl } = httpCookie
  return { cookie: { name, ...(path ? { path } : {}), ...(ttl ? { ttl } : {}) } }
}

/** Istio says 0, or nothing, where it means no limit. */
function connections({ tcp, http }: NonNullable<PortPolicy['connectionPool']>): PolicyParts {
  const limits = said({
    connections: tcp?.maxConnections || undefined,
    pending: http?.http1MaxPendingRequests || undefined,
    requests: http?.http2MaxRequests || undefined,
    retries: http?.maxRetries || undefined,
    requestsPerConnection: http?.maxRequestsPerConnection,
  })
  const idleTimeout = http?.idleTimeout ?? tcp?.idleTimeout
  return {
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
    ...(tcp?.connectTimeout ? { connectTimeout: tcp.connectTimeout } : {}),
    ...(idleTimeout ? { idleTimeout } : {}),
    ...(http?.h2UpgradePolicy === 'UPGRADE' ? { protocol: 'http2' as const } : {}),
    ...(http?.useClientProtocol ? { protocol: 'auto' as const } : {}),
  }
}

/** As Istio tells Envoy: success rates are not looked at, gateway errors only when asked for, and no panic unless it is asked for. */
function outliers(settings: NonNullable<PortPolicy['outlierDetection']>): PolicyParts {
  const { consecutive5xxErrors, consecutiveGatewayErrors, consecutiveErrors, consecutiveLocalOriginFailures } = settings
  const gateway = consecutiveGatewayErrors ?? consecutiveErrors
  return {
    outlierDetection: {
      ...said({
        consecutive5xx: consecutive5xxErrors || undefined,
        consecutiveGatewayErrors: gateway || undefined,
        consecutiveLocalFailures: consecutiveLocalOriginFailures || undefined,
        splitLocal: settings.splitExternalLocalOriginErrors,
        interval: settings.interval,
        baseEjection: settings.baseEjectionTime,
        maxEjectionPercent: settings.maxEjectionPercent,
      }),
      enforcing: {
        consecutive5xx: percent(consecutive5xxErrors, 100),
        consecutiveGatewayErrors: percent(gateway, 0),
        consecutiveLocalFailures: percent(consecutiveLocalOriginFailures, 100),
        successRate: 0,
        localSuccessRate: 0,
      },
    },
    panicThreshold: settings.minHealthPercent ?? 0,
  }
}

/** How far a detection is acted upon: 0 turns it off. */
function percent(count: number | null | undefined, byDefault: number): number {
  if (count === 0) return 0
  return count === null || count === undefined ? byDefault : 100
}

const TLS_MODES = { DISABLE: 'disable', SIMPLE: 'simple', MUTUAL: 'mutual', ISTIO_MUTUAL: 'mesh' } as const

function tlsOf({
  mode,
  clientCertificate,
  privateKey,
  caCertificates,
  subjectAltNames,
  sni,
}: NonNullable<PortPolicy['tls']>): ServiceInput['tls'] {
  return {
    mode: TLS_MODES[mode],
    ...said({
      sni: sni || undefined,
      subjectAltNames: subjectAltNames ?? undefined,
      caCertificates: caCertificates || undefined,
    }),
    ...(mode === 'MUTUAL' ? said({ certificate: clientCertificate, key: privateKey }) : {}),
  }
}
