// How long an exchange may take, and what is done about attempts that fail: retries and hedging.
import { z } from 'zod'
import { RETRY_CONDITIONS } from '../retry-conditions.ts'
import { duration, optionalDuration, positiveDuration, size } from '../types.ts'
import { textMatches } from './route-match.ts'

export const timeouts = z.strictObject({
  request: duration('15s').describe(
    'Whole exchange, retries included, until the response has ended. Upgrades and streaming calls (gRPC streams, server-sent events) that have begun are not cut by it. "0": no limit.',
  ),
  attempt: duration('0').describe('One attempt, until its response head. "0": no limit of its own.'),
  idle: duration('5m').describe('Without a byte in either direction. "0": no limit.'),
  streamIdle: optionalDuration().describe('The same for streaming calls that have begun. Left out: as `idle`.'),
  maxStream: duration('0').describe(
    'Longest life of an exchange of any kind, streaming calls and upgrades included. "0": no limit.',
  ),
})

export const retry = z.strictObject({
  on: z
    .array(z.enum(RETRY_CONDITIONS))
    .default(['connect-failure', 'refused-stream', 'reset', 'unavailable'])
    .describe(
      "When another attempt is made, as Envoy's x-envoy-retry-on and x-envoy-retry-grpc-on name it. The last five are gRPC statuses, in the head or in trailers before any message.",
    ),
  attempts: z
    .number()
    .int()
    .min(1)
    .max(20)
    .default(3)
    .describe('Attempts in all, the first one included; 1: no retries. Envoy and Istio count without the first.'),
  attemptTimeout: optionalDuration().describe('Time of one attempt, until its response head. Left out: `timeouts.attempt`.'),
  backoff: z
    .strictObject({
      base: positiveDuration('25ms').describe('Upper bound of the first pause, doubled with each further one.'),
      max: optionalDuration().describe('Upper bound of any pause. Left out: ten times `base`.'),
      min: duration('0').describe('Lower bound of any pause.'),
    })
    .prefault({})
    .describe('Pauses before retries, each drawn at random between 0 and its bound, and no shorter than `min`.'),
  retryAfter: duration('30s').describe(
    'Longest pause that Retry-After or grpc-retry-pushback-ms may ask for; what asks for more is not repeated. "0": neither is looked at.',
  ),
  statusCodes: z.array(z.number().int().min(100).max(599)).default([]).describe('Statuses of `retriable-status-codes`.'),
  headers: textMatches.default({}).describe('Response fields of `retriable-headers`; any that matches is enough.'),
  bodyBytes: size('64KiB').describe('Request bodies up to this are kept, to be sent again; larger ones are sent once.'),
  nonIdempotent: z
    .boolean()
    .default(false)
    .describe(
      'Also repeat methods such as POST whose request may have been processed. gRPC calls are always repeated on a gRPC status of `on`.',
    ),
  otherHost: z.boolean().default(true).describe('Prefer an endpoint that was not tried yet.'),
})

export const hedge = z.strictObject({
  after: optionalDuration().describe(
    'Send a further attempt when there is no response head after this time, without giving up the former. Left out: only `onAttemptTimeout`.',
  ),
  onAttemptTimeout: z
    .boolean()
    .default(false)
    .describe('An attempt that exceeds its timeout goes on beside the next one, rather than being given up.'),
  attempts: z.number().int().min(2).max(5).default(2).describe('Attempts under way at once.'),
})

export type TimeoutsConfig = z.output<typeof timeouts>
export type RetryConfig = z.output<typeof retry>
export type HedgeConfig = z.output<typeof hedge>
