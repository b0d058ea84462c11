// Building blocks of the schema: addresses, durations, sizes, names. Every one says what it takes in words that a user would use.
// Durations and sizes are text in documents, in docs and in the JSON Schema, and plain numbers for the rest of the program.
import { z } from 'zod'
import { isIp, parseAddress } from '../core/address.ts'

const DURATION = /^(?:0|(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+)$/
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
/** What setTimeout can wait; more would strike at once. */
const MAX_DURATION_MS = 2_147_483_647
const EXPECTED_DURATION = 'expected a duration such as "15s", "250ms" or "1m30s", at most "24d"'

const SIZE = /^(\d{1,15})(|B|KiB|MiB|GiB)$/
const UNIT_BYTES = { '': 1, B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const
const EXPECTED_SIZE = 'expected a size such as 65536 or "64KiB"'

const HOST_NAME = /^[A-Za-z0-9_]([-A-Za-z0-9_.]*[A-Za-z0-9_])?$/
const DIGITS_AND_DOTS = /^[\d.]+$/

/** Milliseconds of '1m30s', '250ms', '0'; undefined when it is not a duration. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined
  let total = 0
  for (const [, count, unit] of text.matchAll(DURATION_PART)) total += Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]
  return total <= MAX_DURATION_MS ? total : undefined
}

/** The shortest text that parseDuration reads back. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0'
  for (const unit of ['d', 'h', 'm', 's'] as const) if (ms % UNIT_MS[unit] === 0) return `${ms / UNIT_MS[unit]}${unit}`
  return `${ms}ms`
}

export function formatSize(bytes: number): string | number {
  for (const unit of ['GiB', 'MiB', 'KiB'] as const)
    if (bytes > 0 && bytes % UNIT_BYTES[unit] === 0) return `${bytes / UNIT_BYTES[unit]}${unit}`
  return bytes
}

const durationText = (least: number) => {
  const error = least === 0 ? EXPECTED_DURATION : `${EXPECTED_DURATION}, and more than 0`
  return z.codec(
    z.union(
      [
        z.string({ error }).refine((text) => (parseDuration(text) ?? -1) >= least, { error }),
        // only zero needs no unit
        ...(least === 0 ? [z.literal(0)] : []),
      ],
      { error },
    ),
    z.number(),
    { decode: (text) => parseDuration(String(text)) as number, encode: formatDuration },
  )
}

/** A duration such as '15s'; in the parsed form, milliseconds. 0 means "no limit" where the key says so. */
export const duration = (byDefault: string) => durationText(0).prefault(byDefault).meta({ title: 'duration' })

/** A duration that may be left out. */
export const optionalDuration = () => durationText(0).optional().meta({ title: 'duration' })

/** A duration that cannot be 0. */
export const positiveDuration = (byDefault: string) =>
  durationText(Number.MIN_VALUE).prefault(byDefault).meta({ title: 'duration' })

/** Bytes: a number, or text such as '64KiB'. */
export const size = (byDefault: string) => sizeText().prefault(byDefault).meta({ title: 'size' })

/** A size that may be left out. */
export const optionalSize = () => sizeText().optional().meta({ title: 'size' })

const sizeText = () =>
  z.codec(
    z.union(
      [
        z.number().int({ error: EXPECTED_SIZE }).nonnegative({ error: EXPECTED_SIZE }),
        z.string().regex(SIZE, { error: EXPECTED_SIZE }),
      ],
      { error: EXPECTED_SIZE },
    ),
    z.number(),
    {
      decode: (value) => bytesOf(value),
      encode: formatSize,
    },
  )

/** host:port, [ipv6]:port or unix:/path; kept as text, checked here. */
export const address = (example: string) =>
  z
    .string({ error: `expected an address such as "${example}"` })
    .refine(isAddress, { error: `expected an address such as "${example}"` })
    .meta({ title: 'address' })

export const ip = () =>
  z.string({ error: 'expected an IP address' }).refine(isIp, { error: 'expected an IP address' }).meta({ title: 'IP address' })

export const port = () => z.number({ error: 'expected a port, 1 to 65535' }).int().min(1).max(65535).meta({ title: 'port' })

const EXPECTED_NAME = 'expected a name of lower-case letters, digits, "-" and ".", at most 253'
const EXPECTED_LABEL = 'expected a name of lower-case letters, digits and "-", at most 63'

/** RFC 1123 subdomain, as Kubernetes names Pods and service accounts. */
export const name = () =>
  z
    .string({ error: EXPECTED_NAME })
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, { error: EXPECTED_NAME })
    .meta({ title: 'name' })

/** RFC 1123 label, as Kubernetes names services and namespaces: no dot, which would make `name.namespace` ambiguous. */
export const label = () =>
  z
    .string({ error: EXPECTED_LABEL })
    .max(63)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, { error: EXPECTED_LABEL })
    .meta({ title: 'name' })

export const labels = () =>
  z.record(z.string(), z.string({ error: 'expected text; quote numbers and booleans' })).meta({ title: 'labels' })

function bytesOf(value: string | number): number {
  if (typeof value === 'number') return value
  const [, count, unit] = SIZE.exec(value) as RegExpExecArray
  return Number(count) * UNIT_BYTES[unit as keyof typeof UNIT_BYTES]
}

function isAddress(text: string): boolean {
  const parsed = parseAddress(text)
  if (parsed === undefined) return false
  if (parsed.kind === 'unix') return !parsed.path.includes('\0')
  return isIp(parsed.host) || (HOST_NAME.test(parsed.host) && !DIGITS_AND_DOTS.test(parsed.host))
}
