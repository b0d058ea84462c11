// What a route does with a request: where it goes, or how it is answered, and what is changed on the way.
import { z } from 'zod'
import { label, port } from '../types.ts'

export const fieldEdits = z.strictObject({
  add: z.record(z.string(), z.string()).default({}).describe('Append these fields.'),
  set: z.record(z.string(), z.string()).default({}).describe('Put these fields in the place of what is there.'),
  remove: z.array(z.string()).default([]).describe('Take these fields away.'),
})

const serviceReference = z.string().describe('name.namespace, with :port if it has several.')
const subset = label().optional().describe('Only the endpoints of this subset of the service.')
export const percent = (byDefault: number) =>
  z.number({ error: 'expected a percentage, 0 to 100' }).min(0).max(100).default(byDefault).meta({ title: 'percentage' })

const pathRewrite = {
  path: z.string().optional().describe('Takes the place of the whole path; the query stays.'),
  prefix: z.string().optional().describe('Takes the place of the prefix (or exact path) that matched.'),
  regex: z
    .strictObject({
      pattern: z.string().describe('Regular expression in RE2 syntax; every place of the path that matches is replaced.'),
      replacement: z.string().describe('What takes its place; `\\1` to `\\9` are groups, `\\0` is everything that matched.'),
    })
    .optional()
    .describe('Replace parts of the path.'),
}

export const weightedService = z.strictObject({
  service: serviceReference,
  subset,
  weight: z.number().int().min(0).max(1_000_000).default(1).describe('Share relative to the others.'),
  host: z.string().optional().describe('Host that this service is told instead of what the caller named.'),
  rewrite: z
    .strictObject(pathRewrite)
    .optional()
    .describe('Changes to the path for this service, in the place of those of the route.'),
  requestHeaders: fieldEdits.optional().describe('Changes to requests that go to this service, after those of the route.'),
  responseHeaders: fieldEdits.optional().describe('Changes to responses of this service, before those of the route.'),
})

export const redirect = z.strictObject({
  status: z
    .union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)], {
      error: 'expected 301, 302, 303, 307 or 308',
    })
    .default(302)
    .meta({ title: '301, 302, 303, 307 or 308' })
    .describe('HTTP status.'),
  scheme: z.enum(['http', 'https']).optional().describe("Scheme; the request's own when left out."),
  host: z.string().optional().describe("Host without port; the request's own when left out."),
  port: port().optional().describe("Port. Left out: the usual one of `scheme` where that is given, else the request's own."),
  path: z.string().optional().describe('Takes the place of the whole path.'),
  prefix: z.string().optional().describe('Takes the place of the prefix (or exact path) that matched.'),
})

export const directReply = z.strictObject({
  status: z.number().int().min(200).max(599).describe('HTTP status.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Header fields.'),
  body: z.string().default('').describe('Body; `content-type` is text/plain unless `headers` says otherwise.'),
})

export const rewrite = z.strictObject({
  ...pathRewrite,
  host: z.string().optional().describe('Host that the service is told; with :port if it is to see one.'),
})

export const mirror = z.strictObject({
  service: serviceReference,
  subset,
  percent: percent(100).describe('Share of the requests.'),
})

export type WeightedServiceConfig = z.output<typeof weightedService>
export type RedirectConfig = z.output<typeof redirect>
export type DirectReplyConfig = z.output<typeof directReply>
export type RewriteConfig = z.output<typeof rewrite>
export type FieldEditsConfig = z.output<typeof fieldEdits>
export type MirrorConfig = z.output<typeof mirror>
