// Pieces that Istio's networking resources are made of.
import { z } from 'zod'
import { parseDuration, port } from '../../../types.ts'
import { regex } from '../../regex.ts'
import { metadata } from '../../resource.ts'

export const datedMetadata = metadata.extend({ creationTimestamp: z.string().nullish() })

const HOST = /^(?:\*|(?:\*\.)?[a-z0-9_](?:[-a-z0-9_]*[a-z0-9_])?(?:\.[a-z0-9_](?:[-a-z0-9_]*[a-z0-9_])?)*)$/i

/** No port, no dot at the end, no brackets: another spelling of a host would be taken for another host. */
export const hostPattern = z
  .string()
  .regex(HOST, { error: 'expected a host such as "web", "web.shop.svc.cluster.local" or "*.example.com", without a port' })

const EXPECTED_DURATION = 'expected a duration such as "5s", "250ms" or "1h"'

/** Text, as the native form takes it. */
export const duration = z
  .string({ error: EXPECTED_DURATION })
  .refine((text) => parseDuration(text) !== undefined, { error: EXPECTED_DURATION })

/** One of the three, or nothing, which asks whether there is something at all. */
export const stringMatch = z
  .strictObject({ exact: z.string().optional(), prefix: z.string().optional(), regex: regex().optional() })
  .refine((value) => Object.values(value).filter((one) => one !== undefined).length <= 1, {
    error: 'expected one of exact, prefix, regex',
  })

export type StringMatch = z.output<typeof stringMatch>

export const percent = z.strictObject({ value: z.number().min(0).max(100).default(0) })
export const portSelector = z.strictObject({ number: port() })

export const destination = z.strictObject({
  host: hostPattern,
  subset: z.string().min(1).nullish(),
  port: portSelector.nullish(),
})

export type Destination = z.output<typeof destination>

export const weighted = z.number().int().min(0).max(1_000_000).nullish()
export const exportTo = z.array(z.string().min(1)).nullish()
export const namedLabels = z.record(z.string(), z.string()).nullish()

/** Without what is null or missing. */
export function said<T extends object>(value: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null && one !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }
}
