// What a route asks of a request besides host and path: method, header fields, query parameters.
// hot path: bench/micro/routing/table.ts
import type { RequestHead } from '../codec/message.ts'
import { queryValue } from './query.ts'
import type { TextTest } from './text-test.ts'

/** Reads one text of a request. Made once for each name, so that two of them are compared by identity. */
export interface Reader {
  readonly name: string
  read(head: RequestHead, query: string): string | undefined
}

export interface Condition {
  readonly reader: Reader
  readonly test: TextTest
  /** It must not hold. */
  readonly negated: boolean
}

export function holdAll(conditions: readonly Condition[], head: RequestHead, query: string): boolean {
  for (let i = 0; i < conditions.length; i++) {
    const { reader, test, negated } = conditions[i] as Condition
    if (test.holds(reader.read(head, query)) === negated) return false
  }
  return true
}

/**
 * A header field by its name in lower case. Repeated fields are one list (RFC 9110 §5.3), joined by ',', cookies by '; '. Host is the
 * authority, Upgrade the token that the codec has taken out of the fields.
 */
export function fieldReader(lower: string): Reader {
  if (lower === 'host') return { name: lower, read: (head) => head.authority }
  if (lower === 'upgrade') return { name: lower, read: (head) => (head.upgrade === '' ? undefined : head.upgrade) }
  if (lower === 'te') return { name: lower, read: (head) => (head.acceptsTrailers ? 'trailers' : undefined) }
  const separator = lower === 'cookie' ? '; ' : ','
  return { name: lower, read: (head) => joined(head.fields.list, lower, separator) }
}

export function queryReader(name: string): Reader {
  return { name: `?${name}`, read: (_, query) => queryValue(query, name) }
}

export const methodReader: Reader = { name: '', read: (head) => head.method }
export const schemeReader: Reader = { name: ':scheme', read: (head) => head.scheme }
export const portReader: Reader = { name: ':port', read: portOf }

/** The port that a request names, or else the usual one of its scheme. */
function portOf({ authority, scheme }: RequestHead): string {
  const colon = authority.lastIndexOf(':')
  if (colon > authority.lastIndexOf(']')) return authority.slice(colon + 1)
  return scheme === 'https' ? '443' : '80'
}

function joined(list: readonly string[], lower: string, separator: string): string | undefined {
  let value: string | undefined
  for (let i = 0; i < list.length; i += 3) {
    if (list[i] !== lower) continue
    const next = list[i + 2] as string
    value = value === undefined ? next : value + separator + next
  }
  return value
}
