// What was malformed, as one of a few words: the codecs say it in sentences, which are for people.
import type { MalformedKind } from './label-values.ts'

/** The first that matches counts. */
const KINDS: readonly (readonly [RegExp, MalformedKind])[] = [
  [/chunk|trailer/, 'chunk'],
  [/too (many|large)/, 'head_size'],
  [/line end|bare LF/, 'line_ending'],
  [/Content-Length|Transfer-Encoding|with a body/, 'framing'],
  [/version/, 'version'],
  [/target|authority|\bpath\b|differs/, 'target'],
  [/Host/, 'host'],
  [/status line/, 'status_line'],
  [/request line|method/, 'request_line'],
  [/field value/, 'field_value'],
  [/field|name/, 'field_name'],
]

export function malformedKind(detail: string): MalformedKind {
  return KINDS.find(([words]) => words.test(detail))?.[1] ?? 'other'
}
