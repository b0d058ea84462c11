// Addresses in one canonical form, and ranges of them. The one door to ipaddr.js.
import ipaddr from 'ipaddr.js'

export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

const UNIX = 'unix:'

/** 'host:port', '[ipv6]:port', ':port' (all interfaces) or 'unix:/path'; undefined when it is none of them. */
export function parseAddress(text: string): Address | undefined {
  if (text.startsWith(UNIX)) return text.length > UNIX.length ? { kind: 'unix', path: text.slice(UNIX.length) } : undefined
  const split = splitHostPort(text)
  if (split === undefined || split.port === undefined) return undefined
  return { kind: 'tcp', host: split.host === '' ? '::' : split.host, port: split.port }
}

/** For addresses that the configuration has checked already. Throws on anything else. */
export function mustParseAddress(text: string): Address {
  const address = parseAddress(text)
  if (address === undefined) throw new TypeError(`not an address: ${text}`)
  return address
}

export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return UNIX + address.path
  return formatHostPort(address.host, address.port)
}

export function formatHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** 'host', 'host:port', '[ipv6]', '[ipv6]:port'. The host loses its brackets. undefined when malformed. */
export function splitHostPort(text: string): { host: string; port: number | undefined } | undefined {
  let host = text
  let rest = ''
  if (text.startsWith('[')) {
    const close = text.indexOf(']')
    if (close < 0) return undefined
    host = text.slice(1, close)
    rest = text.slice(close + 1)
    if (!ipaddr.IPv6.isValid(host)) return undefined
  } else {
    const colon = text.indexOf(':')
    if (colon >= 0) {
      host = text.slice(0, colon)
      rest = text.slice(colon)
    }
  }
  if (rest === '') return { host, port: undefined }
  if (!/^:\d{1,5}$/.test(rest)) return undefined
  const port = Number(rest.slice(1))
  return port <= 65535 ? { host, port } : undefined
}

export function isIp(host: string): boolean {
  return ipaddr.isValid(host) && (host.includes(':') || ipaddr.IPv4.isValidFourPartDecimal(host))
}

/** One spelling for one address: IPv4-mapped IPv6 becomes IPv4, IPv6 its shortest form. Anything else stays as it is. */
export function canonicalIp(text: string): string {
  if (!text.includes(':')) return text
  try {
    return ipaddr.process(text).toString()
  } catch {
    return text
  }
}

/** The address that a resolver reads in a text, however it is spelt: 127.1 is 127.0.0.1. undefined: none. */
export function readIp(text: string): string | undefined {
  return ipaddr.isValid(text) ? canonicalIp(ipaddr.process(text).toString()) : undefined
}

/** The 4 or 16 bytes of an address; undefined when it is none. A zone ('%eth0') is left out. */
export function ipToBytes(ip: string): number[] | undefined {
  return isIp(ip) ? ipaddr.parse(ip).toByteArray() : undefined
}

/** The canonical text of 4 or 16 bytes. */
export function ipFromBytes(bytes: Uint8Array): string {
  return canonicalIp(ipaddr.fromByteArray([...bytes]).toString())
}

/** A block of addresses, '10.0.0.0/8' or a single address. */
export interface Cidr {
  readonly text: string
  contains(ip: string): boolean
}

/** '10.0.0.0/8', '2001:db8::/32' or a single address, spelt out. */
export function isBlock(text: string): boolean {
  const slash = text.indexOf('/')
  const base = slash < 0 ? text : text.slice(0, slash)
  if (!isIp(base) || base.includes('%')) return false
  const bits = text.slice(slash + 1)
  return slash < 0 || (/^\d{1,3}$/.test(bits) && Number(bits) <= (base.includes(':') ? 128 : 32))
}

/** undefined when it is not a block. */
export function parseCidr(text: string): Cidr | undefined {
  let range: [ipaddr.IPv4 | ipaddr.IPv6, number]
  try {
    if (text.includes('/')) range = ipaddr.parseCIDR(text)
    else {
      const single = ipaddr.process(text)
      range = [single, single.kind() === 'ipv4' ? 32 : 128]
    }
  } catch {
    return undefined
  }
  const [base, bits] = range
  return {
    text,
    contains(ip) {
      let parsed: ipaddr.IPv4 | ipaddr.IPv6
      try {
        parsed = ipaddr.process(ip)
      } catch {
        return false
      }
      return parsed.kind() === base.kind() && parsed.match(base, bits)
    },
  }
}
