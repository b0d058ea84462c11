// What the sidecar tells, and where.
import { z } from 'zod'
import { address } from '../types.ts'

export const accessLog = z.strictObject({
  format: z.enum(['off', 'json', 'text']).default('off').describe("`text` is Istio's default format."),
  file: z.string().default('stdout').describe('`stdout`, `stderr` or a file.'),
  sample: z.number().min(0).max(1).default(1).describe('Share of the successful exchanges that is logged; failures always are.'),
})

export const telemetry = z.strictObject({
  listen: address('0.0.0.0:15020')
    .default('0.0.0.0:15020')
    .describe('Serves /metrics, /stats/prometheus, /healthz/ready, /healthz/live.'),
  maxSeries: z
    .number()
    .int()
    .min(100)
    .default(10_000)
    .describe('Label sets a family may have; what exceeds it is counted in one overflow series.'),
})

export const admin = z.strictObject({
  listen: address('127.0.0.1:15000').default('127.0.0.1:15000').describe("The operator's door. Keep it on loopback."),
})
