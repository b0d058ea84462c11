// A test of a header field, which may come several times.
// hot path: bench/micro/policy/decide.ts
import type { PolicyInput } from './input.ts'
import type { Members } from './members.ts'
import type { Findable, Test } from './test.ts'

interface HeaderWish {
  readonly values: Members
  readonly wanted: boolean
  /** One of several fields of the name is enough; otherwise each of them must do. */
  readonly any: boolean
}

/** Whoever reads a repeated field takes the first, the last or all of them: a denial holds for any, a permission needs them all. */
export class HeaderTest implements Test {
  readonly field: string
  readonly http = true
  readonly found: Findable | null
  readonly #lower: string
  readonly #wish: HeaderWish

  constructor(field: string, lower: string, wish: HeaderWish) {
    this.field = field
    const { keys } = wish.values
    const findable = wish.wanted && keys !== null && !isPseudo(lower)
    this.found = findable ? { dimension: `header ${lower}`, keys, read: ({ fields }) => fields?.all(lower) ?? '' } : null
    this.#lower = lower
    this.#wish = wish
  }

  holds(input: PolicyInput): boolean {
    const { fields } = input
    if (fields === undefined) return false
    const { values, wanted, any } = this.#wish
    // the codec has these apart from the fields
    if (isPseudo(this.#lower)) return values.has(pseudo(input, this.#lower)) === wanted
    const { list } = fields
    let found = false
    for (let i = 0; i < list.length; i += 3) {
      if (list[i] !== this.#lower) continue
      found = true
      const holds = values.has(list[i + 2] as string) === wanted
      if (holds === any) return any
    }
    // absent: is none of any values
    return found ? !any : !wanted
  }
}

function isPseudo(name: string): boolean {
  return name.startsWith(':') || name === 'host'
}

function pseudo({ method, target, authority, head }: PolicyInput, name: string): string {
  switch (name) {
    case ':method':
      return method
    case ':path':
      return target
    case ':scheme':
      return head?.scheme ?? ''
    case ':authority':
    case 'host':
      return authority
    default:
      return ''
  }
}
