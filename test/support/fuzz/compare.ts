// Where two readings of the same bytes part, in words that a table of allowed differences can be about.
import { fieldName, PLAIN } from '../../../src/core/fields.ts'
import type { Reading, SeenRequest } from './reading.ts'

/**
 * `less`: llhttp sees a complete request that we do not, because of `ours`; `more`: we see one that it does not, because of `theirs`;
 * `other`: both see a complete request, and not the same.
 */
export interface Difference {
  readonly kind: 'less' | 'more' | 'other'
  readonly ours: string
  readonly theirs: string
  /** The request that differs, as we saw it. */
  readonly our: SeenRequest | undefined
  /** The request before it, as llhttp saw it. */
  readonly before: SeenRequest | undefined
  readonly what: string
}

export function compare(ours: Reading, theirs: Reading): Difference | undefined {
  const count = Math.max(ours.requests.length, theirs.requests.length)
  for (let i = 0; i < count; i++) {
    const our = ours.requests[i]
    const their = theirs.requests[i]
    const difference = differs(our, their)
    if (difference === undefined) continue
    const [kind, what] = difference
    return { kind, what, ours: ours.problem, theirs: theirs.problem, our, before: theirs.requests[i - 1] }
  }
  return undefined
}

function differs(our: SeenRequest | undefined, their: SeenRequest | undefined): ['less' | 'more' | 'other', string] | undefined {
  const weSee = our?.complete === true
  const theySee = their?.complete === true
  if (our !== undefined && their !== undefined) {
    const what = headDiffers(our, their)
    if (what !== undefined) return ['other', what]
    // as much as both have read must be the same
    if (!our.body.startsWith(their.body) && !their.body.startsWith(our.body)) return ['other', 'body']
    if (weSee && theySee) return our.body === their.body ? undefined : ['other', 'body']
  }
  if (theySee && !weSee) return ['less', our === undefined ? 'request' : 'end of the body']
  if (weSee && !theySee) return ['more', their === undefined ? 'request' : 'end of the body']
  return undefined
}

function headDiffers(our: SeenRequest, their: SeenRequest): string | undefined {
  if (our.method !== their.method) return 'method'
  if (our.version !== their.version) return 'version'
  if (our.target !== canonical(their)) return 'target'
  return sameFields(our, their) ? undefined : 'fields'
}

/** Absolute-form as we tell of it; the rest as it came. */
function canonical({ target, method }: SeenRequest): string {
  const absolute = method === 'CONNECT' ? null : /^https?:\/\/([^/?]*)(.*)$/i.exec(target)
  if (absolute === null) return target
  const [, authority, rest = ''] = absolute
  return `//${authority}${rest.startsWith('/') ? rest : rest === '' && method === 'OPTIONS' ? '*' : `/${rest}`}`
}

/** Ours are theirs in the same order, without fields of the connection. */
function sameFields(our: SeenRequest, their: SeenRequest): boolean {
  const nominated = their.fields
    .filter(([name]) => name === 'connection')
    .flatMap(([, value]) => value.toLowerCase().split(','))
    .map((option) => option.trim())
  let at = 0
  for (const [name, value] of their.fields) {
    const [ourName, ourValue] = our.fields[at] ?? []
    if (ourName === name && ourValue === value.replace(/^[ \t]+|[ \t]+$/g, '')) at++
    else if (!nominated.includes(name) && isPlain(name)) return false
  }
  return at === our.fields.length
}

function isPlain(name: string): boolean {
  const known = fieldName(name)
  return known !== undefined && (known.kind === PLAIN || name === 'host' || name === 'content-length' || name === 'expect')
}
