// Bodies of HTTP/1 messages, piece by piece: RFC 9112 §6 and §7.1, read strictly. Chunk extensions are bounded and end here.
// hot path: bench/micro/codec/http1/body.ts
import type { Fields } from '../../core/fields.ts'
import type { Latin1Buffer } from '../wire.ts'
import { BY_CLOSE, BY_LENGTH, type HeadReader, NO_BODY, TUNNEL } from './head.ts'

/** `start` to `stop` is a piece of the body. */
export const PIECE = 0
/** The body is complete; `trailers` may be there. */
export const DONE = 1
/** Not to be told from these bytes. */
export const MORE = 2
/** Malformed: `problem` says how. */
export const BAD = 3

const LF = 10
/** A chunk size with its extensions. RFC 9112 §7.1.1: a recipient ought to limit extensions. */
const MAX_SIZE_LINE = 256
const MAX_EXTENSIONS = 4096
const SIZE_LINE =
  /^([0-9A-Fa-f]{1,13})(?:[ \t]*;[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*=[ \t]*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?)*\r\n$/
const SIZE_LINE_BEGUN = /^[0-9A-Fa-f]{0,13}(?:[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?)?\r?$/
/** CR or LF alone, or NUL: no line of a trailer section can come of it. */
const HOPELESS_TRAILER = /\r[^\n]|\0|(?:^|[^\r])\n/

export class BodyReader {
  /** Position up to which the bytes given to `next` have been read. */
  at = 0
  start = 0
  stop = 0
  problem = ''
  trailers: Fields | undefined
  readonly #head: HeadReader
  readonly #maxTrailerBytes: number
  #framing = NO_BODY
  #left = 0
  #part: 'size' | 'data' | 'data-end' | 'trailers' = 'size'
  /** A line, or a trailer section, of which not all has come. */
  #begun = ''
  #extensions = 0

  constructor(head: HeadReader, maxTrailerBytes: number) {
    this.#head = head
    this.#maxTrailerBytes = maxTrailerBytes
  }

  get framing(): number {
    return this.#framing
  }

  /** Bytes of the body, or of the chunk at hand, that are known to be still to come. */
  get remaining(): number {
    return this.#left
  }

  begin(framing: number, length: number): void {
    this.#framing = framing
    this.#left = framing === BY_LENGTH ? length : 0
    this.#part = 'size'
    this.#begun = ''
    this.#extensions = 0
    this.trailers = undefined
  }

  /** What stands in `bytes` from `from` to `end`; sets `at`. Never called with what it has read before. */
  next(bytes: Buffer, from: number, end: number): typeof PIECE | typeof DONE | typeof MORE | typeof BAD {
    this.at = from
    switch (this.#framing) {
      case NO_BODY:
        return DONE
      case BY_LENGTH:
        if (this.#left === 0) return DONE
        return from === end ? MORE : this.#piece(from, end)
      case BY_CLOSE:
      case TUNNEL:
        if (from === end) return MORE
        this.start = from
        this.stop = this.at = end
        return PIECE
      default:
        return this.#chunked(bytes as Latin1Buffer, end)
    }
  }

  /** The peer has ended its side: whether that ends the body as it should. */
  get endsByClose(): boolean {
    return this.#framing === BY_CLOSE || this.#framing === TUNNEL
  }

  #piece(from: number, end: number): typeof PIECE {
    const length = Math.min(this.#left, end - from)
    this.start = from
    this.stop = this.at = from + length
    this.#left -= length
    return PIECE
  }

  #chunked(bytes: Latin1Buffer, end: number): typeof PIECE | typeof DONE | typeof MORE | typeof BAD {
    for (;;) {
      if (this.#part === 'trailers') return this.#readTrailers(bytes, end)
      if (this.at === end) return MORE
      if (this.#part === 'data') {
        const result = this.#piece(this.at, end)
        if (this.#left === 0) this.#part = 'data-end'
        return result
      }
      const line = this.#line(bytes, end)
      const result = this.#part === 'data-end' ? this.#readDataEnd(line) : this.#readSize(line)
      if (result !== PIECE) return result
    }
  }

  /** PIECE here means: go on. */
  #readDataEnd(line: string): typeof PIECE | typeof MORE | typeof BAD {
    if (line === '\r') {
      this.#begun = line
      return MORE
    }
    this.#part = 'size'
    return line === '\r\n' ? PIECE : this.#bad('no CRLF after a chunk')
  }

  #readSize(line: string): typeof PIECE | typeof MORE | typeof BAD {
    if (!line.endsWith('\n')) {
      if (line.length > MAX_SIZE_LINE || !SIZE_LINE_BEGUN.test(line)) return this.#bad('malformed chunk size')
      this.#begun = line
      return MORE
    }
    const match = line.length > MAX_SIZE_LINE ? null : SIZE_LINE.exec(line)
    if (match === null) return this.#bad('malformed chunk size')
    const digits = match[1] as string
    this.#extensions += line.length - digits.length - 2
    if (this.#extensions > MAX_EXTENSIONS) return this.#bad('too many chunk extensions')
    this.#left = Number.parseInt(digits, 16)
    if (this.#left > Number.MAX_SAFE_INTEGER) return this.#bad('chunk too large')
    this.#part = this.#left === 0 ? 'trailers' : 'data'
    return PIECE
  }

  #readTrailers(bytes: Latin1Buffer, end: number): typeof DONE | typeof MORE | typeof BAD {
    for (;;) {
      const before = this.#begun
      const line = this.#line(bytes, end, before)
      if (before.length + line.length > this.#maxTrailerBytes) return this.#bad('trailers too large')
      if (HOPELESS_TRAILER.test(before.endsWith('\r') ? `\r${line}` : line)) return this.#bad('malformed trailer')
      const text = before + line
      if (text === '\r\n' || text.endsWith('\r\n\r\n')) return this.#endTrailers(text.slice(0, -2))
      this.#begun = text
      if (!line.endsWith('\n')) return MORE
    }
  }

  #endTrailers(text: string): typeof DONE | typeof BAD {
    this.#begun = ''
    this.#framing = NO_BODY
    if (text === '') return DONE
    this.trailers = this.#head.trailers(text)
    return this.trailers === undefined ? this.#bad(`trailer: ${this.#head.detail}`) : DONE
  }

  /** Up to and including LF, or all there is; what had come of it before stands in front (but for trailers). */
  #line(bytes: Latin1Buffer, end: number, trailersBefore?: string): string {
    const newline = bytes.indexOf(LF, this.at)
    const stop = newline < 0 || newline >= end ? end : newline + 1
    // a line that is too long is refused by its length: no need to copy all of it
    const text = bytes.latin1Slice(this.at, Math.min(stop, this.at + this.#maxTrailerBytes + MAX_SIZE_LINE))
    this.at = stop
    if (trailersBefore !== undefined) return text
    const line = this.#begun + text
    this.#begun = ''
    return line
  }

  #bad(problem: string): typeof BAD {
    this.problem = problem
    return BAD
  }
}
