// What a route asks of one text: a header field or a query parameter.
import type { TextMatchConfig } from '../config/schema/routes.ts'
import { compileRegex, type Regex } from '../core/regex.ts'

type Kind = 'exact' | 'prefix' | 'regex' | 'present' | 'absent'

export class TextTest {
  readonly kind: Kind
  /** What to compare with; '' for kinds that compare nothing. */
  readonly text: string
  readonly #regex: Regex | null

  /** `spell` turns configuration into the spelling of what is tested. Throws RegexError. */
  constructor(config: TextMatchConfig, spell: (text: string) => string) {
    this.#regex = 'regex' in config ? compileRegex(spell(config.regex)) : null
    if ('exact' in config) this.text = spell(config.exact)
    else this.text = 'prefix' in config ? spell(config.prefix) : ''
    this.kind = kindOf(config)
  }

  holds(value: string | undefined): boolean {
    if (value === undefined) return this.kind === 'absent'
    switch (this.kind) {
      case 'exact':
        return value === this.text
      case 'prefix':
        return value.startsWith(this.text)
      case 'regex':
        return this.#regex !== null && this.#regex.test(value)
      default:
        return this.kind === 'present'
    }
  }
}

function kindOf(config: TextMatchConfig): Kind {
  if ('exact' in config) return 'exact'
  if ('prefix' in config) return 'prefix'
  if ('regex' in config) return 'regex'
  return config.present ? 'present' : 'absent'
}
