// What several kinds of Gateway API have in common: names, hostnames, durations, references. As strict as its definitions, so that what
// the Kubernetes API would refuse is refused here as well.
import { z } from 'zod'
import { parseDuration } from '../../types.ts'
import { metadata } from '../resource.ts'

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const GATEWAY_DURATION = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/
const EXPECTED_DURATION = 'expected a duration such as "10s", "500ms" or "1h30m"'

/** Null means the same as not there, as everywhere in Kubernetes. */
export const opt = <S extends z.ZodType>(schema: S) => schema.nullish().transform((value) => value ?? undefined)

export const text = (expected: string, pattern: RegExp, max = 253) =>
  z.string({ error: expected }).min(1, { error: expected }).max(max, { error: expected }).regex(pattern, { error: expected })

/** Kubernetes takes up to 253 characters of a subdomain for the name of most things. */
export const objectName = () => z.string().min(1).max(253)
export const namespaceName = () => text('expected the name of a namespace', /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 63)
export const sectionName = () => text('expected a name of lower-case letters, digits, "-" and "."', SUBDOMAIN)
export const groupName = () => z.string().max(253)
export const kindName = () => text('expected the name of a kind', /^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/, 63)
export const portNumber = () => z.number({ error: 'expected a port, 1 to 65535' }).int().min(1).max(65535)

const EXPECTED_HOSTNAME = 'expected a host name such as "shop.example.com" or "*.example.com", in lower case and without a port'

/** An exact name or `*.suffix`; an address is neither. */
export const hostname = () =>
  text(EXPECTED_HOSTNAME, new RegExp(`^(\\*\\.)?${SUBDOMAIN.source.slice(1)}`)).refine((host) => !IPV4.test(host), {
    error: EXPECTED_HOSTNAME,
  })

export const preciseHostname = () => text('expected a host name without a wildcard', SUBDOMAIN)

/** Milliseconds; 0 means: none. */
export const duration = () =>
  z
    .string({ error: EXPECTED_DURATION })
    .regex(GATEWAY_DURATION, { error: EXPECTED_DURATION })
    .transform((value, context) => {
      const ms = parseDuration(value)
      if (ms === undefined) context.addIssue({ code: 'custom', message: EXPECTED_DURATION })
      return ms ?? 0
    })

/** For routes of the same rank the older one wins. */
export const datedMetadata = metadata.extend({ creationTimestamp: z.string().nullish() })

/** What controllers write is none of our business. */
export const status = z.unknown().optional()

export const parentRef = z.strictObject({
  group: opt(groupName()),
  kind: opt(kindName()),
  namespace: opt(namespaceName()),
  name: objectName(),
  sectionName: opt(sectionName()),
  port: opt(portNumber()),
})

export const defaultScope = opt(z.enum(['All', 'None']))

export const commonRouteSpec = {
  parentRefs: opt(z.array(parentRef).max(32)),
  useDefaultGateways: defaultScope,
}

export const objectRef = {
  group: opt(groupName()),
  kind: opt(kindName()),
  name: objectName(),
  namespace: opt(namespaceName()),
  port: opt(portNumber()),
}

export const weight = opt(z.number().int().min(0).max(1_000_000))

/** Of TCPRoute and TLSRoute. */
export const plainBackendRef = z.strictObject({ ...objectRef, weight })

export const labelSelector = z.strictObject({
  matchLabels: opt(z.record(z.string(), z.string())),
  matchExpressions: opt(
    z.array(
      z.strictObject({
        key: z.string(),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: opt(z.array(z.string())),
      }),
    ),
  ),
})

const cookieName = () => text('expected the name of a cookie', /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/)
export const headerName = () => text('expected the name of a header field', /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, 256)

export const sessionPersistence = z
  .strictObject({
    absoluteTimeout: opt(duration()),
    type: opt(z.enum(['Cookie', 'Header'])),
    cookie: opt(
      z.strictObject({
        name: opt(cookieName()),
        path: opt(z.string().max(1024)),
        lifetimeType: opt(z.enum(['Session', 'Permanent'])),
      }),
    ),
    header: opt(z.strictObject({ name: headerName() })),
  })
  .superRefine((value, context) => {
    const header = value.type === 'Header'
    const wrong = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (header && value.header === undefined) wrong('header', 'type Header needs it')
    if (header && value.cookie !== undefined) wrong('cookie', 'only for type Cookie')
    if (!header && value.header !== undefined) wrong('header', 'only for type Header')
    if (value.cookie?.lifetimeType === 'Permanent' && value.absoluteTimeout === undefined)
      wrong('absoluteTimeout', 'a permanent cookie needs it')
  })

export type ParentRef = z.output<typeof parentRef>
export type LabelSelector = z.output<typeof labelSelector>
