// What a route answers by itself: a redirect or a fixed reply.
import type { RequestHead } from '../codec/message.ts'
import type { DirectReplyConfig, RedirectConfig } from '../config/schema/route-actions.ts'
import { Fields } from '../core/fields.ts'
import { compileEdits } from './edits.ts'
import { isHostPattern, type Scheme, splitAuthority } from './hosts.ts'
import type { PathMode } from './normalize.ts'
import { compileRewrite, type PathRewrite } from './rewrite.ts'
import { latin1 } from './spelling.ts'

type Report = (path: readonly string[], message: string) => void

export interface OwnAnswer {
  readonly status: number
  readonly body: Buffer
  /** Without content-length; undefined: the request has no answer that could be sent. */
  fieldsFor(head: RequestHead): Fields | undefined
}

const USUAL_PORT = { http: '80', https: '443' } as const
const EMPTY = Buffer.alloc(0)
/** RFC 9110 §15: these have no body. */
const BODILESS = new Set([204, 205, 304])

export function compileReply({ status, headers, body }: DirectReplyConfig, report: Report): OwnAnswer {
  const edits = compileEdits({ add: {}, set: headers, remove: [] }, 'response', ([, name = ''], message) =>
    report(['headers', name], message),
  )
  const fields = new Fields()
  const text = Buffer.from(body, 'utf8')
  if (text.length > 0 && BODILESS.has(status)) report(['body'], `a response with status ${status} has no body`)
  if (text.length > 0) fields.add('content-type', 'text/plain')
  edits?.applyTo(fields)
  return { status, body: text, fieldsFor: () => fields.copy() }
}

/** `literal`: as for rewrites. */
export function compileRedirect(config: RedirectConfig, literal: string | undefined, mode: PathMode, report: Report): OwnAnswer {
  const { path, prefix, host } = config
  const rewrite = compileRewrite({ path, prefix, regex: undefined }, literal, mode, report)
  if (host !== undefined && (!isHostPattern(host) || host.startsWith('*') || splitAuthority(host).port !== ''))
    report(['host'], `"${host}" is not a host without port`)
  return new Redirect(config, rewrite)
}

class Redirect implements OwnAnswer {
  readonly status: number
  readonly body = EMPTY
  readonly #scheme: Scheme | undefined
  readonly #host: string | undefined
  readonly #port: string | undefined
  readonly #rewrite: PathRewrite | null

  constructor({ status, scheme, host, port }: RedirectConfig, rewrite: PathRewrite | null) {
    this.status = status
    this.#scheme = scheme
    this.#host = host === undefined ? undefined : latin1(host)
    this.#port = port === undefined ? undefined : String(port)
    this.#rewrite = rewrite
  }

  fieldsFor(head: RequestHead): Fields | undefined {
    const target = head.path.startsWith('/') ? head.path : '/'
    const path = this.#rewrite === null ? target : this.#rewrite.apply(target)
    if (path === undefined) return undefined
    const own = splitAuthority(head.authority)
    const host = this.#host ?? own.host
    const scheme = this.#scheme ?? head.scheme
    const port = this.#port ?? (this.#scheme === undefined ? own.port : '')
    const end = port === '' || port === USUAL_PORT[scheme] ? '' : `:${port}`
    // a caller that names no host, as HTTP/1.0 may, can only be sent to another path
    return Fields.of(['location', host === '' ? path : `${scheme}://${host}${end}${path}`])
  }
}
