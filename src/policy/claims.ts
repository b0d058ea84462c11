// Claims of a verified token as policies ask for them.
import type { PolicyInput } from './input.ts'

const CLAIMS = /^request\.auth\.claims((?:\[[^\]]+\])+)$/
const NAMED: Readonly<Record<string, readonly string[]>> = {
  'request.auth.audiences': ['aud'],
  'request.auth.presenter': ['azp'],
}
/** Lists in one text, separated by spaces (RFC 8693 §4.2). */
const SPACED: ReadonlySet<string> = new Set(['scope', 'permission'])

/** The way to a claim, through mappings within mappings; undefined: the key is about something else. */
export function claimKey(key: string): readonly string[] | undefined {
  if (Object.hasOwn(NAMED, key)) return NAMED[key]
  const brackets = CLAIMS.exec(key)?.[1]
  return brackets?.slice(1, -1).split('][')
}

/** The claim's values: a text, or each of a list. */
export function claimValues({ claims }: PolicyInput, path: readonly string[]): readonly string[] {
  let value: unknown = claims
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return []
    value = (value as Record<string, unknown>)[name]
  }
  if (typeof value === 'string' && path.length === 1 && SPACED.has(path[0] as string)) return value.split(' ')
  const list: unknown[] = Array.isArray(value) ? value : [value]
  return list.flatMap((one) =>
    typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean' ? [String(one)] : [],
  )
}
