// Which web pages may call, as the Fetch standard and Gateway API have it: preflights are answered here, responses say who may read them.
import type { RequestHead } from '../codec/message.ts'
import type { CorsConfig } from '../config/schema/route-guards.ts'
import { Fields, fieldName } from '../core/fields.ts'
import { compileRegex, quoteRegex, RegexError } from '../core/regex.ts'
import type { FieldChange } from './edits.ts'

type Report = (path: readonly (string | number)[], message: string) => void
type OriginTest = (origin: string) => boolean

const METHOD = 'access-control-request-method'
const HEADERS = 'access-control-request-headers'

export class Cors implements FieldChange {
  readonly #origins: readonly OriginTest[]
  readonly #config: CorsConfig
  readonly #exposed: string

  constructor(origins: readonly OriginTest[], config: CorsConfig) {
    this.#origins = origins
    this.#config = config
    this.#exposed = config.exposeHeaders.join(', ')
  }

  allows(origin: string): boolean {
    for (const test of this.#origins) if (test(origin)) return true
    return false
  }

  /** Fields of the answer to a preflight; undefined: it is none, or one that a service has to answer. */
  preflight(head: RequestHead): Fields | undefined {
    if (head.method !== 'OPTIONS') return undefined
    const origin = head.fields.get('origin')
    const method = head.fields.get(METHOD)
    if (origin === undefined || method === undefined) return undefined
    const fields = new Fields()
    if (!this.allows(origin)) return this.#config.forwardUnmatched ? undefined : fields
    const { methods, headers, maxAge } = this.#config
    this.#grant(origin, fields)
    if (methods.length > 0) fields.add('access-control-allow-methods', methods.includes('*') ? method : methods.join(', '))
    const allowed = headers.includes('*') ? head.fields.get(HEADERS) : headers.join(', ')
    if (allowed !== undefined && allowed !== '') fields.add('access-control-allow-headers', allowed)
    if (maxAge !== undefined) fields.add('access-control-max-age', String(Math.floor(maxAge / 1000)))
    fields.set('vary', `origin, ${METHOD}, ${HEADERS}`)
    return fields
  }

  /** What a response to this request says; null: nothing. */
  grantFor(head: RequestHead): FieldChange | null {
    const origin = head.fields.get('origin')
    if (origin === undefined) return null
    return this.allows(origin) ? { applyTo: (fields) => this.#grant(origin, fields) } : this
  }

  /** Caches must tell apart what another origin would have got. */
  applyTo(fields: Fields): void {
    fields.add('vary', 'origin')
  }

  #grant(origin: string, fields: Fields): void {
    fields.set('access-control-allow-origin', origin)
    if (this.#config.credentials) fields.set('access-control-allow-credentials', 'true')
    if (this.#exposed !== '') fields.set('access-control-expose-headers', this.#exposed)
    fields.add('vary', 'origin')
  }
}

export function compileCors(config: CorsConfig, report: Report): Cors {
  for (const key of ['methods', 'headers', 'exposeHeaders'] as const) {
    config[key].forEach((name, i) => {
      if (fieldName(name) === undefined)
        report([key, i], `"${name}" is not a ${key === 'methods' ? 'method' : 'name of a header field'}`)
    })
  }
  const origins = config.origins.map((origin, i) => originTest(origin, (key, message) => report(['origins', i, key], message)))
  if (origins.length === 0) report(['origins'], 'without an origin no page may call')
  return new Cors(origins, config)
}

function originTest(config: CorsConfig['origins'][number], report: (key: string, message: string) => void): OriginTest {
  if ('exact' in config) return (origin) => origin === config.exact
  if ('prefix' in config) return (origin) => origin.startsWith(config.prefix)
  if ('wildcard' in config) {
    if (config.wildcard === '*') return () => true
    // a star stands for part of a host or for a port, never for the end of one
    const pattern = config.wildcard.split('*').map(quoteRegex).join('[^/?#@]*')
    return testOf(pattern, (message) => report('wildcard', message))
  }
  return testOf(config.regex, (message) => report('regex', message))
}

function testOf(pattern: string, report: (message: string) => void): OriginTest {
  try {
    const regex = compileRegex(pattern)
    return (origin) => regex.test(origin)
  } catch (error) {
    if (!(error instanceof RegexError)) throw error
    report(error.message)
    return () => false
  }
}
