// What a request is placed by, with ring_hash and maglev: a header field, a cookie, the caller's address or a query parameter.
// hot path: bench/micro/upstream/balance.ts
import type { RequestHead } from '../../codec/message.ts'
import type { ServiceConfig } from '../../config/schema/services.ts'
import { type Hash, xxHash64 } from './xxhash.ts'

type HashConfig = NonNullable<ServiceConfig['hash']>

export interface RequestHash {
  /** undefined: there is nothing to place it by. `head`: undefined for bytes. */
  of(head: RequestHead | undefined, remoteIp: string): Hash | undefined
  /** The field that gives a caller a cookie of this value; null: callers without one are placed by chance. */
  readonly newCookie: ((value: string) => string) | null
}

export function compileHash(config: HashConfig): RequestHash {
  if ('source' in config) return { of: (_, remoteIp) => (remoteIp === '' ? undefined : hashOf(remoteIp)), newCookie: null }
  if ('header' in config) {
    const lower = config.header.toLowerCase()
    if (lower === 'host' || lower === ':authority') return { of: (head) => hashIfThere(head?.authority), newCookie: null }
    return { of: (head) => hashIfThere(head?.fields.get(lower)), newCookie: null }
  }
  if ('query' in config) {
    const { query } = config
    return { of: (head) => hashIfThere(head === undefined ? undefined : queryValue(head.path, query)), newCookie: null }
  }
  const { name, path, ttl } = config.cookie
  return {
    of: (head) => hashIfThere(head === undefined ? undefined : cookieValue(head.fields.all('cookie'), name)),
    newCookie: ttl === undefined ? null : (value) => setCookie(name, value, { path, ttl }),
  }
}

export function hashOf(text: string): Hash {
  return xxHash64(Buffer.from(text))
}

function hashIfThere(text: string | undefined): Hash | undefined {
  return text === undefined ? undefined : hashOf(text)
}

function setCookie(name: string, value: string, { path, ttl }: { path: string | undefined; ttl: number }): string {
  const age = ttl === 0 ? '' : `; Max-Age=${Math.max(1, Math.round(ttl / 1000))}`
  return `${name}=${value}${age}${path === undefined ? '' : `; Path=${path}`}; HttpOnly`
}

function cookieValue(lines: readonly string[], name: string): string | undefined {
  for (const line of lines) {
    for (const pair of line.split(';')) {
      const equals = pair.indexOf('=')
      if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
    }
  }
  return undefined
}

function queryValue(path: string, name: string): string | undefined {
  const mark = path.indexOf('?')
  return mark < 0 ? undefined : (new URLSearchParams(path.slice(mark + 1)).get(name) ?? undefined)
}
