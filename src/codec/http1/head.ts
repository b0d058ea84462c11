// Heads of HTTP/1 messages, from text to their canonical form: RFC 9112 §3, §4, §6, read strictly. Where two readers could see
// different messages, there is none.
// hot path: bench/micro/codec/http1/head.ts
import { splitHostPort } from '../../core/address.ts'
import type { FailureCode } from '../../core/failures.ts'
import type { HttpVersion, RequestHead, ResponseHead } from '../message.ts'
import { dropForbiddenTrailers, FORBIDDEN_IN_TARGET, HOST, isAuthority, TOKEN } from '../rules.ts'
import { FieldReader, options } from './fields.ts'

/** How the end of a body is known. */
export const NO_BODY = 0
export const BY_LENGTH = 1
export const BY_CHUNKS = 2
export const BY_CLOSE = 3
/** No message any more: bytes both ways, after 101 or a CONNECT that was let through. */
export const TUNNEL = 4

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE'])
const ABSOLUTE = /^(https?):\/\/([^/?]*)(.*)$/i
export interface HeadLimits {
  readonly maxFields: number
  readonly upgrades: ReadonlySet<string>
}

/** Reads heads of one kind of connection. What `request` and `response` do not return is told by the public fields. */
export class HeadReader {
  readonly #limits: HeadLimits
  readonly #reader = new FieldReader()
  failure: FailureCode = 'bad_request'
  /** What was wrong, for the log. */
  detail = ''
  framing = NO_BODY
  /** The connection may carry another message after this one. */
  persistent = true
  /** Seconds of Keep-Alive: timeout=N; -1: not said. */
  keepAliveSeconds = -1

  constructor(limits: HeadLimits) {
    this.#limits = limits
  }

  /** `text`: the head up to and including the CRLF of its last line. undefined: refused with `failure` and `detail`. */
  request(text: string): RequestHead | undefined {
    const lineEnd = text.indexOf('\r\n')
    const methodEnd = text.indexOf(' ')
    const targetEnd = lineEnd - 9
    const version = this.#version(text, lineEnd)
    if (version === undefined) return undefined
    if (methodEnd < 0 || methodEnd >= targetEnd || text.charCodeAt(targetEnd) !== 32)
      return this.#refuse('malformed request line')
    const method = text.slice(0, methodEnd)
    if (!METHODS.has(method) && !TOKEN.test(method)) return this.#refuse('malformed method')
    const target = text.slice(methodEnd + 1, targetEnd)
    if (FORBIDDEN_IN_TARGET.test(target)) return this.#refuse('forbidden byte in the request target')
    if (!this.#fields(text, lineEnd + 2)) return undefined
    const head = this.#requestHead(version, method)
    return head !== undefined && this.#readTarget(head, target) ? head : undefined
  }

  /** `method`: of the request that is answered. undefined: refused, `detail` says why. */
  response(text: string, method: string): ResponseHead | undefined {
    const lineEnd = text.indexOf('\r\n')
    const match = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/.exec(text.slice(0, lineEnd))
    if (match === null) return this.#refuse('malformed status line')
    if (!this.#fields(text, lineEnd + 2)) return undefined
    const version: HttpVersion = match[1] === '1' ? '1.1' : '1.0'
    const status = Number(match[2])
    const bodyLength = this.#responseFraming(version, status, method)
    if (bodyLength === undefined) return undefined
    const { fields, connection, keepAlive, upgrade } = this.#reader
    this.#readConnection(version)
    if (this.framing === BY_CLOSE || this.framing === TUNNEL) this.persistent = false
    this.keepAliveSeconds = keepAlive === '' ? -1 : Number(/(?:^|[,;\s])timeout=(\d{1,9})/i.exec(keepAlive)?.[1] ?? -1)
    const switched = status === 101 && connection !== '' ? upgrade.toLowerCase() : ''
    return { version, status, reason: match[3] ?? '', fields, bodyLength, upgrade: switched }
  }

  /** Trailer fields after the last chunk; undefined: refused. */
  trailers(text: string): FieldReader['fields'] | undefined {
    if (!this.#fields(text, 0)) return undefined
    const { fields } = this.#reader
    dropForbiddenTrailers(fields)
    return fields
  }

  #version(text: string, lineEnd: number): HttpVersion | undefined {
    const minor = text.charCodeAt(lineEnd - 1)
    if (text.startsWith('HTTP/1.', lineEnd - 8) && (minor === 49 || minor === 48)) return minor === 49 ? '1.1' : '1.0'
    if (/^[^ ]+ [^ ]+ HTTP\/\d\.\d$/.test(text.slice(0, lineEnd))) return this.#refuse('unknown HTTP version', 'http_version')
    return this.#refuse('malformed request line')
  }

  #fields(text: string, from: number): boolean {
    const reader = this.#reader
    if (reader.read(text, from, this.#limits.maxFields)) return true
    return this.#fail(reader.problem, reader.tooMany ? 'head_too_large' : 'bad_request')
  }

  #requestHead(version: HttpVersion, method: string): RequestHead | undefined {
    const { fields, host, hosts, contentLength, transferEncoding, expect, upgrade, te } = this.#reader
    if (hosts > 1) return this.#refuse('repeated Host')
    if (hosts === 0 && version === '1.1') return this.#refuse('no Host')
    if (host !== '' && !isAuthority(host)) return this.#refuse('malformed Host')
    let bodyLength = 0
    this.framing = NO_BODY
    if (transferEncoding !== '') {
      if (!this.#chunked(version)) return undefined
      bodyLength = -1
    } else if (contentLength !== '') {
      bodyLength = Number(contentLength)
      if (bodyLength > 0) this.framing = BY_LENGTH
    }
    this.#readConnection(version)
    if (expect !== '' && expect.toLowerCase() !== '100-continue') return this.#refuse('unknown expectation')
    return {
      version,
      method,
      scheme: 'http',
      authority: host,
      path: '',
      fields,
      bodyLength,
      upgrade: upgrade === '' ? '' : this.#readUpgrade(version),
      acceptsTrailers: te !== '' && options(te).some((option) => option.startsWith('trailers')),
      expectsContinue: expect !== '' && version === '1.1',
      absolute: false,
      spelled: false,
    }
  }

  /** RFC 9112 §3.2: one of four forms; the head gets path and authority. */
  #readTarget(head: RequestHead, target: string): boolean {
    if (head.method === 'CONNECT') return this.#readConnectTarget(head, target)
    if (target.charCodeAt(0) === 47) {
      head.path = target
      return true
    }
    if (target === '*' && head.method === 'OPTIONS') {
      head.path = target
      return true
    }
    const match = ABSOLUTE.exec(target)
    if (match === null) return this.#fail('malformed request target')
    const authority = match[2] as string
    if (authority === '' || !isAuthority(authority)) return this.#fail('malformed authority')
    if (head.authority.toLowerCase() !== authority.toLowerCase() && this.#reader.hosts > 0) {
      return this.#fail('Host differs from the request target')
    }
    const rest = match[3] as string
    head.authority = authority
    head.absolute = true
    head.path = rest.startsWith('/') ? rest : rest === '' && head.method === 'OPTIONS' ? '*' : `/${rest}`
    return true
  }

  #readConnectTarget(head: RequestHead, target: string): boolean {
    const split = HOST.test(target) ? splitHostPort(target) : undefined
    if (split === undefined || split.port === undefined || split.host === '') return this.#fail('malformed CONNECT target')
    if (head.bodyLength !== 0) return this.#fail('CONNECT with a body')
    head.authority = target
    return true
  }

  #chunked(version: HttpVersion): boolean {
    const { transferEncoding, contentLength } = this.#reader
    if (contentLength !== '') return this.#fail('Content-Length with Transfer-Encoding')
    if (version === '1.0') return this.#fail('Transfer-Encoding in HTTP/1.0')
    if (transferEncoding.toLowerCase() !== 'chunked') return this.#fail('unknown Transfer-Encoding')
    this.framing = BY_CHUNKS
    return true
  }

