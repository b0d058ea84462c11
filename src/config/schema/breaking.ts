// What keeps traffic from services and endpoints that fail: limits, retry budget, outlier detection, breaker.
import { z } from 'zod'
import { duration, positiveDuration } from '../types.ts'

export const endpointLimits = z.strictObject({
  connections: z.number().int().min(1).default(1_000_000).describe('Connections to one endpoint.'),
  requests: z.number().int().min(1).default(1_000_000).describe('Requests under way at one endpoint.'),
})

export const serviceLimits = z.strictObject({
  connections: z.number().int().min(1).default(1024).describe('Connections to all endpoints together. Envoy: max_connections.'),
  pending: z.number().int().min(0).default(1024).describe('Requests that wait for a connection. Envoy: max_pending_requests.'),
  requests: z.number().int().min(1).default(1024).describe('Requests under way. Envoy: max_requests.'),
  retries: z
    .number()
    .int()
    .min(0)
    .default(1024)
    .describe('Retries under way, besides what `retryBudget` allows. Envoy: max_retries.'),
  requestsPerConnection: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('A connection is closed after this many requests; 0: no limit. Envoy: max_requests_per_connection.'),
  endpoint: endpointLimits.prefault({}).describe('The same for each endpoint.'),
})

export const retryBudget = z.strictObject({
  percent: z.number().min(0).max(100).default(20).describe('Retries under way, in percent of the requests under way.'),
  min: z.number().int().min(0).max(1_000_000).default(3).describe('Retries under way that are always allowed.'),
})

const percent = (byDefault: number) => z.number().min(0).max(100).default(byDefault)
const count = (byDefault: number) => z.number().int().min(1).max(1_000_000).default(byDefault)

export const outlierDetection = z.strictObject({
  consecutive5xx: count(5).describe(
    'Responses of 500 and more in a row that eject an endpoint; local failures count as such unless split.',
  ),
  consecutiveGatewayErrors: count(5).describe('502, 503 and 504 in a row that eject an endpoint.'),
  consecutiveLocalFailures: count(5).describe(
    'Failed connections, resets and timeouts in a row that eject an endpoint; with `splitLocal` only.',
  ),
  splitLocal: z.boolean().default(false).describe('Tell failures to reach an endpoint apart from what it answers.'),
  interval: positiveDuration('10s').describe('How often rates are looked at, and ejected endpoints are let back in.'),
  baseEjection: positiveDuration('30s').describe('How long an ejection lasts, times the number of ejections in a row.'),
  maxEjection: positiveDuration('5m').describe('How long an ejection lasts at most; `baseEjection`, where that is more.'),
  ejectionJitter: duration('0').describe('Up to this is added to each ejection, at random.'),
  maxEjectionPercent: percent(10).describe('Endpoints that may be ejected at once; one may always be.'),
  successRate: z
    .strictObject({
      minHosts: count(5).describe('Endpoints with enough requests that it takes.'),
      minRequests: count(100).describe('Requests within an interval that it takes.'),
      deviations: z.number().min(0).max(100).default(1.9).describe('Standard deviations below the mean that eject an endpoint.'),
    })
    .prefault({})
    .describe('Ejects endpoints whose share of successes is far below that of the others.'),
  failurePercentage: z
    .strictObject({
      threshold: percent(85).describe('Failures in percent that eject an endpoint.'),
      minHosts: count(5).describe('Endpoints with enough requests that it takes.'),
      minRequests: count(50).describe('Requests within an interval that it takes.'),
    })
    .prefault({})
    .describe('Ejects endpoints by their share of failures.'),
  enforcing: z
    .strictObject({
      consecutive5xx: percent(100).describe('Chance, in percent, that a detection ejects.'),
      consecutiveGatewayErrors: percent(0).describe('Likewise.'),
      consecutiveLocalFailures: percent(100).describe('Likewise.'),
      successRate: percent(100).describe('Likewise.'),
      localSuccessRate: percent(100).describe('Likewise.'),
      failurePercentage: percent(0).describe('Likewise.'),
      localFailurePercentage: percent(0).describe('Likewise.'),
    })
    .prefault({})
    .describe('How far each detection is acted upon; 0 turns it off.'),
})

export const breaker = z.strictObject({
  scope: z.enum(['endpoint', 'service']).default('endpoint').describe('What it opens for.'),
  errorPercent: z.number().min(1).max(100).default(50).describe('Share of failures that opens it.'),
  volume: z.number().int().min(1).max(1_000_000).default(10).describe('Requests within the window that it takes.'),
  window: positiveDuration('10s').describe('Time that is looked at.'),
  reset: positiveDuration('30s').describe('Time until one request is let through, which closes or opens it again.'),
})
