// Header and trailer fields of a message, whatever the codec: order, case and repetition as they came, names compared in lower case.
// hot path: bench/micro/core/fields.ts

/** What a codec must know of a field before anybody else sees it. */
export const PLAIN = 0
/** Framing and connection fields: the codec reads them, keeps them out of the list, and writes its own. */
export const HOP = 1
/** Content-Length: read by the codec, kept in the list. */
export const LENGTH = 2
/** Host: read by the codec, kept in the list. */
export const HOST = 3
/** Expect: read by the codec, kept in the list. */
export const EXPECT = 4

export interface FieldName {
  /** As it was written. */
  readonly wire: string
  readonly lower: string
  readonly kind: number
}

const KINDS = new Map<string, number>([
  ['connection', HOP],
  ['keep-alive', HOP],
  ['proxy-connection', HOP],
  ['te', HOP],
  ['transfer-encoding', HOP],
  ['upgrade', HOP],
  ['http2-settings', HOP],
  ['content-length', LENGTH],
  ['host', HOST],
  ['expect', EXPECT],
])

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const CACHED_NAMES = 4096
const CACHED_LENGTH = 64
const names = new Map<string, FieldName>()

/** The name in its fixed form, or undefined when it is not a token (RFC 9110 §5.1). */
export function fieldName(wire: string): FieldName | undefined {
  const known = names.get(wire)
  if (known !== undefined) return known
  if (!TOKEN.test(wire)) return undefined
  // a copy of its own: a slice would keep the whole head that it was cut from
  const own = Buffer.from(wire, 'latin1').toString('latin1')
  const lower = own.toLowerCase()
  const name = { wire: own, lower, kind: KINDS.get(lower) ?? PLAIN }
  if (names.size < CACHED_NAMES && own.length <= CACHED_LENGTH) names.set(own, name)
  return name
}

/** A list of fields. `list` holds three strings a field: name in lower case, name as written, value. */
export class Fields {
  readonly list: string[] = []
  /** Names, in lower case, of fields that their sender wants kept out of compression tables (RFC 7541 §7.1.3). */
  sensitive: string[] | undefined = undefined

  /** From pairs of name and value; meant for configuration and tests. */
  static of(...pairs: readonly (readonly [string, string])[]): Fields {
    const fields = new Fields()
    for (const [name, value] of pairs) fields.add(name, value)
    return fields
  }

  get size(): number {
    return this.list.length / 3
  }

  /** First value of a field, by its name in lower case. */
  get(lower: string): string | undefined {
    const list = this.list
    for (let i = 0; i < list.length; i += 3) if (list[i] === lower) return list[i + 2]
    return undefined
  }

  /** All values of a field in order. */
  all(lower: string): string[] {
    const values: string[] = []
    const list = this.list
    for (let i = 0; i < list.length; i += 3) if (list[i] === lower) values.push(list[i + 2] as string)
    return values
  }

  has(lower: string): boolean {
    return this.get(lower) !== undefined
  }

  /** Appends; `wire` is the name as it will be written to HTTP/1. */
  add(wire: string, value: string): void {
    this.list.push(wire.toLowerCase(), wire, value)
  }

  /** Appends without looking at the name again; `lower` must be `wire` in lower case. */
  push(lower: string, wire: string, value: string): void {
    this.list.push(lower, wire, value)
  }

  /** Replaces the first value and drops the others, or appends. */
  set(wire: string, value: string): void {
    const lower = wire.toLowerCase()
    const list = this.list
    for (let i = 0; i < list.length; i += 3) {
      if (list[i] !== lower) continue
      list[i + 2] = value
      this.#removeFrom(lower, i + 3)
      return
    }
    list.push(lower, wire, value)
  }

  remove(lower: string): void {
    this.#removeFrom(lower, 0)
  }

  copy(): Fields {
    const fields = new Fields()
    const { list } = this
    for (let i = 0; i < list.length; i++) fields.list.push(list[i] as string)
    if (this.sensitive !== undefined) fields.sensitive = [...this.sensitive]
    return fields
  }

  /** [name as written, value] of each. */
  *[Symbol.iterator](): IterableIterator<[string, string]> {
    for (let i = 0; i < this.list.length; i += 3) yield [this.list[i + 1] as string, this.list[i + 2] as string]
  }

  #removeFrom(lower: string, from: number): void {
    const { list } = this
    let kept = from
    for (let i = from; i < list.length; i += 3) {
      if (list[i] === lower) continue
      if (kept !== i) {
        list[kept] = list[i] as string
        list[kept + 1] = list[i + 1] as string
        list[kept + 2] = list[i + 2] as string
      }
      kept += 3
    }
    list.length = kept
  }
}
