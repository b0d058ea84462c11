// The tokens that the workload believes: finds them in a request, has them verified, and tells on what they say. Compiled per snapshot.
// hot path: bench/macro
import type { RequestHead } from '../../codec/message.ts'
import type { Config } from '../../config/schema/config.ts'
import type { TokenConfig } from '../../config/schema/tokens.ts'
import type { Clock } from '../../core/clock.ts'
import type { Claims } from '../input.ts'
import { appliesTo } from '../selection.ts'
import type { KeyStore } from './keys.ts'
import { claimText } from './output.ts'
import { type Place, placesOf } from './places.ts'
import { Verifier } from './verify.ts'

/** `none`: there was no token, and none is needed. */
export type Authenticated =
  | { readonly kind: 'none' }
  | { readonly kind: 'valid'; readonly claims: Claims; readonly issuer: Issuer; readonly token: string }
  | { readonly kind: 'invalid'; readonly detail: string }

export interface Issuer {
  readonly config: TokenConfig
  readonly places: readonly Place[]
  /** undefined: nobody verifies here; `explain` is told the claims. */
  readonly verifier: Verifier | undefined
}

export interface TokenTools {
  readonly keys: KeyStore
  readonly clock: Clock
}

/** null: the workload believes no tokens, and none are looked for. */
export function compileAuthentication({ tokens, settings }: Config, tools: TokenTools | undefined): Authentication | null {
  const own = tokens.filter((one) => appliesTo(one, settings))
  return own.length === 0 ? null : new Authentication(own, tools)
}

const NONE: Authenticated = { kind: 'none' }

export class Authentication {
  readonly #issuers: readonly Issuer[]
  /** Fields in which only we speak. */
  readonly #own: readonly string[]

  constructor(configs: readonly TokenConfig[], tools: TokenTools | undefined) {
    this.#issuers = configs.map((config) => ({
      config,
      places: placesOf(config),
      verifier: tools === undefined ? undefined : new Verifier(config, tools.keys.of(config), tools.clock),
    }))
    this.#own = configs.flatMap(({ outputPayloadToHeader, outputClaimToHeaders }) =>
      [
        ...(outputPayloadToHeader === undefined ? [] : [outputPayloadToHeader]),
        ...outputClaimToHeaders.map(({ header }) => header),
      ].map((name) => name.toLowerCase()),
    )
  }

  /** Takes away what only we may say; then, at once where there is no token or it is known, whose request it is. */
  check(head: RequestHead): Authenticated | Promise<Authenticated> {
    for (const name of this.#own) head.fields.remove(name)
    const found = this.#find(head)
    if (found.length === 0) return NONE
    for (const { issuer, token } of found) {
      const claims = issuer.verifier?.known(token)
      if (claims !== undefined && isAlone(found, token)) return { kind: 'valid', claims, issuer, token }
    }
    return this.#verify(found)
  }

  /** For claims that are known to be verified: as `check` would answer, without asking anybody. */
  believe(head: RequestHead, claims: Claims | undefined): Authenticated {
    for (const name of this.#own) head.fields.remove(name)
    const found = this.#find(head)
    const issuer = this.#issuers.find(({ config }) => config.issuer === claims?.['iss']) ?? this.#issuers[0]
    if (claims !== undefined && issuer !== undefined) return { kind: 'valid', claims, issuer, token: found[0]?.token ?? '' }
    return found.length === 0 ? NONE : { kind: 'invalid', detail: 'nobody verifies tokens here: say the claims of a valid one' }
  }

  /** What the application is to know: outputs in, the token out. */
  tell({ claims, issuer, token }: Authenticated & { kind: 'valid' }, head: RequestHead): void {
    const { outputPayloadToHeader, outputClaimToHeaders, forwardOriginalToken } = issuer.config
    if (!forwardOriginalToken) for (const place of issuer.places) place.remove(head)
    if (outputPayloadToHeader !== undefined) head.fields.set(outputPayloadToHeader, payloadOf(token, claims))
    for (const { header, claim } of outputClaimToHeaders) {
      const text = claimText(claims, claim)
      if (text !== undefined) head.fields.set(header, text)
    }
  }

  #find(head: RequestHead): { issuer: Issuer; token: string }[] {
    const found: { issuer: Issuer; token: string }[] = []
    for (const issuer of this.#issuers)
      for (const place of issuer.places) for (const token of place.find(head)) found.push({ issuer, token })
    return found
  }

  async #verify(found: readonly { issuer: Issuer; token: string }[]): Promise<Authenticated> {
    let detail = ''
    for (const { issuer, token } of found) {
      if (!isAlone(found, token)) return { kind: 'invalid', detail: 'there are several tokens' }
      const result = (await issuer.verifier?.verify(token)) ?? { refused: 'nobody verifies tokens here' }
      if ('claims' in result) return { kind: 'valid', claims: result.claims, issuer, token }
      // the issuer's own word says more than that of others
      if (detail === '' || issuerOf(token) === issuer.config.issuer) detail = result.refused
    }
    return { kind: 'invalid', detail }
  }
}

/** Two different tokens make two callers of one: who reads the other would be deceived. */
function isAlone(found: readonly { token: string }[], token: string): boolean {
  return found.every((one) => one.token === token)
}

function issuerOf(token: string): unknown {
  try {
    return (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as { iss?: unknown }).iss
  } catch {
    return undefined
  }
}

function payloadOf(token: string, claims: Claims): string {
  return token.split('.')[1] ?? Buffer.from(JSON.stringify(claims)).toString('base64url')
}
