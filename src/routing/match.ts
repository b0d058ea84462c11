// One match of a route into a path rule and conditions.
import type { RouteMatchConfig, TextMatchConfig } from '../config/schema/route-match.ts'
import { fieldName, HOP } from '../core/fields.ts'
import { RegexError } from '../core/regex.ts'
import { type Condition, fieldReader, methodReader, portReader, queryReader, type Reader, schemeReader } from './conditions.ts'
import type { PathMode } from './normalize.ts'
import { type CompiledPath, PathCompiler } from './path-rule.ts'
import { latin1 } from './spelling.ts'
import { TextTest } from './text-test.ts'

type Report = (path: readonly (string | number)[], message: string) => void
type TextTests = RouteMatchConfig['headers']

export interface CompiledMatch {
  readonly path: CompiledPath
  readonly conditions: readonly Condition[]
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Connection fields that a request still tells about when the codec has taken them out. */
const READABLE = new Set(['upgrade', 'te'])

export class MatchCompiler {
  readonly #paths: PathCompiler
  /** One reader for each name, so that conditions on the same text are known to be. */
  readonly #readers = new Map<string, Reader>()

  constructor(mode: PathMode) {
    this.#paths = new PathCompiler(mode)
  }

  compile(config: RouteMatchConfig, report: Report): CompiledMatch {
    const method = config.method === undefined ? [] : [methodCondition(config.method, report)]
    const fields = this.fields(config.headers, (name, message) => report(['headers', name], message))
    const without = this.fields(config.withoutHeaders, (name, message) => report(['withoutHeaders', name], message))
    const parameters = Object.entries(config.query).map(([name, test]) => {
      const reader = this.#reader(`?${name}`, () => queryReader(name))
      return { reader, test: plainTest(test, (message) => report(['query', name], message)), negated: false }
    })
    return {
      path: this.#paths.compile(config, report),
      conditions: [
        ...method,
        ...fields,
        ...without.map((condition) => ({ ...condition, negated: true })),
        ...parameters,
        ...endConditions(config),
      ],
    }
  }

  /** Conditions on header fields by name. */
  fields(tests: TextTests, report: (name: string, message: string) => void): Condition[] {
    return Object.entries(tests).map(([name, test]) => {
      const field = fieldName(name)
      const lower = field?.lower ?? name
      if (field === undefined) report(name, `"${name}" is not the name of a header field`)
      else if (field.kind === HOP && !READABLE.has(lower))
        report(name, `${lower} belongs to one connection; a route cannot ask for it`)
      const reader = this.#reader(lower, () => fieldReader(lower))
      return { reader, test: textTest(test, latin1, (message) => report(name, message)), negated: false }
    })
  }

  #reader(name: string, make: () => Reader): Reader {
    let reader = this.#readers.get(name)
    if (reader === undefined) this.#readers.set(name, (reader = make()))
    return reader
  }
}

function methodCondition(config: NonNullable<RouteMatchConfig['method']>, report: Report): Condition {
  const test = typeof config === 'string' ? { exact: config } : config
  if ('exact' in test && !TOKEN.test(test.exact)) report(['method'], `"${test.exact}" is not a method`)
  return { reader: methodReader, test: plainTest(test, (message) => report(['method'], message)), negated: false }
}

/** Where the request was sent to. */
function endConditions({ scheme, port }: RouteMatchConfig): Condition[] {
  const conditions: Condition[] = []
  if (scheme !== undefined) conditions.push({ reader: schemeReader, test: exactly(scheme), negated: false })
  if (port !== undefined) conditions.push({ reader: portReader, test: exactly(String(port)), negated: false })
  return conditions
}

function exactly(text: string): TextTest {
  return new TextTest({ exact: text }, (one) => one)
}

function plainTest(config: TextMatchConfig, report: (message: string) => void): TextTest {
  return textTest(config, (text) => text, report)
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
