// Whether a token is what it says. The one door to jose.
import type { errors as JoseErrors, JWTVerifyGetKey } from 'jose'
import type { TokenConfig } from '../../config/schema/tokens.ts'
import type { Clock } from '../../core/clock.ts'
import type { Claims } from '../input.ts'
import type { KeySet } from './keys.ts'

/** Signatures whose keys may be public. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
/** As Envoy allows. */
const CLOCK_SKEW_S = 60
const MAX_TOKEN_LENGTH = 16_384
const MAX_CACHED = 1_000

export type Verified = { readonly claims: Claims } | { readonly refused: string }

export class Verifier {
  readonly #config: TokenConfig
  readonly #keys: KeySet
  readonly #clock: Clock
  /** What was good is so until it expires or the keys change. */
  readonly #known = new Map<string, { readonly claims: Claims; readonly untilMs: number; readonly version: number }>()

  constructor(config: TokenConfig, keys: KeySet, clock: Clock) {
    this.#config = config
    this.#keys = keys
    this.#clock = clock
  }

  /** undefined: it was not seen before, or not long enough ago. */
  known(token: string): Claims | undefined {
    const found = this.#known.get(token)
    if (found === undefined) return undefined
    const { version, believed } = this.#keys
    // what keys said is believed no longer than they are
    if (found.version === version && believed && found.untilMs > this.#clock.wallMs()) return found.claims
    this.#known.delete(token)
    return undefined
  }

  async verify(token: string): Promise<Verified> {
    if (token.length > MAX_TOKEN_LENGTH) return { refused: 'it is too long' }
    let find = await this.#keys.current()
    if (find === undefined) return { refused: `there are no keys of ${this.#config.issuer}` }
    let result = await this.#check(token, find)
    if (result === 'no such key') {
      if (await this.#keys.renew()) find = (await this.#keys.current()) ?? find
      result = await this.#check(token, find)
    }
    return result === 'no such key' ? { refused: 'no key of its issuer fits' } : result
  }

  async #check(token: string, find: JWTVerifyGetKey): Promise<Verified | 'no such key'> {
    const { issuer, audiences } = this.#config
    const { version } = this.#keys
    // comes with the first token
    const { errors, jwtVerify } = await import('jose')
    try {
      const { payload } = await jwtVerify(token, find, {
        issuer,
        ...(audiences.length > 0 ? { audience: [...audiences] } : {}),
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_SKEW_S,
        currentDate: new Date(this.#clock.wallMs()),
      })
      const untilMs = payload.exp === undefined ? Number.POSITIVE_INFINITY : (payload.exp + CLOCK_SKEW_S) * 1000
      if (this.#known.size >= MAX_CACHED) this.#known.clear()
      this.#known.set(token, { claims: payload, untilMs, version })
      return { claims: payload }
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return 'no such key'
      return { refused: wordsFor(error, errors) }
    }
  }
}

function wordsFor(error: unknown, errors: typeof JoseErrors): string {
  if (error instanceof errors.JWTExpired) return 'it has expired'
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim ${error.claim} does not fit`
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong'
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not allowed'
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'it names no key, and several fit'
  return 'it is malformed'
}
