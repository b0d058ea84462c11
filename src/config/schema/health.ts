// Active health checks.
import { z } from 'zod'
import { duration, port, positiveDuration } from '../types.ts'

export const health = z.strictObject({
  type: z
    .enum(['http', 'grpc', 'tcp'])
    .default('http')
    .describe('http: GET a path; grpc: call grpc.health.v1.Health/Check; tcp: connect.'),
  path: z.string().startsWith('/').default('/').describe('With http: path to ask for.'),
  host: z.string().min(1).optional().describe('With http and grpc: host to name; the address of the endpoint when left out.'),
  statuses: z.array(z.number().int().min(100).max(599)).min(1).default([200]).describe('With http: statuses that mean health.'),
  service: z.string().default('').describe('With grpc: name of the gRPC service; empty: the server as a whole.'),
  port: port().optional().describe("Port to check; the endpoint's own when left out."),
  interval: positiveDuration('10s').describe('Time between checks of an endpoint.'),
  timeout: positiveDuration('1s').describe('Time a check may take.'),
  jitter: duration('1s').describe('Up to this is added to each interval, at random.'),
  healthy: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(2)
    .describe('Good checks in a row that bring an endpoint back; a new one is let in by its first.'),
  unhealthy: z.number().int().min(1).max(100).default(3).describe('Failed checks in a row that take an endpoint out.'),
})
