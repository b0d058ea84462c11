// What policies look at: the two ends, the port, the head. Values that only some rules ask for are worked out when the first one asks.
// hot path: bench/micro/policy/decide.ts
import type { RequestHead } from '../codec/message.ts'
import type { Fields } from '../core/fields.ts'
import type { Identity } from './identity.ts'

/** Claims of a verified token. */
export type Claims = Readonly<Record<string, unknown>>

export interface PolicyFacts {
  readonly direction: 'inbound' | 'outbound'
  /** Verified by mutual TLS; undefined: a plaintext peer. */
  readonly identity: Identity | undefined
  /** Address of the other end of the connection; '' for a Unix socket. */
  readonly sourceIp: string
  /** Address of the caller behind trusted hops; without them the same as `sourceIp`. */
  readonly remoteIp: string
  readonly destinationIp: string
  /** Port that the caller means: the application's inbound, the destination's outbound. 0: not known. */
  readonly destinationPort: number
  /** Outbound: the known service that is meant, name.namespace:port; left out: none. */
  readonly service?: string | undefined
  /** Server name that TLS asked for; ''. */
  readonly serverName: string
  /** undefined: bytes. */
  readonly head: RequestHead | undefined
  /** undefined: no valid token came. */
  readonly claims: Claims | undefined
}

export class PolicyInput implements PolicyFacts {
  readonly direction: PolicyFacts['direction']
  readonly identity: Identity | undefined
  readonly sourceIp: string
  readonly remoteIp: string
  readonly destinationIp: string
  readonly destinationPort: number
  readonly service: string
  readonly serverName: string
  readonly head: RequestHead | undefined
  readonly claims: Claims | undefined
  // as they were: a route may rewrite the head later
  readonly method: string
  readonly target: string
  readonly authority: string
  #fields: Fields | undefined = undefined
  #path: string | undefined = undefined
  #host: string | undefined = undefined
  #requestPrincipal: string | undefined = undefined

  constructor(facts: PolicyFacts) {
    this.direction = facts.direction
    this.identity = facts.identity
    this.sourceIp = facts.sourceIp
    this.remoteIp = facts.remoteIp
    this.destinationIp = facts.destinationIp
    this.destinationPort = facts.destinationPort
    this.service = facts.service ?? ''
    this.serverName = facts.serverName
    this.head = facts.head
    this.claims = facts.claims
    const { head } = facts
    this.method = head === undefined ? '' : head.method
    this.target = head === undefined ? '' : head.path
    this.authority = head === undefined ? '' : head.authority
  }

  /** undefined: bytes. */
  get fields(): Fields | undefined {
    return this.#fields ?? this.head?.fields
  }

  /** They are going to be changed, and stay here as they are. */
  keepFields(): void {
    this.#fields ??= this.head?.fields.copy()
  }

  /** '' for a plaintext peer. */
  get principal(): string {
    return this.identity === undefined ? '' : this.identity.principal
  }

  /** Path in its normal form, without the query; '' without a head. */
  get path(): string {
    if (this.#path === undefined) {
      const path = this.target
      const mark = path.indexOf('?')
      this.#path = mark < 0 ? path : path.slice(0, mark)
    }
    return this.#path
  }

  /** Authority in lower case, with the port where the caller wrote one. */
  get host(): string {
    this.#host ??= this.authority.toLowerCase()
    return this.#host
  }

  /** issuer/subject of the token; '' without both. */
  get requestPrincipal(): string {
    if (this.#requestPrincipal === undefined) {
      const { iss, sub } = this.claims ?? {}
      this.#requestPrincipal =
        typeof iss === 'string' && typeof sub === 'string' && iss !== '' && sub !== '' ? `${iss}/${sub}` : ''
    }
    return this.#requestPrincipal
  }
}
