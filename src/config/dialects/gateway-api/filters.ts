// Filters of HTTPRoute and GRPCRoute, as documents write them.
import { z } from 'zod'
import { duration, headerName, objectRef, opt, portNumber, preciseHostname, text } from './fields.ts'

const FIELD_VALUE = /^[!-~]+([\t ]?[!-~]+)*$/
const EXPECTED_VALUE = 'expected the value of a header field: visible characters, single spaces between them'
const ORIGIN = /^(\*|[a-zA-Z][a-zA-Z0-9+\-.]*:\/\/(\*|(\*\.)?[^/*\s:]+|\[[0-9a-fA-F:.]+\])(:(\d{1,5}|\*))?)$/
const EXPECTED_ORIGIN = 'expected an origin such as "https://shop.example.com", "https://*.example.com" or "*"'
const FORBIDDEN_REPEATS = ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite', 'CORS']

const header = z.strictObject({
  name: headerName(),
  value: text(EXPECTED_VALUE, FIELD_VALUE, 4096),
})

const headerModifier = z.strictObject({
  set: opt(z.array(header).max(16)),
  add: opt(z.array(header).max(16)),
  remove: opt(z.array(z.string()).max(16)),
})

const pathModifier = z
  .strictObject({
    type: z.enum(['ReplaceFullPath', 'ReplacePrefixMatch']),
    replaceFullPath: opt(z.string().max(1024)),
    replacePrefixMatch: opt(z.string().max(1024)),
  })
  .superRefine((value, context) => {
    const own = value.type === 'ReplaceFullPath' ? 'replaceFullPath' : 'replacePrefixMatch'
    const other = own === 'replaceFullPath' ? 'replacePrefixMatch' : 'replaceFullPath'
    if (value[own] === undefined) context.addIssue({ code: 'custom', path: [own], message: `type ${value.type} needs it` })
    if (value[other] !== undefined) context.addIssue({ code: 'custom', path: [other], message: `not for type ${value.type}` })
  })

const redirect = z.strictObject({
  scheme: opt(z.enum(['http', 'https'])),
  hostname: opt(preciseHostname()),
  path: opt(pathModifier),
  port: opt(portNumber()),
  statusCode: opt(
    z.union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)], {
      error: 'expected one of 301, 302, 303, 307, 308',
    }),
  ),
})

const rewrite = z.strictObject({ hostname: opt(preciseHostname()), path: opt(pathModifier) })

const mirror = z
  .strictObject({
    backendRef: z.strictObject(objectRef),
    percent: opt(z.number().int().min(0).max(100)),
    fraction: opt(z.strictObject({ numerator: z.number().int().min(0), denominator: opt(z.number().int().min(1)) })),
  })
  .superRefine(({ percent, fraction }, context) => {
    if (percent !== undefined && fraction !== undefined)
      context.addIssue({ code: 'custom', path: ['fraction'], message: 'only one of percent and fraction can be said' })
    if (fraction !== undefined && fraction.numerator > (fraction.denominator ?? 100))
      context.addIssue({ code: 'custom', path: ['fraction', 'numerator'], message: 'more than the denominator' })
  })

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const
export const method = () => z.enum(METHODS)

const cors = z
  .strictObject({
    allowOrigins: opt(z.array(text(EXPECTED_ORIGIN, ORIGIN)).max(64)),
    allowCredentials: opt(z.boolean()),
    allowMethods: opt(z.array(z.enum([...METHODS, '*'])).max(9)),
    allowHeaders: opt(z.array(headerName()).max(64)),
    exposeHeaders: opt(z.array(headerName()).max(64)),
    maxAge: opt(z.number().int().min(1)),
  })
  .superRefine((value, context) => {
    for (const key of ['allowOrigins', 'allowMethods', 'allowHeaders', 'exposeHeaders'] as const) {
      const list: readonly string[] = value[key] ?? []
      if (list.length > 1 && list.includes('*'))
        context.addIssue({ code: 'custom', path: [key], message: '"*" stands for all, so nothing can stand beside it' })
    }
  })

const extensionRef = z.strictObject({ group: z.string(), kind: z.string(), name: z.string() })

const externalAuth = z.strictObject({
  protocol: z.enum(['GRPC', 'HTTP']),
  backendRef: z.strictObject(objectRef),
  grpc: opt(z.strictObject({ allowedHeaders: opt(z.array(z.string())) })),
  http: opt(
    z.strictObject({
      path: opt(z.string()),
      allowedHeaders: opt(z.array(z.string())),
      allowedResponseHeaders: opt(z.array(z.string())),
    }),
  ),
  forwardBody: opt(z.strictObject({ maxSize: opt(z.number().int().min(1)) })),
})

const httpFilterShape = z.strictObject({
  type: z.enum([
    'RequestHeaderModifier',
    'ResponseHeaderModifier',
    'RequestMirror',
    'RequestRedirect',
    'URLRewrite',
    'CORS',
    'ExternalAuth',
    'ExtensionRef',
  ]),
  requestHeaderModifier: opt(headerModifier),
  responseHeaderModifier: opt(headerModifier),
  requestMirror: opt(mirror),
  requestRedirect: opt(redirect),
  urlRewrite: opt(rewrite),
  cors: opt(cors),
  externalAuth: opt(externalAuth),
  extensionRef: opt(extensionRef),
})

const grpcFilterShape = z.strictObject({
  type: z.enum(['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror', 'ExtensionRef']),
  requestHeaderModifier: opt(headerModifier),
  responseHeaderModifier: opt(headerModifier),
  requestMirror: opt(mirror),
  extensionRef: opt(extensionRef),
})

const VALUE_KEY = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  CORS: 'cors',
  ExternalAuth: 'externalAuth',
  ExtensionRef: 'extensionRef',
} as const

/** A filter says its type, and under the key of that type what it does; nothing under another. */
function agrees(filter: { readonly type: keyof typeof VALUE_KEY }, context: z.core.$RefinementCtx): void {
  const own = VALUE_KEY[filter.type]
  const said = filter as Readonly<Record<string, unknown>>
  if (said[own] === undefined) context.addIssue({ code: 'custom', path: [own], message: `type ${filter.type} needs it` })
  for (const key of Object.values(VALUE_KEY)) {
    if (key !== own && said[key] !== undefined)
      context.addIssue({ code: 'custom', path: [key], message: `not for a filter of type ${filter.type}` })
  }
}

function onceEach(filters: readonly { readonly type: string }[], context: z.core.$RefinementCtx): void {
  const seen = new Set<string>()
  for (const [index, { type }] of filters.entries()) {
    if (seen.has(type) && FORBIDDEN_REPEATS.includes(type))
      context.addIssue({ code: 'custom', path: [index, 'type'], message: `a second filter of type ${type}` })
    seen.add(type)
  }
  if (seen.has('RequestRedirect') && seen.has('URLRewrite'))
    context.addIssue({ code: 'custom', path: [], message: 'RequestRedirect and URLRewrite exclude each other' })
}

export const httpFilters = z.array(httpFilterShape.superRefine(agrees)).max(16).superRefine(onceEach)
export const grpcFilters = z.array(grpcFilterShape.superRefine(agrees)).max(16).superRefine(onceEach)

export const timeouts = z.strictObject({ request: opt(duration()), backendRequest: opt(duration()) })

export const retry = z.strictObject({
  codes: opt(z.array(z.number().int().min(400).max(599))),
  attempts: opt(z.number().int().min(1)),
  backoff: opt(duration()),
})

export type HttpFilter = z.output<typeof httpFilterShape>
export type HeaderModifier = z.output<typeof headerModifier>
export type PathModifier = z.output<typeof pathModifier>
export type Mirror = z.output<typeof mirror>
