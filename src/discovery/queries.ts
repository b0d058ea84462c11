// Asks DNS and the system: the door to node:dns. What it answers with are records, none (there are none, and that is certain), or a
// DnsFailure (nobody knows).
import { lookup, Resolver } from 'node:dns/promises'
import type { Clock } from '../core/clock.ts'
import type { Gate } from './gate.ts'

export interface Answer<T> {
  readonly records: readonly T[]
  /** The least over the CNAMEs on the way and the records. */
  readonly ttlMs: number
}

export interface SrvRecord {
  readonly target: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

export class DnsFailure extends Error {
  override readonly name = 'DnsFailure'
}

export interface Queries {
  addresses(kind: 'A' | 'AAAA', name: string): Promise<Answer<string>>
  services(name: string): Promise<Answer<SrvRecord>>
  /** What getaddrinfo(3) makes of it: multicast DNS and whatever else the system is set up to ask. */
  system(name: string): Promise<Answer<string>>
  /** Lets go of everything under way; it fails. */
  cancel(): void
}

export type SystemLookup = (
  name: string,
  options: { all: true; order: 'verbatim' },
) => Promise<readonly { readonly address: string }[]>

export interface QueryOptions {
  readonly clock: Clock
  /** Queries under way at once, over all names. */
  readonly gate: Gate
  /** getaddrinfo(3) takes a thread for as long as it likes; few at once leave threads to the files. */
  readonly systemGate: Gate
  /** Instead of those in resolv.conf: host:port. */
  readonly servers?: readonly string[]
  readonly lookup?: SystemLookup
}

/** One try of c-ares; a second one follows, both within LIMIT_MS. */
const TRY_MS = 1500
const LIMIT_MS = 5000
const SYSTEM_LIMIT_MS = 15_000
/** Where nobody says how long an answer holds: as long as Kubernetes' DNS says of its own. */
const UNKNOWN_TTL_MS = 5000
/** node:dns does not tell the TTL of SRV records. */
const SRV_TTL_MS = 30_000
/** node:dns and getaddrinfo(3) for: the name, or records of this type, are not there. */
const NONE = new Set(['ENOTFOUND', 'ENODATA'])

/** For one refresh: a new resolver reads resolv.conf anew. */
export class NodeQueries implements Queries {
  readonly #resolver = new Resolver({ timeout: TRY_MS, tries: 2 })
  readonly #options: QueryOptions
  #cancelled = false

  constructor(options: QueryOptions) {
    this.#options = options
    if (options.servers !== undefined) this.#resolver.setServers(options.servers)
  }

  async addresses(kind: 'A' | 'AAAA', name: string): Promise<Answer<string>> {
    const { records } = await this.#ask(`${kind} ${name}`, () =>
      kind === 'A' ? this.#resolver.resolve4(name, { ttl: true }) : this.#resolver.resolve6(name, { ttl: true }),
    )
    const ttlS = records.reduce((least, { ttl }) => Math.min(least, ttl), Infinity)
    return { records: records.map(({ address }) => address), ttlMs: ttlS * 1000 }
  }

  async services(name: string): Promise<Answer<SrvRecord>> {
    const { records } = await this.#ask(`SRV ${name}`, () => this.#resolver.resolveSrv(name))
    // The target '.' says that there is decidedly no such service (RFC 2782).
    const targets = records.filter((record) => record.name !== '' && record.name !== '.')
    return {
      records: targets.map(({ name: target, port, priority, weight }) => ({ target, port, priority, weight })),
      ttlMs: SRV_TTL_MS,
    }
  }

  async system(name: string): Promise<Answer<string>> {
    const ask: SystemLookup = this.#options.lookup ?? lookup
    const { records } = await this.#options.systemGate.pass(() =>
      this.#within(SYSTEM_LIMIT_MS, name, () => ask(name, { all: true, order: 'verbatim' })),
    )
    return { records: records.map(({ address }) => address), ttlMs: UNKNOWN_TTL_MS }
  }

  cancel(): void {
    this.#cancelled = true
    this.#resolver.cancel()
  }

  #ask<T>(what: string, query: () => Promise<readonly T[]>): Promise<{ records: readonly T[] }> {
    return this.#options.gate.pass(() => this.#within(LIMIT_MS, what, query))
  }

  /** Foreign errors end here: none, or a DnsFailure; a query that hangs is given up. */
  async #within<T>(limitMs: number, what: string, query: () => Promise<readonly T[]>): Promise<{ records: readonly T[] }> {
    if (this.#cancelled) throw new DnsFailure(`${what}: cancelled`)
    const { promise: late, reject } = Promise.withResolvers<never>()
    const cancel = this.#options.clock.after(limitMs, () => reject(new DnsFailure(`${what}: no answer within ${limitMs} ms`)))
    try {
      return { records: await Promise.race([query(), late]) }
    } catch (error) {
      if (error instanceof DnsFailure) throw error
      const code = (error as NodeJS.ErrnoException).code ?? String(error)
      if (NONE.has(code)) return { records: [] }
      throw new DnsFailure(`${what}: ${code}`, { cause: error })
    } finally {
      cancel()
    }
  }
}
