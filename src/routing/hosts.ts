// Hosts as keys: exact names and `*.suffix`, with or without a port, found by what a request names in Host or :authority.
// hot path: bench/micro/routing/table.ts

export type Scheme = 'http' | 'https'

const DEFAULT_PORT = { http: '80', https: '443' } as const
const MIN_CACHED = 1024
const HOST_PATTERN = /^(\*|(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*|\[[0-9a-f:.]+\])$/

interface HostPort {
  /** Lower case, without a trailing dot. */
  readonly host: string
  /** '' when none is named. */
  readonly port: string
}

/** 'Catalog.Shop.:80' → 'catalog.shop' and '80'. */
export function splitAuthority(authority: string): HostPort {
  const lower = authority.toLowerCase()
  const colon = lower.lastIndexOf(':')
  const hasPort = colon > lower.lastIndexOf(']')
  const host = hasPort ? lower.slice(0, colon) : lower
  const port = hasPort ? lower.slice(colon + 1) : ''
  return { host: host.endsWith('.') ? host.slice(0, -1) : host, port }
}

/** Whether it may stand where a host is expected: a name, `*.suffix`, `*` or an address, each with an optional port. */
export function isHostPattern(text: string): boolean {
  const { host, port } = splitAuthority(text)
  if (text.startsWith('*.') && host === '*') return false
  return HOST_PATTERN.test(host) && (port === '' ? !text.endsWith(':') : /^\d{1,5}$/.test(port) && Number(port) <= 65535)
}

/**
 * What was found for an authority, kept under the authority as it was written: the usual request costs one lookup in a Map, without
 * changing case or cutting off the port. Bounded, because callers choose authorities.
 */
export class AuthorityCache<V> {
  readonly #plain = new Map<string, V>()
  readonly #secure = new Map<string, V>()
  readonly #make: (authority: string, scheme: Scheme) => V
  readonly #size: number

  /** `known`: how many different ones are to be expected from honest callers. */
  constructor(known: number, make: (authority: string, scheme: Scheme) => V) {
    this.#make = make
    this.#size = Math.max(MIN_CACHED, 2 * known)
  }

  get(authority: string, scheme: Scheme): V {
    const known = scheme === 'https' ? this.#secure : this.#plain
    const found = known.get(authority)
    if (found !== undefined) return found
    const made = this.#make(authority, scheme)
    if (known.size >= this.#size) known.clear()
    // a copy of its own: a slice would keep the whole head that it was cut from
    known.set(Buffer.from(authority, 'latin1').toString('latin1'), made)
    return made
  }
}

/**
 * Values by host pattern. A pattern with a port is for that port, where an authority without one means 80 (https: 443); a pattern
 * without a port is for any. `*.suffix` stands for one label or more before the suffix, `*` for everything.
 */
export class HostTable<V> {
  readonly #exact = new Map<string, V>()
  readonly #suffixes = new Map<string, V>()

  get size(): number {
    return this.#exact.size + this.#suffixes.size
  }

  /** The value of exactly this pattern. */
  at(pattern: string): V | undefined {
    const [values, key] = this.#place(pattern)
    return values.get(key)
  }

  /** Puts a value under a pattern; what was there is replaced. */
  set(pattern: string, value: V): void {
    const [values, key] = this.#place(pattern)
    values.set(key, value)
  }

  /** Values of all patterns that the authority answers to, most specific first: exact, longest suffix, any; with port before without. */
  all(authority: string, scheme: Scheme): V[] {
    const { host, port } = splitAuthority(authority)
    const suffix = `:${port === '' ? DEFAULT_PORT[scheme] : port}`
    const found: V[] = []
    collect(this.#exact, host, suffix, found)
    if (this.#suffixes.size === 0) return found
    for (let dot = host.indexOf('.'); dot > 0; dot = host.indexOf('.', dot + 1))
      collect(this.#suffixes, host.slice(dot), suffix, found)
    collect(this.#suffixes, '', suffix, found)
    return found
  }

  #place(pattern: string): [Map<string, V>, string] {
    const { host, port } = splitAuthority(pattern)
    const end = port === '' ? '' : `:${port}`
    return host.startsWith('*') ? [this.#suffixes, host.slice(1) + end] : [this.#exact, host + end]
  }
}

function collect<V>(values: ReadonlyMap<string, V>, key: string, port: string, found: V[]): void {
  const own = values.get(key + port)
  if (own !== undefined) found.push(own)
  const any = values.get(key)
  if (any !== undefined) found.push(any)
}