  /** Bytes of the body (RFC 9112 §6.3), undefined: refused. */
  #responseFraming(version: HttpVersion, status: number, method: string): number | undefined {
    const { contentLength, transferEncoding } = this.#reader
    if (transferEncoding !== '' && !this.#chunked(version)) return undefined
    const length = contentLength === '' ? -1 : Number(contentLength)
    this.framing = NO_BODY
    if (status === 101 || (method === 'CONNECT' && status >= 200 && status < 300)) {
      this.framing = TUNNEL
      return -1
    }
    if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 0
    if (transferEncoding !== '') {
      this.framing = BY_CHUNKS
      return -1
    }
    if (length > 0) this.framing = BY_LENGTH
    if (length < 0) this.framing = BY_CLOSE
    return length
  }

  #readConnection(version: HttpVersion): void {
    const { connection } = this.#reader
    this.persistent = version === '1.1'
    if (connection === '' || connection === 'keep-alive') {
      if (connection !== '') this.persistent = true
      return
    }
    const list = options(connection)
    if (list.includes('close')) this.persistent = false
    else if (list.includes('keep-alive')) this.persistent = true
    this.#reader.dropNominated()
  }

  /**
   * The token to switch to, '' for none. RFC 9110 §7.8: only with Connection: upgrade, never in 1.0, and whoever does not want to
   * switch goes on in HTTP/1.1, as with tokens that are not allowed here.
   */
  #readUpgrade(version: HttpVersion): string {
    const { upgrade, connection } = this.#reader
    if (version === '1.0' || !options(connection).includes('upgrade')) return ''
    return options(upgrade).find((token) => this.#limits.upgrades.has(token)) ?? ''
  }

  #refuse(detail: string, failure: FailureCode = 'bad_request'): undefined {
    this.failure = failure
    this.detail = detail
    return undefined
  }

  #fail(detail: string, failure?: FailureCode): false {
    this.#refuse(detail, failure)
    return false
  }
}
