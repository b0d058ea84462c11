// What a method, a target, an authority and trailers may be, whatever the codec: HTTP/1 and HTTP/2 let the same messages through.
import { splitHostPort } from '../core/address.ts'
import type { Fields } from '../core/fields.ts'

export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/**
 * RFC 3986 §3.3, §3.4. Of what does not stand there, `<>\^`{|}` is let through: some clients send it raw. A quote is not, and no
 * fragment, whose bytes one reader counts to the path and another does not.
 */
export const FORBIDDEN_IN_TARGET = /[^\x21\x24-\x7e]|%00/
export const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]*)(?::\d{0,5})?$/
/** Most there are; a port of five digits has to be looked at. */
const PLAIN_HOST = /^[a-z0-9.-]+(?::\d{1,4})?$/i

/** Host and optional port, without user information; may be empty. */
export function isAuthority(text: string): boolean {
  if (PLAIN_HOST.test(text)) return true
  return HOST.test(text) && splitHostPort(text.endsWith(':') ? text.slice(0, -1) : text) !== undefined
}

/** Trailers that would change how the head was understood, or who it says is asking (RFC 9110 §6.5.1). */
const FORBIDDEN_TRAILERS = [
  'content-length',
  'host',
  'expect',
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-client-cert',
  'x-real-ip',
  'x-request-id',
  'content-encoding',
  'content-type',
  'content-range',
  'trailer',
  'range',
  'max-forwards',
  'cache-control',
  'te',
]

export function dropForbiddenTrailers(fields: Fields): void {
  for (const name of FORBIDDEN_TRAILERS) fields.remove(name)
}
