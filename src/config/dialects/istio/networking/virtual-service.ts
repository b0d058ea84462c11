// What Istio's VirtualService may look like.
import { z } from 'zod'
import { port } from '../../../types.ts'
import { regex } from '../../regex.ts'
import type { Kind, Resource } from '../../resource.ts'
import {
  datedMetadata,
  destination,
  duration,
  exportTo,
  hostPattern,
  namedLabels,
  percent,
  stringMatch,
  weighted,
} from './fields.ts'

const NO_FORMATS = "Envoy's format strings, such as %REQ(name)%, are not understood; %% stands for %"
const fieldValue = z.string().refine((text) => !text.replaceAll('%%', '').includes('%'), { error: NO_FORMATS })
const operations = z.strictObject({
  set: z.record(z.string(), fieldValue).nullish(),
  add: z.record(z.string(), fieldValue).nullish(),
  remove: z.array(z.string()).nullish(),
})
const headers = z.strictObject({ request: operations.nullish(), response: operations.nullish() })

const fieldMatches = z.record(z.string(), stringMatch).nullish()

const httpMatch = z.strictObject({
  name: z.string().optional(),
  uri: stringMatch.nullish(),
  scheme: z.strictObject({ exact: z.enum(['http', 'https']) }, { error: 'expected exact: http or exact: https' }).nullish(),
  method: stringMatch.nullish(),
  authority: stringMatch.nullish(),
  headers: fieldMatches,
  withoutHeaders: fieldMatches,
  queryParams: fieldMatches,
  ignoreUriCase: z.boolean().nullish(),
  port: port().nullish(),
  sourceLabels: namedLabels,
  sourceNamespace: z.string().min(1).nullish(),
  gateways: z.array(z.string()).nullish(),
  statPrefix: z.string().optional(),
})

const httpRedirect = z
  .strictObject({
    uri: z.string().min(1).nullish(),
    authority: z.string().min(1).nullish(),
    port: port().nullish(),
    derivePort: z.enum(['FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT']).nullish(),
    scheme: z.enum(['http', 'https']).nullish(),
    redirectCode: z.union([301, 302, 303, 307, 308].map((code) => z.literal(code))).nullish(),
  })
  .refine(({ port: number, derivePort }) => !number || !derivePort, { error: 'port and derivePort exclude each other' })
  .refine(({ scheme, derivePort }) => !scheme || derivePort !== 'FROM_REQUEST_PORT', {
    error: 'FROM_REQUEST_PORT together with a scheme is not understood',
  })
  .refine(({ uri }) => !uri?.includes('%'), { error: NO_FORMATS })

const httpRewrite = z
  .strictObject({
    uri: z.string().min(1).nullish(),
    authority: z.string().min(1).nullish(),
    uriRegexRewrite: z.strictObject({ match: regex(), rewrite: z.string() }).nullish(),
  })
  .refine(({ uri, uriRegexRewrite }) => !uri || !uriRegexRewrite, { error: 'uri and uriRegexRewrite exclude each other' })

const httpRetry = z.strictObject({
  attempts: z.number().int().min(0).max(19).default(2),
  perTryTimeout: duration.nullish(),
  retryOn: z.string().nullish(),
  retryRemoteLocalities: z.boolean().nullish(),
  retryIgnorePreviousHosts: z.boolean().nullish(),
  backoff: duration.nullish(),
})

const GRPC_STATUSES = (
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED ' +
  'FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'
).split(' ')

const fault = z.strictObject({
  delay: z
    .strictObject({
      fixedDelay: duration,
      percentage: percent.nullish(),
      percent: z.number().int().min(0).max(100).nullish(),
    })
    .nullish(),
  abort: z
    .strictObject({
      httpStatus: z.number().int().min(200).max(599).optional(),
      grpcStatus: z
        .enum(GRPC_STATUSES)
        .transform((name) => GRPC_STATUSES.indexOf(name))
        .optional(),
      percentage: percent.nullish(),
    })
    .refine(({ httpStatus, grpcStatus }) => (httpStatus === undefined) !== (grpcStatus === undefined), {
      error: 'expected one of httpStatus, grpcStatus',
    })
    .nullish(),
})

