// What happens to requests: matches, and what then is done.
import { z } from 'zod'
import { duration } from '../types.ts'

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

export type RouteConfig = z.output<typeof routeSchema>
export type RouteMatchConfig = z.output<typeof routeMatch>
export type TextMatchConfig = z.output<typeof textMatch>
export type FieldEditsConfig = z.output<typeof fieldEdits>
