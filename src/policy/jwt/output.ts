// A claim as a header field can carry it.
import type { Claims } from '../input.ts'

const VISIBLE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/** Texts, numbers and booleans as they are, anything else in base64url of JSON; undefined: there is nothing that may stand in a field. */
export function claimText(claims: Claims, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : within(claims, name.split('.'))
  if (value === undefined || value === null) return undefined
  if (typeof value === 'object') return Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return VISIBLE.test(text) ? text : undefined
}

function within(claims: Claims, path: readonly string[]): unknown {
  let value: unknown = claims
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}
