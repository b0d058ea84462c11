// Changes to header fields that a route asks for, checked when configuration is read and applied to each message.
// hot path: bench/micro/routing/table.ts
import type { RequestHead } from '../codec/message.ts'
import type { FieldEditsConfig } from '../config/schema/route-actions.ts'
import { type Fields, fieldName, HOP, HOST, LENGTH } from '../core/fields.ts'
import { isHostPattern } from './hosts.ts'
import { latin1 } from './spelling.ts'

type Report = (key: readonly string[], message: string) => void

interface Edit {
  readonly wire: string
  readonly lower: string
  readonly value: string
}

// NUL and line ends would start another field; no control character belongs into a value (RFC 9110 §5.5)
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/

/** Whatever changes the fields of a message. */
export interface FieldChange {
  applyTo(fields: Fields): void
}

export class FieldEdits implements FieldChange {
  /** Takes the place of Host or :authority; '' leaves it. Never in a response. */
  readonly #authority: string
  readonly #remove: readonly string[]
  readonly #set: readonly Edit[]
  readonly #add: readonly Edit[]

  constructor(edits: { authority: string; remove: readonly string[]; set: readonly Edit[]; add: readonly Edit[] }) {
    this.#authority = edits.authority
    this.#remove = edits.remove
    this.#set = edits.set
    this.#add = edits.add
  }

  /** Removes, then sets, then adds. */
  applyTo(fields: Fields): void {
    for (let i = 0; i < this.#remove.length; i++) fields.remove(this.#remove[i] as string)
    for (let i = 0; i < this.#set.length; i++) {
      const { wire, value } = this.#set[i] as Edit
      fields.set(wire, value)
    }
    for (let i = 0; i < this.#add.length; i++) {
      const { lower, wire, value } = this.#add[i] as Edit
      fields.push(lower, wire, value)
    }
  }

  /** The same, and a host where they set none. */
  withAuthority(authority: string): FieldEdits {
    const own = this.#authority === '' ? authority : this.#authority
    return new FieldEdits({ authority: own, remove: this.#remove, set: this.#set, add: this.#add })
  }

  applyToRequest(head: RequestHead): void {
    this.applyTo(head.fields)
    if (this.#authority === '') return
    head.authority = this.#authority
    if (head.fields.has('host')) head.fields.set('Host', this.#authority)
  }
}

export const NOTHING = new FieldEdits({ authority: '', remove: [], set: [], add: [] })

/** One after the other; null: there is nothing to do. */
export function chain(first: FieldChange | null, second: FieldChange | null): FieldChange | null {
  if (first === null || second === null) return first ?? second
  return {
    applyTo: (fields) => {
      first.applyTo(fields)
      second.applyTo(fields)
    },
  }
}

/**
 * null when there is nothing to do. `set` of `host` in a request rewrites the authority; in any other way `host` cannot be changed,
 * nor can what belongs to the connection or to the framing of a body.
 */
export function compileEdits(config: FieldEditsConfig, message: 'request' | 'response', report: Report): FieldEdits | null {
  const remove = config.remove.map((name, i) => checkName(name, ['remove', String(i)], report).lower)
  const set: Edit[] = []
  let authority = ''
  for (const [name, value] of Object.entries(config.set)) {
    const key = ['set', name]
    const edit = { ...checkName(name, key, report, message === 'request'), value: checkValue(value, key, report) }
    if (edit.lower === 'host') authority = edit.value
    else set.push(edit)
  }
  const add = Object.entries(config.add).map(([name, value]) => {
    const key = ['add', name]
    return { ...checkName(name, key, report), value: checkValue(value, key, report) }
  })
  if (authority === '' && remove.length + set.length + add.length === 0) return null
  return new FieldEdits({ authority, remove, set, add })
}

function checkName(name: string, key: readonly string[], report: Report, mayBeHost = false): { wire: string; lower: string } {
  const field = fieldName(name)
  if (field === undefined) {
    report(key, `"${name}" is not the name of a header field`)
    return { wire: name, lower: name.toLowerCase() }
  }
  if (field.kind === HOP) report(key, `${field.lower} belongs to one connection and is not passed on; it cannot be changed`)
  else if (field.kind === LENGTH) report(key, 'content-length says where a body ends; it cannot be changed')
  else if (field.kind === HOST && !mayBeHost)
    report(key, 'host cannot be added or removed; a route may set it in the request, which rewrites the authority')
  return field
}

function checkValue(text: string, key: readonly string[], report: Report): string {
  const value = latin1(text).trim()
  if (BAD_VALUE.test(value)) report(key, 'the value holds a control character')
  if (key[1]?.toLowerCase() === 'host' && (value.startsWith('*') || !isHostPattern(value))) report(key, `"${text}" is not a host`)
  return value
}
