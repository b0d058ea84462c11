// Names for an exchange that travel with it: x-request-id and W3C traceparent.
// hot path: bench/micro/telemetry/trace.ts
import { randomFillSync, randomUUID } from 'node:crypto'
import type { Fields } from '../core/fields.ts'

const POOL_BYTES = 4096

/** Unguessable names. Random bytes are drawn many at a time. */
export class IdSource {
  readonly #fill: (into: Buffer) => void
  readonly #pool = Buffer.alloc(POOL_BYTES)
  #at = POOL_BYTES

  /** `fill` is replaced in tests only. */
  constructor(fill: (into: Buffer) => void = randomFillSync) {
    this.#fill = fill
  }

  /** RFC 9562, version 4. Node draws for many at a time itself. */
  uuid(): string {
    return randomUUID()
  }

  /** Two digits for each of `bytes`; never all zeros, which W3C forbids. */
  hex(bytes: number): string {
    if (this.#at + bytes > POOL_BYTES) {
      this.#fill(this.#pool)
      this.#at = 0
    }
    const text = this.#pool.toString('hex', this.#at, this.#at + bytes)
    this.#at += bytes
    return NOT_ZERO.test(text) ? text : this.hex(bytes)
  }
}

const NOT_ZERO = /[1-9a-f]/
const MAX_REQUEST_ID_CHARS = 128
/** Visible ASCII without what would need escaping in logs and JSON. */
const SANE_ID = /^[!#-[\]-~]+$/

/** The caller's x-request-id where it has a sane one, else one that is made and put into `fields`. */
export function requestIdOf(fields: Fields, ids: IdSource): string {
  const given = fields.get('x-request-id')
  if (given !== undefined && given.length <= MAX_REQUEST_ID_CHARS && SANE_ID.test(given)) return given
  const made = ids.uuid()
  if (given === undefined) fields.push('x-request-id', 'x-request-id', made)
  else fields.set('x-request-id', made)
  return made
}

/** W3C Trace Context, level 1: version-traceid-parentid-flags; a later version may go on after a dash. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/
const TRACEPARENT_CHARS = 55

/**
 * Leaves a good traceparent alone; where there is none, several or a malformed one, a new trace begins and the tracestate of the
 * old one goes (W3C Trace Context §4.2). `sampled` says whether those who follow should record it.
 */
export function ensureTraceparent(fields: Fields, ids: IdSource, sampled = false): void {
  const given = fields.get('traceparent')
  if (given === undefined) {
    fields.push('traceparent', 'traceparent', newTraceparent(ids, sampled))
    if (fields.has('tracestate')) fields.remove('tracestate')
  } else if (!isTraceparent(given) || isRepeated(fields, 'traceparent')) {
    fields.set('traceparent', newTraceparent(ids, sampled))
    fields.remove('tracestate')
  }
}

export function isTraceparent(text: string): boolean {
  return TRACEPARENT.test(text) && (text.length === TRACEPARENT_CHARS || !text.startsWith('00'))
}

function isRepeated({ list }: Fields, lower: string): boolean {
  let seen = 0
  for (let i = 0; i < list.length; i += 3) if (list[i] === lower) seen++
  return seen > 1
}

function newTraceparent(ids: IdSource, sampled: boolean): string {
  return `00-${ids.hex(16)}-${ids.hex(8)}-${sampled ? '01' : '00'}`
}