const cors = z.strictObject({
  allowOrigins: z.array(stringMatch).nullish(),
  allowOrigin: z.array(z.string()).nullish(),
  allowMethods: z.array(z.string()).nullish(),
  allowHeaders: z.array(z.string()).nullish(),
  exposeHeaders: z.array(z.string()).nullish(),
  maxAge: duration.nullish(),
  allowCredentials: z.boolean().nullish(),
  unmatchedPreflights: z.enum(['UNSPECIFIED', 'FORWARD', 'IGNORE']).nullish(),
})

const httpRoute = z
  .strictObject({
    name: z.string().optional(),
    match: z.array(httpMatch).nullish(),
    route: z.array(z.strictObject({ destination, weight: weighted, headers: headers.nullish() })).nullish(),
    redirect: httpRedirect.nullish(),
    directResponse: z
      .strictObject({
        status: z.number().int().min(200).max(599),
        body: z.strictObject({ string: z.string().optional(), bytes: z.base64().optional() }).nullish(),
      })
      .nullish(),
    delegate: z.strictObject({ name: z.string().min(1), namespace: z.string().min(1).nullish() }).nullish(),
    rewrite: httpRewrite.nullish(),
    timeout: duration.nullish(),
    retries: httpRetry.nullish(),
    fault: fault.nullish(),
    mirror: destination.nullish(),
    mirrors: z.array(z.strictObject({ destination, percentage: percent.nullish() })).nullish(),
    mirrorPercent: z.number().int().min(0).max(100).nullish(),
    mirrorPercentage: percent.nullish(),
    corsPolicy: cors.nullish(),
    headers: headers.nullish(),
  })
  .superRefine(({ route, redirect, directResponse, delegate }, context) => {
    const actions = [(route ?? []).length > 0, redirect, directResponse, delegate].filter(Boolean).length
    if (actions !== 1)
      context.addIssue({ code: 'custom', message: 'expected exactly one of route, redirect, directResponse, delegate' })
    if ((route ?? []).length > 1 && (route ?? []).every(({ weight }) => !weight))
      context.addIssue({ code: 'custom', path: ['route'], message: 'all weights are 0, so no request could go anywhere' })
  })

const plainMatch = {
  destinationSubnets: z.array(z.string()).nullish(),
  port: port().nullish(),
  sourceLabels: namedLabels,
  sourceNamespace: z.string().min(1).nullish(),
  gateways: z.array(z.string()).nullish(),
}
const plainRoute = z.array(z.strictObject({ destination, weight: weighted })).min(1)

export const VIRTUAL_SERVICE = {
  name: 'VirtualService',
  namespaced: true,
  schema: z.strictObject({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: datedMetadata,
    spec: z
      .strictObject({
        hosts: z.array(hostPattern).default([]),
        gateways: z.array(z.string()).nullish(),
        http: z.array(httpRoute).nullish(),
        tls: z
          .array(
            z.strictObject({
              match: z.array(z.strictObject({ sniHosts: z.array(hostPattern).min(1), ...plainMatch })).min(1),
              route: plainRoute,
            }),
          )
          .nullish(),
        tcp: z.array(z.strictObject({ match: z.array(z.strictObject(plainMatch)).nullish(), route: plainRoute })).nullish(),
        exportTo,
      })
      .superRefine(({ hosts, tls, tcp }, context) => {
        const plain = (tls ?? []).length + (tcp ?? []).length > 0
        // without hosts it is one that others delegate to
        if (hosts.length === 0 && plain)
          context.addIssue({ code: 'custom', path: ['hosts'], message: 'tls and tcp routes need hosts' })
      }),
    status: z.unknown().optional(),
  }),
} as const satisfies Kind

export type VirtualService = Resource<z.output<typeof VIRTUAL_SERVICE.schema>>
type Spec = VirtualService['value']['spec']
export type HttpRoute = NonNullable<Spec['http']>[number]
export type HttpMatch = NonNullable<HttpRoute['match']>[number]
export type TlsRoute = NonNullable<Spec['tls']>[number]
export type TcpRoute = NonNullable<Spec['tcp']>[number]
export type FieldOperations = z.output<typeof operations>
