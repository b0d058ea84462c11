// Keeps browsers out: a page from elsewhere that makes its reader's browser call this address gets nothing.
import type { IncomingHttpHeaders } from 'node:http'
import { type Address, type Cidr, isIp, parseCidr, splitHostPort } from '../core/address.ts'

const LOOPBACK = [parseCidr('127.0.0.0/8'), parseCidr('::1')] as readonly Cidr[]
const WILDCARDS = new Set(['0.0.0.0', '::'])

/** Why a request must not be answered, or undefined. */
export function refusal(method: string, headers: IncomingHttpHeaders, listen: Address): string | undefined {
  // a name that resolves to loopback only now (DNS rebinding) would make us same-origin with that page
  if (headers.host !== undefined && !hostAllowed(headers.host, listen)) return 'the Host header must name this address'
  if (method === 'GET' || method === 'HEAD') return undefined
  if (headers.origin !== undefined) return 'requests from web pages change nothing here'
  const site = headers['sec-fetch-site']
  return site === undefined || site === 'none' ? undefined : 'requests from web pages change nothing here'
}

function hostAllowed(authority: string, listen: Address): boolean {
  if (listen.kind === 'unix') return true
  const host = splitHostPort(authority)?.host.toLowerCase()
  if (host === undefined) return false
  if (host === 'localhost' || host === listen.host.toLowerCase()) return true
  if (!isIp(host)) return false
  return WILDCARDS.has(listen.host) || LOOPBACK.some((block) => block.contains(host))
}
