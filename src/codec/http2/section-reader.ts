// Fields of a header block on their way into a head or trailers: RFC 9113 §8.2, read strictly. A block is always decoded to its end,
// for the sake of the compression state, but nothing of it is kept once it is refused.
// hot path: bench/micro/codec/http2/heads.ts
import { Fields } from '../../core/fields.ts'
import { dropForbiddenTrailers } from '../rules.ts'
import type { Field, FieldSink } from './hpack/field.ts'
import { CONNECTION, COOKIE, EXPECT, HOST, LENGTH, MALFORMED, PLAIN, SPELLING, TE } from './hpack/name.ts'

export interface SectionLimits {
  readonly maxHeadBytes: number
  readonly maxFields: number
}

export abstract class SectionReader implements FieldSink {
  fields = new Fields()
  /** -1: none. */
  contentLength = -1
  host: string | undefined
  te = false
  expects = false
  /** How the names were written before another sidecar put them into HTTP/2; ''. */
  spelling = ''
  /** What is wrong; '' when nothing is. */
  problem = ''
  /** It is the size. */
  tooLarge = false
  readonly #maxBytes: number
  readonly #maxFields: number
  #bytes = 0
  #count = 0
  #cookie: string | undefined

  constructor(limits: SectionLimits) {
    this.#maxBytes = limits.maxHeadBytes
    this.#maxFields = limits.maxFields
  }

  /** Forgets the last section. */
  begin(): void {
    this.fields = new Fields()
    this.contentLength = -1
    this.host = undefined
    this.te = false
    this.expects = false
    this.spelling = ''
    this.problem = ''
    this.tooLarge = false
    this.#bytes = 0
    this.#count = 0
    this.#cookie = undefined
  }

  /** Everything counts, also what is dropped or joined in the end. */
  onField(field: Field): void {
    this.#bytes += field.size
    if (this.problem !== '') return
    if (this.#bytes > this.#maxBytes) this.#tooLarge('too many bytes')
    else if (!field.clean) this.refuse('forbidden byte in a field value')
    else {
      const { kind } = field.name
      if (kind > MALFORMED) {
        if (this.#count > 0 || this.#cookie !== undefined) this.refuse('pseudo-header after a field')
        else this.onPseudo(field)
      } else if (kind === COOKIE) this.#addCrumb(field.value)
      else if (++this.#count > this.#maxFields) this.#tooLarge('too many fields')
      else if (kind === PLAIN) this.#add(field)
      else this.#addSpecial(kind, field)
    }
  }

  protected abstract onPseudo(field: Field): void

  protected refuse(problem: string): undefined {
    if (this.problem === '') this.problem = problem
    return undefined
  }

  /** The section is complete: cookie crumbs become one field (RFC 9113 §8.2.3). */
  protected end(): void {
    if (this.#cookie !== undefined) this.fields.push('cookie', 'cookie', this.#cookie)
  }

  #add(field: Field): void {
    const { text } = field.name
    this.fields.list.push(text, text, field.value)
    if (!field.sensitive || field.name.sensitive) return
    this.fields.sensitive ??= []
    this.fields.sensitive.push(text)
  }

  #addCrumb(crumb: string): void {
    this.#cookie = this.#cookie === undefined ? crumb : `${this.#cookie}; ${crumb}`
  }

  #addSpecial(kind: number, field: Field): void {
    switch (kind) {
      case LENGTH:
        if (this.contentLength >= 0) this.refuse('repeated content-length')
        else if (!/^\d{1,15}$/.test(field.value)) this.refuse('malformed content-length')
        else {
          this.contentLength = Number(field.value)
          this.#add(field)
        }
        break
      case HOST:
        if (this.host !== undefined) this.refuse('repeated host')
        this.host = field.value
        break
      case EXPECT:
        if (field.value.toLowerCase() !== '100-continue') this.refuse('unknown expectation')
        this.expects = true
        this.#add(field)
        break
      case TE:
        if (field.value.toLowerCase() !== 'trailers') this.refuse('te other than trailers')
        this.te = true
        break
      case SPELLING:
        this.spelling = field.value
        break
      case CONNECTION:
        this.refuse(`connection-specific field: ${field.name.text}`)
        break
      default:
        this.refuse('malformed field name')
    }
  }

  #tooLarge(problem: string): void {
    this.tooLarge = true
    this.refuse(problem)
    this.fields = new Fields()
  }
}

export class TrailerReader extends SectionReader {
  /** undefined: refused, `problem` says why. */
  read(): Fields | undefined {
    if (this.problem !== '') return undefined
    dropForbiddenTrailers(this.fields)
    return this.fields
  }

  protected override onPseudo(): void {
    this.refuse('pseudo-header in trailers')
  }
}

/** For blocks of streams that nobody listens to any more. */
export const NOBODY: FieldSink = { onField(): void {} }
