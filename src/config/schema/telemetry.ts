// What the sidecar tells, and where.
import { z } from 'zod'
import { address, port, positiveDuration } from '../types.ts'

export const accessLog = z.strictObject({
  format: z.enum(['off', 'json', 'text']).default('off').describe("`text` is Istio's default format."),
  file: z.string().default('stdout').describe('`stdout`, `stderr` or a file.'),
  sample: z.number().min(0).max(1).default(1).describe('Share of the successful exchanges that is logged; failures always are.'),
})

const probePort = () => port().describe('Port of the application.')

const appProbe = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]*\/[a-z0-9-]+$/, { error: 'expected container/probe, such as "cart/liveness"' })
      .describe('Asked for as /app-health/NAME.'),
    host: z
      .string()
      .default('127.0.0.1')
      .describe("Where the application is; the Pod's own address where it listens on nothing else."),
    timeout: positiveDuration('1s').describe('How long the application may take.'),
    http: z
      .strictObject({
        port: probePort(),
        path: z.string().startsWith('/').default('/').describe('Path to ask for; 200 to 399 is health.'),
        https: z.boolean().default(false).describe('By TLS, whatever the certificate says, as the kubelet does.'),
        headers: z.record(z.string(), z.string()).default({}).describe('Further header fields.'),
      })
      .optional()
      .describe('By a GET.'),
    tcp: z.strictObject({ port: probePort() }).optional().describe('By a connection.'),
    grpc: z
      .strictObject({
        port: probePort(),
        service: z.string().default('').describe('Service to ask about; empty: the server as a whole.'),
      })
      .optional()
      .describe('By grpc.health.v1.Health/Check.'),
  })
  .refine(({ http, tcp, grpc }) => [http, tcp, grpc].filter((one) => one !== undefined).length === 1, {
    error: 'expected exactly one of http, tcp and grpc',
  })

export type AppProbe = z.output<typeof appProbe>

export const telemetry = z.strictObject({
  listen: address('0.0.0.0:15020')
    .default('0.0.0.0:15020')
    .describe('Serves /metrics, /stats/prometheus, /healthz/ready, /healthz/live.'),
  probes: z
    .array(appProbe)
    .default([])
    .describe(
      'Probes of the application that the kubelet asks for here, because it has no identity to ask the application itself; `outrigger inject` fills them in.',
    ),
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
