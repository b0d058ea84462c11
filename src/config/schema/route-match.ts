// What a route asks of a request, and of who sends it.
import { z } from 'zod'
import { label, labels, port } from '../types.ts'

const exact = z.strictObject({ exact: z.string().describe('The whole text.') })
const prefix = z.strictObject({ prefix: z.string().describe('How it begins.') })
const suffix = z.strictObject({ suffix: z.string().describe('How it ends.') })
const regex = z.strictObject({ regex: z.string().describe('Regular expression for the whole text: RE2 syntax, linear time.') })
const present = z.strictObject({ present: z.boolean().describe('Whether it is there at all.') })
const template = z.strictObject({
  template: z
    .string()
    .describe('Path with `{*}` for one segment and at its end `{**}` for any number of them, as Envoy and Istio have it.'),
})
const textMatch = z.union([exact, prefix, suffix, regex, present])

export const textMatches = z.record(z.string(), textMatch)

export const routeMatch = z.strictObject({
  path: z
    .union([exact, prefix, regex, template])
    .optional()
    .describe('Path without query. A prefix ends on a segment border: `/a` is for `/a` and `/a/b`, not for `/ab`.'),
  ignoreCase: z.boolean().default(false).describe('Compare the path without regard to case.'),
  method: z.union([z.string(), exact, prefix, suffix, regex]).optional().describe('Method: its name, or a test of it.'),
  scheme: z.enum(['http', 'https']).optional().describe('Scheme.'),
  port: port().optional().describe('Port that the caller names in Host or :authority; none named is 80 (https: 443).'),
  headers: textMatches.default({}).describe('Header fields; all must match.'),
  withoutHeaders: textMatches.default({}).describe('Header fields of which none may match.'),
  query: textMatches.default({}).describe('Query parameters; all must match.'),
})

export const routeSource = z.strictObject({
  namespace: label().optional().describe('Namespace of the caller.'),
  labels: labels().default({}).describe('Labels that the caller has.'),
})

export type RouteMatchConfig = z.output<typeof routeMatch>
export type TextMatchConfig = z.output<typeof textMatch>
