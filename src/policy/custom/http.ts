// External authorization by HTTP: which fields go to the provider, and what its answer means.
import type { RequestHead, ResponseHead } from '../../codec/message.ts'
import type { HttpProviderConfig } from '../../config/schema/providers.ts'
import { Fields } from '../../core/fields.ts'
import { TextSet } from '../text-set.ts'
import type { CustomAnswer, FieldWish } from './answer.ts'

const ALLOWS = 200
/** From here on it is the provider that failed. */
const BROKEN = 500
/** Of the provider's own connection and body. */
const NOT_ITS_OWN: ReadonlySet<string> = new Set(['content-length', 'date', 'server'])

export class HttpQuestion {
  readonly #config: HttpProviderConfig
  readonly #request: TextSet
  readonly #upstream: TextSet
  readonly #allowed: TextSet
  /** null: all. */
  readonly #denied: TextSet | null

  constructor(config: HttpProviderConfig) {
    this.#config = config
    this.#request = namesOf(['authorization', ...config.requestHeaders])
    this.#upstream = namesOf(config.upstreamHeaders)
    this.#allowed = namesOf(config.allowedHeaders)
    this.#denied = config.deniedHeaders === undefined ? null : namesOf(config.deniedHeaders)
  }

  /** The same method and path, without the body. */
  ask(head: RequestHead): RequestHead {
    const fields = new Fields()
    const { list } = head.fields
    for (let i = 0; i < list.length; i += 3) {
      const lower = list[i] as string
      if (lower !== 'content-length' && this.#request.has(lower)) fields.push(lower, list[i + 1] as string, list[i + 2] as string)
    }
    for (const [name, value] of Object.entries(this.#config.additionalHeaders)) fields.set(name, value)
    fields.set('content-length', '0')
    return {
      version: '1.1',
      method: head.method,
      scheme: 'http',
      authority: head.authority,
      path: this.#config.pathPrefix + head.path,
      fields,
      bodyLength: 0,
      upgrade: '',
      acceptsTrailers: false,
      expectsContinue: false,
      absolute: false,
    }
  }

  read(head: ResponseHead, body: Buffer): CustomAnswer {
    if (head.status >= BROKEN) return { kind: 'error', detail: `it answered ${head.status}` }
    if (head.status === ALLOWS)
      return { kind: 'allowed', set: wishes(head, this.#upstream), remove: [], respond: wishes(head, this.#allowed) }
    const fields = wishes(head, this.#denied).filter(({ name }) => !NOT_ITS_OWN.has(name.toLowerCase()))
    return { kind: 'denied', status: head.status, fields, body }
  }
}

/** The first field of a name replaces what is there, further ones stand beside it. */
function wishes({ fields }: ResponseHead, names: TextSet | null): FieldWish[] {
  const seen = new Set<string>()
  const found: FieldWish[] = []
  for (const [name, value] of fields) {
    const lower = name.toLowerCase()
    if (names !== null && !names.has(lower)) continue
    found.push({ name, value, append: seen.has(lower) })
    seen.add(lower)
  }
  return found
}

function namesOf(names: readonly string[]): TextSet {
  return new TextSet(names.map((name) => name.toLowerCase()))
}
