// Names for an exchange that travel with it: x-request-id and W3C traceparent.
// hot path: bench/micro/telemetry/trace.ts
import { randomFillSync } from 'node:crypto'
import type { Fields } from '../core/fields.ts'

const POOL_BYTES = 4096
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Unguessable names, made from random bytes drawn many at a time. */
export class IdSource {
  readonly #fill: (into: Uint8Array) => void
  readonly #pool = new Uint8Array(POOL_BYTES)
  #at = POOL_BYTES

  /** `fill` is replaced in tests only. */
  constructor(fill: (into: Uint8Array) => void = randomFillSync) {
    this.#fill = fill
  }

  /** RFC 9562, version 4. */
  uuid(): string {
    const at = this.#take(16)
    const pool = this.#pool
    pool[at + 6] = ((pool[at + 6] as number) & 0x0f) | 0x40
    pool[at + 8] = ((pool[at + 8] as number) & 0x3f) | 0x80
    return `${this.#hex(at, 4)}-${this.#hex(at + 4, 2)}-${this.#hex(at + 6, 2)}-${this.#hex(at + 8, 2)}-${this.#hex(at + 10, 6)}`
  }

  /** `bytes` of them, two digits each; never all zeros, which W3C forbids. */
  hex(bytes: number): string {
    const at = this.#take(bytes)
    const text = this.#hex(at, bytes)
    return /[1-9a-f]/.test(text) ? text : this.hex(bytes)
  }

  #take(bytes: number): number {
    if (this.#at + bytes > POOL_BYTES) {
      this.#fill(this.#pool)
      this.#at = 0
    }
    const at = this.#at
    this.#at += bytes
    return at
  }

  #hex(at: number, bytes: number): string {
    const pool = this.#pool
    let text = ''
    for (let i = at; i < at + bytes; i++) text += HEX[pool[i] as number]
    return text
  }
}

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
  } else if (!isTraceparent(given) || fields.all('traceparent').length > 1) {
    fields.set('traceparent', newTraceparent(ids, sampled))
    fields.remove('tracestate')
  }
}

export function isTraceparent(text: string): boolean {
  return TRACEPARENT.test(text) && (text.length === TRACEPARENT_CHARS || !text.startsWith('00'))
}

function newTraceparent(ids: IdSource, sampled: boolean): string {
  return `00-${ids.hex(16)}-${ids.hex(8)}-${sampled ? '01' : '00'}`
}
