// A set of texts as policies write them: exact, 'begins*', '*ends', '*' for anything but nothing.
// hot path: bench/micro/policy/decide.ts

export type PatternKind = 'exact' | 'prefix' | 'suffix' | 'present'

export interface TextPattern {
  readonly kind: PatternKind
  /** Without the star. */
  readonly text: string
}

/** As Istio reads it: a star in front wins, and any other is a letter like others. */
export function parsePattern(pattern: string): TextPattern {
  if (pattern === '*') return { kind: 'present', text: '' }
  if (pattern.startsWith('*')) return { kind: 'suffix', text: pattern.slice(1) }
  if (pattern.endsWith('*')) return { kind: 'prefix', text: pattern.slice(0, -1) }
  return { kind: 'exact', text: pattern }
}

export class TextSet {
  readonly #exact = new Set<string>()
  readonly #prefixes: string[] = []
  readonly #suffixes: string[] = []
  readonly #present: boolean

  constructor(patterns: Iterable<string>) {
    let present = false
    for (const pattern of patterns) {
      const { kind, text } = parsePattern(pattern)
      if (kind === 'exact') this.#exact.add(text)
      else if (kind === 'prefix') this.#prefixes.push(text)
      else if (kind === 'suffix') this.#suffixes.push(text)
      else present = true
    }
    this.#present = present
  }

  has(text: string): boolean {
    if (this.#exact.has(text)) return true
    if (this.#present && text !== '') return true
    const prefixes = this.#prefixes
    for (let i = 0; i < prefixes.length; i++) if (text.startsWith(prefixes[i] as string)) return true
    const suffixes = this.#suffixes
    for (let i = 0; i < suffixes.length; i++) if (text.endsWith(suffixes[i] as string)) return true
    return false
  }
}
