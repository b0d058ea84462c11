// A field as HPACK's decoder hands it out, and the error that ends a connection whose compression is out of step.
import type { Name } from './name.ts'

export class Field {
  readonly name: Name
  readonly value: string
  /** The value may stand in a field: no control bytes, no blanks around it (RFC 9113 §8.2.1). */
  readonly clean: boolean
  /** Came as a never-indexed literal: to be passed on as one (RFC 7541 §6.2.3). */
  readonly sensitive: boolean
  /** RFC 7541 §4.1. */
  readonly size: number
  /** Set by whoever has found the value fit for its pseudo-header. */
  fits = false

  constructor(name: Name, value: string, clean: boolean, sensitive: boolean) {
    this.name = name
    this.value = value
    this.clean = clean
    this.sensitive = sensitive
    this.size = name.text.length + value.length + 32
  }
}

export interface FieldSink {
  onField(field: Field): void
}

/** COMPRESSION_ERROR: the connection can't go on (RFC 7541 §2.4, RFC 9113 §4.3). */
export class HpackError extends Error {
  override readonly name = 'HpackError'
}
