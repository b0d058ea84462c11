// What happens to requests: matches, and what then is done. The parts stand in files of their own beside this one.
import { z } from 'zod'
import { optionalSize } from '../types.ts'
import { hedge, retry, timeouts } from './retries.ts'
import { directReply, fieldEdits, mirror, redirect, rewrite, weightedService } from './route-actions.ts'
import { cors, fault, rateLimit, sticky } from './route-guards.ts'
import { routeMatch, routeSource } from './route-match.ts'

/** Whose traffic a route is for. */
export const routeScope = {
  priority: z
    .number()
    .int()
    .min(-1_000_000)
    .max(1_000_000)
    .default(0)
    .describe('Of the routes of a host, those of higher priority are asked first, whatever their matches.'),
  sources: z.array(routeSource).default([]).describe('Callers it is for: any of these. Empty: all.'),
  gateways: z
    .array(z.string())
    .default([])
    .describe(
      'Gateways it is for: namespace/name, or namespace/name/listener; `mesh` is traffic in the mesh. Empty: that alone.',
    ),
}

export const routeSchema = z.strictObject({
  name: z.string().min(1).describe('Name, for logs, metrics and `explain`.'),
  at: z
    .enum(['outbound', 'inbound'])
    .default('outbound')
    .describe(
      "The workload's own calls (and gateways), or calls to it: those go on to the application, so that there are no `services`.",
    ),
  ...routeScope,
  hosts: z
    .array(z.string())
    .default([])
    .describe('Hosts it is for: exact or `*.suffix`; a service answers to all its names. Empty: any.'),
  matches: z.array(routeMatch).default([]).describe('Any of these must match. Empty: everything.'),
  services: z.array(weightedService).default([]).describe('Where it goes, by weight.'),
  redirect: redirect.optional().describe('Send the caller elsewhere instead.'),
  reply: directReply.optional().describe('Answer this instead.'),
  rewrite: rewrite.optional().describe('Changes to path and host.'),
  requestHeaders: fieldEdits.prefault({}).describe('Changes to the request.'),
  responseHeaders: fieldEdits.prefault({}).describe('Changes to the response.'),
  mirrors: z.array(mirror).default([]).describe('Services that get a copy of requests; what they answer is thrown away.'),
  cors: cors.optional().describe('Which web pages may call: preflights are answered here.'),
  fault: fault.optional().describe('Faults made on purpose, to see how callers bear them.'),
  rateLimits: z
    .array(rateLimit)
    .default([])
    .describe('Requests beyond a limit get 429. Each sidecar, and each of its workers, counts for itself.'),
  maxRequestBytes: optionalSize().describe('Larger request bodies get 413. Left out: no limit.'),
  sticky: sticky.optional().describe('Keep a caller with the service that it was first sent to.'),
  timeouts: timeouts.prefault({}).describe('How long it may take.'),
  retry: retry.optional().describe('When and how attempts are repeated. Left out: as the sidecar does without a route.'),
  hedge: hedge.optional().describe('Attempts beside each other; the first good answer wins. Left out: none.'),
})

export type RouteConfig = z.output<typeof routeSchema>
