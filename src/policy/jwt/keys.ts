// The keys of issuers, kept from one snapshot to the next: fetched early, fetched again in time, and no longer believed when they are old.
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose'
import type { TokenConfig } from '../../config/schema/tokens.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'

/** A token by a key that is not there makes keys be fetched again, but not more often than this. */
const COOL_DOWN_MS = 10_000
const RETRY_MS = 5_000
const FILE_MS = 5_000

export interface KeyStoreOptions {
  readonly clock: Clock
  readonly log: Log
  readonly fetch: (config: TokenConfig) => Promise<string>
}

/** The keys of one issuer. */
export class KeySet {
  /** Grows with every change. */
  version = 0
  readonly #config: TokenConfig
  readonly #options: KeyStoreOptions
  #good: { readonly find: JWTVerifyGetKey; readonly text: string; readonly atMs: number } | undefined
  #fetching: Promise<void> | undefined
  #triedMs = Number.NEGATIVE_INFINITY
  #timer: Cancel = () => {}
  #closed = false

  constructor(config: TokenConfig, options: KeyStoreOptions) {
    this.#config = config
    this.#options = options
    void this.#fetch()
  }

  /** Waits for the first ones. undefined: there are none that may be believed. */
  async current(): Promise<JWTVerifyGetKey | undefined> {
    if (this.#good === undefined) await this.#first()
    return this.believed ? this.#good?.find : undefined
  }

  /** There are keys, and they are not too old. */
  get believed(): boolean {
    const { maxStale, refresh } = this.#config
    if (this.#good === undefined) return false
    return maxStale <= 0 || this.#options.clock.nowMs() - this.#good.atMs <= maxStale + refresh
  }

  async #first(): Promise<void> {
    const justTried = this.#options.clock.nowMs() - this.#triedMs < RETRY_MS
    if (this.#fetching !== undefined || !justTried) await this.#fetch()
  }

  /** A key was not there: whether it is worth a second look. */
  async renew(): Promise<boolean> {
    if (this.#options.clock.nowMs() - this.#triedMs < COOL_DOWN_MS) return false
    const before = this.version
    await this.#fetch()
    return this.version !== before
  }

  close(): void {
    this.#closed = true
    this.#timer()
  }

  #fetch(): Promise<void> {
    this.#fetching ??= this.#load().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #load(): Promise<void> {
    const { clock, log, fetch } = this.#options
    const { issuer, refresh, jwks, jwksFile } = this.#config
    this.#triedMs = clock.nowMs()
    this.#timer()
    let next = jwksFile === undefined ? refresh : Math.min(FILE_MS, refresh)
    try {
      const text = await fetch(this.#config)
      // comes when there are keys
      const { createLocalJWKSet } = await import('jose')
      if (text !== this.#good?.text) this.version++
      this.#good = { find: createLocalJWKSet(JSON.parse(text) as JSONWebKeySet), text, atMs: clock.nowMs() }
    } catch (error) {
      next = Math.min(RETRY_MS, refresh)
      log.warn('the keys of an issuer could not be fetched', { issuer, error })
    }
    if (!this.#closed && jwks === undefined) this.#timer = clock.after(next, () => void this.#fetch())
  }
}

export class KeyStore {
  readonly #options: KeyStoreOptions
  readonly #sets = new Map<string, KeySet>()

  constructor(options: KeyStoreOptions) {
    this.#options = options
  }

  /** The same keys for the same place to get them from, whatever else a configuration says of the issuer. */
  of(config: TokenConfig): KeySet {
    const key = keyOf(config)
    let set = this.#sets.get(key)
    if (set === undefined) {
      set = new KeySet(config, this.#options)
      this.#sets.set(key, set)
    }
    return set
  }

  /** Forgets those that no configuration asks for any more. */
  keep(configs: readonly TokenConfig[]): void {
    const wanted = new Set(configs.map(keyOf))
    for (const [key, set] of this.#sets) {
      if (wanted.has(key)) continue
      set.close()
      this.#sets.delete(key)
    }
  }

  close(): void {
    this.keep([])
  }
}

function keyOf({ issuer, jwks, jwksFile, jwksUri, timeout, refresh, maxStale }: TokenConfig): string {
  return JSON.stringify([issuer, jwks, jwksFile, jwksUri, timeout, refresh, maxStale])
}
