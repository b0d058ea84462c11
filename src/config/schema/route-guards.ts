// What a route does before it lets a request through: CORS, faults on purpose, limits, stickiness.
import { z } from 'zod'
import { duration, optionalDuration, positiveDuration } from '../types.ts'
import { percent } from './route-actions.ts'
import { textMatches } from './route-match.ts'

const corsOrigin = z.union([
  z.strictObject({ exact: z.string().describe('The whole origin, such as `https://shop.example`.') }),
  z.strictObject({ prefix: z.string().describe('How it begins.') }),
  z.strictObject({ wildcard: z.string().describe('Origin in which `*` stands for anything: `https://*.shop.example`, `*`.') }),
  z.strictObject({ regex: z.string().describe('Regular expression for the whole origin.') }),
])

export const cors = z.strictObject({
  origins: z.array(corsOrigin).default([]).describe('Origins that may read responses.'),
  methods: z.array(z.string()).default([]).describe('Methods they may use; `*`: any.'),
  headers: z.array(z.string()).default([]).describe('Header fields they may send; `*`: any.'),
  exposeHeaders: z.array(z.string()).default([]).describe('Header fields of responses they may read; `*`: any.'),
  maxAge: optionalDuration().describe('How long the answer to a preflight may be kept, in whole seconds.'),
  credentials: z.boolean().default(false).describe('Cookies and the like may be sent along.'),
  forwardUnmatched: z
    .boolean()
    .default(false)
    .describe('Preflights of other origins go to the service instead of being answered here without permission.'),
})

export const fault = z.strictObject({
  delay: z
    .strictObject({
      time: positiveDuration('1s').describe('How long the request is held.'),
      percent: percent(100).describe('Share of the requests.'),
    })
    .optional()
    .describe('Hold requests before they go on.'),
  abort: z
    .strictObject({
      status: z.number().int().min(200).max(599).optional().describe('HTTP status of the answer.'),
      grpcStatus: z.number().int().min(0).max(16).optional().describe('gRPC status of the answer.'),
      percent: percent(100).describe('Share of the requests.'),
    })
    .optional()
    .describe('Answer requests instead of sending them: with `status` or `grpcStatus`.'),
  headers: textMatches.default({}).describe('Only requests whose header fields match.'),
  byHeader: z
    .boolean()
    .default(false)
    .describe(
      'Callers may ask for faults: x-envoy-fault-delay-request (milliseconds), x-envoy-fault-abort-request (HTTP status), x-envoy-fault-abort-grpc-request, each with -percentage.',
    ),
})

export const rateLimit = z.strictObject({
  requests: z.number().int().min(1).max(1_000_000_000).describe('So many requests'),
  per: positiveDuration('1s').describe('in this time.'),
  burst: z.number().int().min(1).max(1_000_000_000).optional().describe('So many at once; `requests` when left out.'),
  by: z
    .union([
      z.enum(['route', 'namespace', 'principal', 'address']),
      z.strictObject({ header: z.string().describe('Each value of this header field.') }),
    ])
    .default('route')
    .meta({ title: '`route`, `namespace`, `principal`, `address` or `header`: name' })
    .describe(
      'Who shares a limit: all callers of the route, those of a namespace, a principal, an address, a value of a header field.',
    ),
})

export const sticky = z.strictObject({
  cookie: z.string().min(1).optional().describe('Name of a cookie; set where a caller has none.'),
  header: z.string().min(1).optional().describe('Header field: equal values, the same service. Without it, by weight.'),
  ttl: duration('0').describe('How long the cookie lives. "0": until the browser is closed.'),
})
export type StickyConfig = z.output<typeof sticky>
export type CorsConfig = z.output<typeof cors>
export type FaultConfig = z.output<typeof fault>
export type RateLimitConfig = z.output<typeof rateLimit>
