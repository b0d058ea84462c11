// One match of a route into a path rule and conditions.
import type { RouteMatchConfig, TextMatchConfig } from '../config/schema/route-match.ts'
import { fieldName, HOP } from '../core/fields.ts'
import { templateRegex } from '../core/path-template.ts'
import { compileRegex, RegexError } from '../core/regex.ts'
import { type Condition, fieldReader, methodReader, queryReader, type Reader } from './conditions.ts'
import { normalizePath, type PathMode } from './normalize.ts'
import type { PathRule } from './path-index.ts'
import { latin1 } from './spelling.ts'
import { TextTest } from './text-test.ts'

type Report = (path: readonly (string | number)[], message: string) => void

export interface CompiledMatch {
  readonly path: PathRule
  /** Characters of the path rule as it is written. */
  readonly pathLength: number
  readonly conditions: readonly Condition[]
  /** How many conditions of each sort, for precedence. */
  readonly methods: number
  readonly fields: number
  readonly parameters: number
}

type PathConfig = NonNullable<RouteMatchConfig['path']>

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const DOT_SEGMENT = /\/(\.|%2e){1,2}(\/|$)/i
const EVERY: PathRule = { kind: 'prefix', path: '' }
/** Connection fields that a request still tells about when the codec has taken them out. */
const READABLE = new Set(['upgrade', 'te'])

export class MatchCompiler {
  readonly #mode: PathMode
  /** One reader for each name, so that conditions on the same text are known to be. */
  readonly #readers = new Map<string, Reader>()

  constructor(mode: PathMode) {
    this.#mode = mode
  }

  compile(config: RouteMatchConfig, report: Report): CompiledMatch {
    const method = config.method === undefined ? [] : [this.#method(config.method, report)]
    const fields = Object.entries(config.headers).map(([name, test]) => this.#field(name, test, report))
    const parameters = Object.entries(config.query).map(([name, test]) => {
      const reader = this.#reader(`?${name}`, () => queryReader(name))
      return {
        reader,
        test: textTest(
          test,
          (text) => text,
          (message) => report(['query', name], message),
        ),
      }
    })
    return {
      path: config.path === undefined ? EVERY : pathRule(config.path, this.#mode, report),
      pathLength: config.path === undefined ? 1 : Object.values(config.path).join('').length,
      conditions: [...method, ...fields, ...parameters],
      methods: method.length,
      fields: fields.length,
      parameters: parameters.length,
    }
  }

  #method(config: NonNullable<RouteMatchConfig['method']>, report: Report): Condition {
    const test = typeof config === 'string' ? { exact: config } : config
    if ('exact' in test && !TOKEN.test(test.exact)) report(['method'], `"${test.exact}" is not a method`)
    return {
      reader: methodReader,
      test: textTest(
        test,
        (text) => text,
        (message) => report(['method'], message),
      ),
    }
  }

  #field(name: string, test: TextMatchConfig, report: Report): Condition {
    const field = fieldName(name)
    const lower = field?.lower ?? name
    if (field === undefined) report(['headers', name], `"${name}" is not the name of a header field`)
    else if (field.kind === HOP && !READABLE.has(lower))
      report(['headers', name], `${lower} belongs to one connection; a route cannot ask for it`)
    const reader = this.#reader(lower, () => fieldReader(lower))
    return { reader, test: textTest(test, latin1, (message) => report(['headers', name], message)) }
  }

  #reader(name: string, make: () => Reader): Reader {
    let reader = this.#readers.get(name)
    if (reader === undefined) this.#readers.set(name, (reader = make()))
    return reader
  }
}

function textTest(config: TextMatchConfig, spell: (text: string) => string, report: (message: string) => void): TextTest {
  try {
    return new TextTest(config, spell)
  } catch (error) {
    if (!(error instanceof RegexError)) throw error
    report(error.message)
    return new TextTest({ present: true }, spell)
  }
}

function pathRule(config: PathConfig, mode: PathMode, report: Report): PathRule {
  if ('exact' in config)
    return { kind: 'exact', path: literalPath(config.exact, mode, (message) => report(['path', 'exact'], message)) }
  if ('prefix' in config) {
    const path = literalPath(config.prefix, mode, (message) => report(['path', 'prefix'], message))
    return { kind: 'prefix', path: path.endsWith('/') ? path.slice(0, -1) : path }
  }
  if ('regex' in config) return regexRule(config.regex, (message) => report(['path', 'regex'], message))
  const template = templateRegex(config.template)
  if (typeof template !== 'string') return regexRule(template.pattern, (message) => report(['path', 'template'], message))
  report(['path', 'template'], template)
  return EVERY
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

/** The path in the form that requests have after normalisation; reported when none can. */
function literalPath(text: string, mode: PathMode, report: (message: string) => void): string {
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

function slashes(text: string): number {
  return text.split('/').length
}
