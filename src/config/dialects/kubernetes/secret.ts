// Kubernetes' v1 Secret: only what others refer to is read, and no message ever quotes what is in it.
import { z } from 'zod'
import type { Kind } from '../resource.ts'
import { metadata } from '../resource.ts'

/** What stands there is kept apart from anything that is printed: a Map is neither text nor plain data. */
const secretData = z.unknown().transform((data) => decoded(data, (text) => Buffer.from(text, 'base64').toString('utf8')))
const secretText = z.unknown().transform((data) => decoded(data, (text) => text))

export const SECRET = {
  name: 'Secret',
  namespaced: true,
  schema: z
    .object({ metadata, type: z.string().nullish(), data: secretData.optional(), stringData: secretText.optional() })
    .transform(({ metadata: named, data, stringData }) => ({
      metadata: named,
      data: new Map([...(data ?? []), ...(stringData ?? [])]),
    })),
} as const satisfies Kind

function decoded(data: unknown, decode: (text: string) => string): ReadonlyMap<string, string> {
  if (typeof data !== 'object' || data === null) return new Map()
  return new Map(
    Object.entries(data).flatMap(([key, value]) => (typeof value === 'string' ? [[key, decode(value)] as const] : [])),
  )
}
