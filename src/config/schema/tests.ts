// What the configuration promises of itself: requests, and what is to become of them. A change that breaks a promise is refused.
import { z } from 'zod'

export const testSchema = z.strictObject({
  name: z.string().min(1).optional().describe('What it is about, for messages.'),
  request: z.record(z.string(), z.unknown()).describe('A request as `explain` takes it; `at` is inbound when left out.'),
  expect: z
    .strictObject({
      verdict: z.enum(['allow', 'deny', 'reject']).describe('What becomes of it.'),
      rule: z.string().min(1).optional().describe('Id of the rule that decides, such as `ns[shop]-policy[web]-rule[0]`.'),
      status: z.number().int().min(100).max(599).optional().describe('Status of an answer of the sidecar itself.'),
      route: z.string().min(1).optional().describe('Id of the route that it takes.'),
    })
    .describe('What must come of it.'),
})

export type TestConfig = z.output<typeof testSchema>
