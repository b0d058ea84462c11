// Building blocks of the schema: addresses, durations, sizes, names. Every one says what it takes in words that a user would use.
import { z } from 'zod'
import { parseAddress } from '../core/address.ts'

const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/y
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const UNIT_BYTES: Record<string, number> = { '': 1, B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

/** Milliseconds of '1m30s', '250ms', '0'; undefined when it is not a duration. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  let total = 0
  DURATION_PART.lastIndex = 0
  while (DURATION_PART.lastIndex < text.length) {
    const match = DURATION_PART.exec(text)
    if (match === null) return undefined
    total += Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]
  }
  return text === '' ? undefined : total
}

/** A duration such as '15s'; in the parsed form, milliseconds. 0 means "no limit" where the key says so. */
export const duration = () =>
  z
    .string({ error: 'expected a duration such as "15s", "250ms" or "1m30s"' })
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== undefined) return ms
      context.issues.push({ code: 'custom', input: text, message: 'expected a duration such as "15s", "250ms" or "1m30s"' })
      return z.NEVER
    })
    .meta({ format: 'duration' })

/** Bytes: a number, or text such as '64KiB'. */
export const size = () =>
  z
    .union([z.number().int().nonnegative(), z.string()], { error: 'expected a size such as 65536 or "64KiB"' })
    .transform((value, context) => {
      if (typeof value === 'number') return value
      const match = /^(\d+)(|B|KiB|MiB|GiB)$/.exec(value)
      if (match) return Number(match[1]) * (UNIT_BYTES[match[2] as string] as number)
      context.issues.push({ code: 'custom', input: value, message: 'expected a size such as 65536 or "64KiB"' })
      return z.NEVER
    })
    .meta({ format: 'size' })

/** host:port, [ipv6]:port or unix:/path; kept as text, checked here. */
export const address = (example: string) =>
  z
    .string({ error: `expected an address such as "${example}"` })
    .refine((text) => parseAddress(text) !== undefined, { error: `expected an address such as "${example}"` })
    .meta({ format: 'address' })

export const port = () => z.number({ error: 'expected a port, 1 to 65535' }).int().min(1).max(65535)

/** RFC 1123 label, as Kubernetes names things. */
export const name = () =>
  z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, { error: 'expected a name of lower-case letters, digits, "-" and "."' })

export const labels = () => z.record(z.string(), z.string())
