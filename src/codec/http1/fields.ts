// The field section of a head or a trailer: RFC 9112 §5, read strictly. One pass; what it refuses is refused for good.
// hot path: bench/micro/codec/http1/head.ts
import { EXPECT, Fields, fieldName, HOP, HOST, LENGTH, PLAIN } from '../../core/fields.ts'

const CR = 13
const LF = 10
const TAB = 9
const SPACE = 32
const DELETE = 127

/** Fields that Connection can't take away: they carry who is asking, for whom and where the message goes (RFC 9110 §7.6.1). */
const PROTECTED =
  /^(?:host|content-length|authorization|proxy-authorization|cookie|set-cookie|forwarded|via|expect|trailer|traceparent|tracestate|x-request-id|x-forwarded-.*|x-envoy-.*|x-real-ip|x-outrigger-.*|content-.*|date|location|cache-control|www-authenticate)$/

/** What the field section said to the codec. One is used again and again. */
export class FieldReader {
  fields = new Fields()
  connection = ''
  transferEncoding = ''
  contentLength = ''
  host = ''
  hosts = 0
  expect = ''
  upgrade = ''
  te = ''
  /** Of the last Keep-Alive field. */
  keepAlive = ''
  /** What is wrong; '' when nothing is. */
  problem = ''
  tooMany = false

  /**
   * Reads lines of `text` from `from` to its end; the last line ends with CRLF. False: `problem` or `tooMany` says why.
   */
  read(text: string, from: number, maxFields: number): boolean {
    this.#reset()
    let count = 0
    let at = from
    const end = text.length
    while (at < end) {
      if (++count > maxFields) {
        this.tooMany = true
        return this.#refuse('too many fields')
      }
      const colon = text.indexOf(':', at)
      const name = colon < 0 ? undefined : fieldName(text.slice(at, colon))
      if (name === undefined) return this.#refuse(nameProblem(text, at))
      let start = colon + 1
      while (isBlank(text.charCodeAt(start))) start++
      let stop = start
      for (let c = text.charCodeAt(stop); (c >= SPACE && c !== DELETE) || c === TAB; c = text.charCodeAt(stop)) stop++
      if (text.charCodeAt(stop) !== CR || text.charCodeAt(stop + 1) !== LF) return this.#refuse('control byte in a field value')
      at = stop + 2
      while (stop > start && isBlank(text.charCodeAt(stop - 1))) stop--
      const value = text.slice(start, stop)
      if (name.kind !== PLAIN && !this.#note(name.kind, name.lower, value)) return false
      if (name.kind !== HOP) this.fields.list.push(name.lower, name.wire, value)
    }
    return true
  }

  /** Takes away what Connection names, but for what it can't (RFC 9110 §7.6.1). */
  dropNominated(): void {
    for (const option of options(this.connection)) {
      if (option !== 'close' && option !== 'keep-alive' && !PROTECTED.test(option)) this.fields.remove(option)
    }
  }

  /** false: refused. */
  #note(kind: number, lower: string, value: string): boolean {
    switch (kind) {
      case HOST:
        this.host = value
        this.hosts++
        break
      case LENGTH:
        // RFC 9110 §8.6 allows a list of equal values; there is no honest sender of one
        if (this.contentLength !== '') return this.#refuse('repeated Content-Length')
        if (!/^\d{1,15}$/.test(value)) return this.#refuse('malformed Content-Length')
        this.contentLength = value
        break
      case EXPECT:
        this.expect = value
        break
      default:
        this.#noteHop(lower, value)
    }
    return true
  }

  #noteHop(lower: string, value: string): void {
    const joined = (before: string): string => (before === '' ? value : `${before},${value}`)
    switch (lower) {
      case 'connection':
        this.connection = joined(this.connection)
        break
      case 'transfer-encoding':
        // an empty one must not pass for none
        this.transferEncoding = this.transferEncoding === '' && value === '' ? ',' : joined(this.transferEncoding)
        break
      case 'upgrade':
        this.upgrade = joined(this.upgrade)
        break
      case 'te':
        this.te = joined(this.te)
        break
      case 'keep-alive':
        this.keepAlive = value
        break
      default: // dropped without a look: Proxy-Connection, HTTP2-Settings
    }
  }

  #refuse(problem: string): false {
    this.problem = problem
    return false
  }

  #reset(): void {
    this.fields = new Fields()
    this.connection = ''
    this.transferEncoding = ''
    this.contentLength = ''
    this.host = ''
    this.hosts = 0
    this.expect = ''
    this.upgrade = ''
    this.te = ''
    this.keepAlive = ''
    this.problem = ''
    this.tooMany = false
  }
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}

function nameProblem(text: string, at: number): string {
  if (isBlank(text.charCodeAt(at))) return 'folded field line'
  const line = text.slice(at, text.indexOf('\r\n', at))
  const colon = line.indexOf(':')
  if (colon < 0) return 'field line without a colon'
  return isBlank(line.charCodeAt(colon - 1)) ? 'space before the colon of a field' : 'malformed field name'
}

/** Members of a list of tokens, in lower case. */
export function options(list: string): string[] {
  return list === ''
    ? []
    : list
        .toLowerCase()
        .split(',')
        .map((option) => option.trim())
}
