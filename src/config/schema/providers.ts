// Who is asked by policies with the action `custom`: external authorization, as Envoy's ext_authz defines it.
import { z } from 'zod'
import { port, positiveDuration } from '../types.ts'

const fieldPattern = () => z.array(z.string().min(1)).default([])

const common = {
  service: z.string().min(1).describe('Host or service that answers, such as `authz.security.svc.cluster.local`.'),
  port: port().describe('Its port.'),
  timeout: positiveDuration('1s').describe('Time it has to answer.'),
  failOpen: z.boolean().default(false).describe('Allow what nobody answers for.'),
  statusOnError: z.number().int().min(400).max(599).default(403).describe('What callers get while nobody answers.'),
}

const http = z.strictObject({
  ...common,
  pathPrefix: z
    .string()
    .regex(/^(?:\/.*)?$/, { error: 'expected a path that begins with "/"' })
    .default('')
    .describe('Put in front of the path.'),
  requestHeaders: fieldPattern().describe(
    'Fields it gets of the request, besides Host, method, path and Authorization: exact, `x-*`, `*-id`.',
  ),
  additionalHeaders: z.record(z.string(), z.string()).default({}).describe('Further fields it gets.'),
  upstreamHeaders: fieldPattern().describe('Fields of an answer that allows which the application gets in the place of its own.'),
  allowedHeaders: fieldPattern().describe('Fields of an answer that allows which the caller gets.'),
  deniedHeaders: z
    .array(z.string().min(1))
    .optional()
    .describe('Fields of an answer that denies which the caller gets. Left out: all.'),
})

const grpc = z.strictObject(common)

const name = z.string().min(1).describe('Name, for `provider` of policies.')

export const providerSchema = z.union([
  z.strictObject({ name, http: http.describe('Asked by HTTP: any 200 allows.') }),
  z.strictObject({ name, grpc: grpc.describe('Asked by gRPC: envoy.service.auth.v3.Authorization.') }),
])

export type ProviderConfig = z.output<typeof providerSchema>
export type HttpProviderConfig = z.output<typeof http>
export type GrpcProviderConfig = z.output<typeof grpc>
