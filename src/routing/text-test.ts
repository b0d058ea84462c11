// What a route asks of one text: a header field or a query parameter.
import type { TextMatchConfig } from '../config/schema/route-match.ts'
import { compileRegex, type Regex } from '../core/regex.ts'

type Kind = 'exact' | 'prefix' | 'suffix' | 'regex' | 'present' | 'absent'

export class TextTest {
  readonly kind: Kind
  /** What to compare with; '' for kinds that compare nothing. */
  readonly text: string
  readonly #regex: Regex | null

  /** `spell` turns configuration into the spelling of what is tested. Throws RegexError. */
  constructor(config: TextMatchConfig, spell: (text: string) => string) {
    this.#regex = 'regex' in config ? compileRegex(spell(config.regex)) : null
    this.text = spell(textOf(config))
    this.kind = kindOf(config)
  }

  holds(value: string | undefined): boolean {
    if (value === undefined) return this.kind === 'absent'
    switch (this.kind) {
      case 'exact':
        return value === this.text
      case 'prefix':
        return value.startsWith(this.text)
      case 'suffix':
        return value.endsWith(this.text)
      case 'regex':
        return this.#regex !== null && this.#regex.test(value)
      default:
        return this.kind === 'present'
    }
  }
}

function textOf(config: TextMatchConfig): string {
  if ('exact' in config) return config.exact
  if ('prefix' in config) return config.prefix
  return 'suffix' in config ? config.suffix : ''
}

function kindOf(config: TextMatchConfig): Kind {
  if ('exact' in config) return 'exact'
  if ('prefix' in config) return 'prefix'
  if ('suffix' in config) return 'suffix'
  if ('regex' in config) return 'regex'
  return config.present ? 'present' : 'absent'
}
