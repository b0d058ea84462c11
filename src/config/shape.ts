// Looks into the schema: which keys a value may have, and which branch of a union a value was probably meant for.
import type { z } from 'zod'
import { nearest } from './nearest.ts'
import type { Path } from './problem.ts'

type Schema = z.core.$ZodType

/** The schema behind defaults, optionals and conversions, as documents are written. */
export function bare(schema: Schema): Schema {
  const def = (schema as z.core.$ZodTypes)._zod.def
  switch (def.type) {
    case 'optional':
    case 'default':
    case 'prefault':
    case 'nullable':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return bare(def.innerType)
    case 'pipe':
      return bare(def.in)
    case 'lazy':
      return bare(def.getter())
    default:
      return schema
  }
}

/** Keys of an object, or of all branches of a union; empty for anything else. */
export function keysOf(schema: Schema): string[] {
  const def = (bare(schema) as z.core.$ZodTypes)._zod.def
  if (def.type === 'object') return Object.keys(def.shape)
  if (def.type === 'union') return [...new Set(def.options.flatMap((option) => keysOf(option)))]
  return []
}

/** What tells `options` of a union apart: the keys that one of them needs and no other has; where that is no choice, all keys. */
export function tellingKeys(options: readonly Schema[]): string[] {
  const keys = options.map((option) => keysOf(option))
  const telling = options.flatMap((option, index) =>
    neededKeys(option).filter((key) => !keys.some((other, at) => at !== index && other.includes(key))),
  )
  return telling.length > 1 ? telling : [...new Set(keys.flat())]
}

function neededKeys(option: Schema): string[] {
  const def = (bare(option) as z.core.$ZodTypes)._zod.def
  if (def.type !== 'object') return []
  return Object.keys(def.shape).filter((key) => def.shape[key]?._zod.optin === undefined)
}

/** The schema of what stands at `path` within `value`; undefined where there is none. */
export function schemaAt(schema: Schema, path: Path, value: unknown): Schema | undefined {
  let current: Schema | undefined = bare(schema)
  let inner = value
  for (const key of path) {
    current = childOf(current, key, inner)
    if (current === undefined) return undefined
    inner = (inner as Record<string | number, unknown> | null | undefined)?.[key]
  }
  return current
}

/** Index of the branch that `value` comes closest to, by its kind and keys; -1 when no branch stands out. */
export function closestBranch(options: readonly Schema[], value: unknown): number {
  const scores = options.map((option) => closeness(bare(option), value))
  const best = Math.max(...scores)
  return best > 0 && scores.filter((score) => score === best).length === 1 ? scores.indexOf(best) : -1
}

function childOf(schema: Schema, key: string | number, value: unknown): Schema | undefined {
  const def = (schema as z.core.$ZodTypes)._zod.def
  switch (def.type) {
    case 'object': {
      const child = def.shape[key]
      return child === undefined ? undefined : bare(child)
    }
    case 'array':
      return bare(def.element)
    case 'record':
      return bare(def.valueType)
    case 'union': {
      const option = def.options[closestBranch(def.options, value)]
      return option === undefined ? undefined : childOf(bare(option), key, value)
    }
    default:
      return undefined
  }
}

function closeness(schema: Schema, value: unknown): number {
  const { type } = (schema as z.core.$ZodTypes)._zod.def
  if (type !== kindOf(value)) return 0
  if (type !== 'object') return 1
  const keys = keysOf(schema)
  let score = 0
  for (const key of Object.keys(value as object)) {
    if (keys.includes(key)) score += 2
    else if (nearest(key, keys) !== undefined) score += 1
  }
  return score
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value
}
