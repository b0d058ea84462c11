// How an endpoint is chosen: balancers, what is hashed, zones, slow start, subsets.
import { z } from 'zod'
import { label, labels, optionalDuration, positiveDuration } from '../types.ts'
import { breaker, outlierDetection, retryBudget, serviceLimits } from './breaking.ts'

export const balance = z.enum(['least_request', 'round_robin', 'random', 'peak_ewma', 'ring_hash', 'maglev'])

export const hash = z.union([
  z.strictObject({ header: z.string().min(1).describe('Value of this request field.') }),
  z.strictObject({
    cookie: z
      .strictObject({
        name: z.string().min(1).describe('Name of the cookie.'),
        path: z.string().optional().describe('Path attribute of a cookie that is made here.'),
        ttl: optionalDuration().describe(
          'Make the cookie where the caller has none, with this life; "0": for the session. Left out: never.',
        ),
      })
      .describe('Value of this cookie.'),
  }),
  z.strictObject({ source: z.literal(true).describe("The caller's address.") }),
  z.strictObject({ query: z.string().min(1).describe('Value of this query parameter.') }),
])

export const locality = z.strictObject({
  preferZone: z
    .boolean()
    .default(false)
    .describe("Endpoints in the workload's zone first; the others take over in the measure in which those are not available."),
  failover: z
    .array(z.string().min(1))
    .default([])
    .describe("Zones in the order in which they take over from the workload's own; those not named come last."),
})

export const slowStart = z.strictObject({
  window: positiveDuration('30s').describe('Time in which a new or returned endpoint grows to its full share.'),
  aggression: z.number().min(0.01).max(100).default(1).describe('1: evenly; more: faster at the beginning.'),
  minWeightPercent: z.number().min(1).max(100).default(10).describe('Share at the beginning, in percent of its weight.'),
})

/** What a subset may have of its own. */
const overrides = z.strictObject({
  balance: balance.optional().describe('As for the service.'),
  hash: hash.optional().describe('As for the service.'),
  locality: locality.optional().describe('As for the service.'),
  limits: serviceLimits.optional().describe('As for the service.'),
  outlierDetection: outlierDetection.optional().describe('As for the service.'),
  breaker: breaker.optional().describe('As for the service.'),
  retryBudget: retryBudget.optional().describe('As for the service.'),
  connectTimeout: optionalDuration().describe('As for the service.'),
  idleTimeout: optionalDuration().describe('As for the service.'),
})

export const subset = z.strictObject({
  name: label().describe('What routes call it.'),
  labels: labels().default({}).describe('Labels that its endpoints carry.'),
  fallback: z
    .enum(['none', 'any'])
    .default('none')
    .describe('Where it has no endpoints: fail, or use any endpoint of the service.'),
  overrides: overrides.prefault({}).describe("What it has of its own; each part takes the place of the service's whole part."),
})
