// Which of several weighted services a caller stays with.
import type { RequestHead } from '../codec/message.ts'
import type { StickyConfig } from '../config/schema/route-guards.ts'
import { fieldName } from '../core/fields.ts'

type Report = (path: readonly string[], message: string) => void

/** What a cookie that was set here holds: a number that decides. */
const OWN_VALUE = /^[0-9a-f]{8}$/

export class Sticky {
  /** '': by header. */
  readonly #cookie: string
  readonly #header: string
  readonly #attributes: string

  constructor(cookie: string, header: string, ttlMs: number) {
    this.#cookie = cookie
    this.#header = header
    const age = ttlMs === 0 ? '' : `; Max-Age=${Math.ceil(ttlMs / 1000)}`
    this.#attributes = `; Path=/${age}; HttpOnly`
  }

  /** The number that decides for this caller; -1: it brings none. */
  hashOf(head: RequestHead): number {
    if (this.#cookie === '') {
      const value = head.fields.get(this.#header)
      return value === undefined ? -1 : hash(value)
    }
    const value = cookieValue(head.fields.list, this.#cookie)
    if (value === undefined) return -1
    return OWN_VALUE.test(value) ? Number.parseInt(value, 16) : hash(value)
  }

  /** Keeps a caller at a number that was drawn; '': nothing is kept. */
  cookieFor(drawn: number): string {
    return this.#cookie === '' ? '' : `${this.#cookie}=${drawn.toString(16).padStart(8, '0')}${this.#attributes}`
  }
}

export function compileSticky({ cookie, header, ttl }: StickyConfig, report: Report): Sticky {
  if ((cookie === undefined) === (header === undefined)) report([], 'expected exactly one of cookie, header')
  if (cookie !== undefined && fieldName(cookie) === undefined) report(['cookie'], `"${cookie}" is not the name of a cookie`)
  if (header !== undefined && fieldName(header) === undefined) report(['header'], `"${header}" is not the name of a header field`)
  return new Sticky(cookie ?? '', header?.toLowerCase() ?? '', ttl)
}

function cookieValue(list: readonly string[], name: string): string | undefined {
  for (let i = 0; i < list.length; i += 3) {
    if (list[i] !== 'cookie') continue
    for (const pair of (list[i + 2] as string).split(';')) {
      const sign = pair.indexOf('=')
      if (sign > 0 && pair.slice(0, sign).trim() === name) return pair.slice(sign + 1).trim()
    }
  }
  return undefined
}

/** FNV-1a of 32 bits, with its bits mixed once more: like texts, unlike numbers. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
