// What a match says of paths, in the form that the index of paths takes.
import type { RouteMatchConfig } from '../config/schema/route-match.ts'
import { templateRegex } from '../core/path-template.ts'
import { compileRegex, quoteRegex, RegexError } from '../core/regex.ts'
import { normalizePath, type PathMode } from './normalize.ts'
import type { PathRule } from './path-index.ts'
import { latin1 } from './spelling.ts'

type Report = (path: readonly (string | number)[], message: string) => void
type PathConfig = NonNullable<RouteMatchConfig['path']>

export interface CompiledPath {
  readonly rule: PathRule
  /** The literal text that a prefix to be rewritten stands for; undefined: an expression. */
  readonly literal: string | undefined
}

const DOT_SEGMENT = /\/(\.|%2e){1,2}(\/|$)/i
const EVERY: PathRule = { kind: 'prefix', path: '' }
const EVERY_PATH: CompiledPath = { rule: EVERY, literal: '' }

export class PathCompiler {
  readonly #mode: PathMode

  constructor(mode: PathMode) {
    this.#mode = mode
  }

  compile({ path, ignoreCase }: RouteMatchConfig, report: Report): CompiledPath {
    if (path === undefined) return EVERY_PATH
    if ('exact' in path) {
      const literal = this.#literal(path.exact, (message) => report(['path', 'exact'], message))
      const rule = ignoreCase ? anyCase(literal, '') : ({ kind: 'exact', path: literal } as const)
      return { rule, literal }
    }
    if ('prefix' in path) {
      const whole = this.#literal(path.prefix, (message) => report(['path', 'prefix'], message))
      const literal = whole.endsWith('/') ? whole.slice(0, -1) : whole
      const rule = ignoreCase && literal !== '' ? anyCase(literal, '(/.*)?') : ({ kind: 'prefix', path: literal } as const)
      return { rule, literal }
    }
    return { rule: this.#expression(path, ignoreCase, report), literal: undefined }
  }

  #expression(path: Exclude<PathConfig, { exact: string } | { prefix: string }>, ignoreCase: boolean, report: Report): PathRule {
    const flags = ignoreCase ? '(?i)' : ''
    if ('regex' in path) return regexRule(flags + path.regex, (message) => report(['path', 'regex'], message))
    const tell = (message: string): void => report(['path', 'template'], message)
    const mistake = templateRegex(path.template)
    // normalisation escapes the brackets of operators
    const normal = typeof mistake === 'string' ? '' : this.#literal(path.template, tell).replaceAll(/%7B(\*+)%7D/g, '{$1}')
    const template = typeof mistake === 'string' ? mistake : templateRegex(normal)
    if (typeof template !== 'string') return regexRule(flags + template.pattern, tell)
    tell(template)
    return EVERY
  }

  /** The path in the form that requests have after normalisation; reported when none can. */
  #literal(text: string, report: (message: string) => void): string {
    const mode = this.#mode
    if (!text.startsWith('/')) report(`"${text}" is not a path: it starts with "/"`)
    else if (/[?#]/.test(text)) report('a path has no query and no fragment; use `query` for parameters')
    else {
      const path = normalizePath(latin1(text), mode, true)
      if (path === undefined) report(`never matches: such a path is refused under pathNormalization ${mode}`)
      else if (mode !== 'NONE' && (DOT_SEGMENT.test(text) || slashes(path) !== slashes(text)))
        report(`never matches: requests arrive here as "${path}"`)
      else return path
    }
    return text
  }
}

function anyCase(literal: string, end: string): PathRule {
  return { kind: 'regex', regex: compileRegex(`(?i)${quoteRegex(literal)}${end}`) }
}

function regexRule(pattern: string, report: (message: string) => void): PathRule {
  try {
    return { kind: 'regex', regex: compileRegex(pattern) }
  } catch (error) {
    if (!(error instanceof RegexError)) throw error
    report(error.message)
    return EVERY
  }
}

function slashes(text: string): number {
  return text.split('/').length
}
