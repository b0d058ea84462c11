// Request heads from HTTP/2 into their canonical form: RFC 9113 §8.3.1, §8.5 and RFC 8441 §4. What passes here can be written to HTTP/1
// as it is: no byte of it can begin a second message.
// hot path: bench/micro/codec/http2/heads.ts
import { randomBytes } from 'node:crypto'
import { splitHostPort } from '../../core/address.ts'
import type { FailureCode } from '../../core/failures.ts'
import type { RequestHead } from '../message.ts'
import { FORBIDDEN_IN_TARGET, isAuthority, TOKEN } from '../rules.ts'
import type { Field } from './hpack/field.ts'
import { AUTHORITY, METHOD, PATH, PROTOCOL, SCHEME } from './hpack/name.ts'
import { type SectionLimits, SectionReader } from './section-reader.ts'
import { respell } from './spelling.ts'

export interface RequestLimits extends SectionLimits {
  readonly upgrades: ReadonlySet<string>
}

export class RequestReader extends SectionReader {
  failure: FailureCode = 'bad_request'
  readonly #scheme: 'http' | 'https'
  readonly #upgrades: ReadonlySet<string>
  #method: string | undefined
  #schemeSeen = false
  #authority: string | undefined
  #path: string | undefined
  #protocol: string | undefined

  /** `scheme`: of the connection. What :scheme says must be one of the two, but a caller can't make itself secure by saying so. */
  constructor(limits: RequestLimits, scheme: 'http' | 'https') {
    super(limits)
    this.#scheme = scheme
    this.#upgrades = limits.upgrades
  }

  override begin(): void {
    super.begin()
    this.failure = 'bad_request'
    this.#method = undefined
    this.#schemeSeen = false
    this.#authority = undefined
    this.#path = undefined
    this.#protocol = undefined
  }

  /** The head that has been read; undefined: refused with `failure` and `problem`. `end`: END_STREAM came with it. */
  read(end: boolean): RequestHead | undefined {
    if (this.tooLarge) this.failure = 'head_too_large'
    if (this.problem !== '') return undefined
    this.end()
    const method = this.#method
    if (method === undefined) return this.refuse('no :method')
    if (!this.#settleAuthority()) return undefined
    if (method === 'CONNECT') return this.#readConnect()
    if (this.#protocol !== undefined) return this.refuse(':protocol without CONNECT')
    if (!this.#schemeSeen) return this.refuse('no :scheme')
    if (this.#path === undefined) return this.refuse('no :path')
    if (this.#path === '*' && method !== 'OPTIONS') return this.refuse('malformed :path')
    if (end && this.contentLength > 0) return this.refuse('content-length without a body')
    return this.#head(method, this.#path, end ? 0 : this.contentLength, '')
  }

  protected override onPseudo(field: Field): void {
    const { value } = field
    switch (field.name.kind) {
      case METHOD:
        if (this.#method !== undefined) this.#repeated()
        else if (!field.fits && !TOKEN.test(value)) this.refuse('malformed :method')
        this.#method = value
        break
      case SCHEME:
        if (this.#schemeSeen) this.#repeated()
        else if (value !== 'http' && value !== 'https') this.refuse('unknown :scheme')
        this.#schemeSeen = true
        break
      case AUTHORITY:
        if (this.#authority !== undefined) this.#repeated()
        else if (!field.fits && !isAuthority(value)) this.refuse('malformed :authority')
        this.#authority = value
        break
      case PATH:
        if (this.#path !== undefined) this.#repeated()
        else if (!field.fits && !isPath(value)) this.refuse('malformed :path')
        this.#path = value
        break
      case PROTOCOL:
        if (this.#protocol !== undefined) this.#repeated()
        else if (!TOKEN.test(value)) this.refuse('malformed :protocol')
        this.#protocol = value
        break
      default:
        this.refuse('response pseudo-header in a request')
    }
    // a field of a table comes again and is not looked at again
    field.fits = this.problem === ''
  }

  #repeated(): void {
    this.refuse('repeated pseudo-header')
  }

  /** One of :authority and Host, or both if they agree (RFC 9113 §8.3.1). */
  #settleAuthority(): boolean {
    const { host } = this
    if (host !== undefined) {
      if (!isAuthority(host)) this.refuse('malformed host')
      else if (this.#authority === undefined) this.#authority = host
      else if (this.#authority.toLowerCase() !== host.toLowerCase()) this.refuse('host differs from :authority')
    }
    if (this.#authority === undefined || this.#authority === '') this.refuse('no :authority')
    return this.problem === ''
  }

  /**
   * Plain CONNECT, or RFC 8441's. The latter becomes what HTTP/1 calls an upgrade: method GET, `upgrade` the protocol, and for a
   * WebSocket the key that an HTTP/1 endpoint asks for and HTTP/2 does without. Both are told to have ended; what follows is held
   * until the tunnel is open.
   */
  #readConnect(): RequestHead | undefined {
    if (this.contentLength >= 0) return this.refuse('content-length with CONNECT')
    if (this.#protocol === undefined) {
      if (this.#schemeSeen || this.#path !== undefined) return this.refuse('CONNECT with :scheme or :path')
      const split = splitHostPort(this.#authority as string)
      if (split?.port === undefined || split.host === '') return this.refuse('CONNECT without a port')
      return this.#head('CONNECT', '', 0, '')
    }
    if (!this.#schemeSeen || this.#path === undefined) return this.refuse('extended CONNECT without :scheme or :path')
    const upgrade = this.#protocol.toLowerCase()
    if (!this.#upgrades.has(upgrade)) return this.refuse(':protocol that is not allowed')
    if (upgrade === 'websocket' && !this.fields.has('sec-websocket-key')) {
      this.fields.add('Sec-WebSocket-Key', randomBytes(16).toString('base64'))
    }
    return this.#head('GET', this.#path, 0, upgrade)
  }

  #head(method: string, path: string, bodyLength: number, upgrade: string): RequestHead {
    const spelled = this.spelling !== ''
    if (spelled) respell(this.fields, this.spelling, this.#authority)
    return {
      version: '2',
      method,
      scheme: this.#scheme,
      authority: this.#authority as string,
      path,
      fields: this.fields,
      bodyLength,
      upgrade,
      acceptsTrailers: this.te,
      expectsContinue: this.expects,
      absolute: false,
      spelled,
    }
  }
}

function isPath(text: string): boolean {
  return (text.charCodeAt(0) === 47 || text === '*') && !FORBIDDEN_IN_TARGET.test(text)
}
