// Where our reading of a request may differ from llhttp's, each row with its reason. A difference in no row fails the test.
import type { Difference } from './compare.ts'
import { METHODS } from './llhttp.ts'

export interface AllowedDifference {
  readonly name: string
  readonly kind: Difference['kind']
  /** What we refused it for; llhttp's code for what it refused it for. */
  readonly ours?: RegExp
  readonly theirs?: RegExp
  readonly when?: (difference: Difference) => boolean
  readonly reason: string
}

// biome-ignore format: a table reads best with a row on few lines
export const ALLOWED: readonly AllowedDifference[] = [
  // what we refuse and llhttp lets its user see
  { name: 'no Host', kind: 'less', ours: /^no Host$/, reason: 'RFC 9112 §3.2: 400; node:http checks it behind its parser' },
  { name: 'repeated Host', kind: 'less', ours: /^repeated Host$/, reason: 'RFC 9112 §3.2: 400; whoever takes the first and whoever takes the last differ' },
  { name: 'malformed Host', kind: 'less', ours: /^malformed Host$/, reason: 'RFC 9112 §3.2: 400 for an invalid value' },
  { name: 'Host against target', kind: 'less', ours: /^Host differs/, reason: 'RFC 9112 §3.2.2 lets the target win; who reads Host would route it elsewhere, so it is refused' },
  { name: 'target bytes', kind: 'less', ours: /^forbidden byte in the request target$/, reason: 'RFC 3986 §3.3, §3.5: fragments, blanks, quotes, 8-bit bytes; %00 cuts paths in C' },
  { name: 'target form', kind: 'less', ours: /^malformed (request target|authority)$/, reason: 'RFC 9112 §3.2: origin-, absolute- with http or https, authority- or asterisk-form' },
  { name: 'CONNECT target', kind: 'less', ours: /^malformed CONNECT target$/, reason: 'RFC 9112 §3.2.3: host and port, nothing else' },
  { name: 'CONNECT body', kind: 'less', ours: /^CONNECT with a body$/, reason: 'RFC 9110 §9.3.6: its content has no meaning; one reader takes it for the tunnel' },
  { name: 'CONNECT framing', kind: 'less', ours: /^(malformed Content-Length|unknown Transfer-Encoding|repeated Content-Length|Content-Length with)/, theirs: /^switched$/, reason: 'RFC 9112 §6.3: malformed framing is refused in front of a tunnel as well' },
  { name: 'HTTP/0.9', kind: 'less', ours: /^malformed request line$/, reason: 'RFC 9112 §3: a request line has three parts; also more than one empty line in front (§2.2 asks to forgive one)' },
  { name: 'version', kind: 'less', ours: /^unknown HTTP version$/, reason: 'RFC 9110 §15.6.6: 505 for what is not 1.0 or 1.1' },
  { name: 'bare line ends in front', kind: 'less', ours: /^(malformed method|a line end that is none, or NUL)$/, reason: 'RFC 9112 §2.2: forgives one CRLF in front of a request, neither CR nor LF alone' },
  { name: 'expectation', kind: 'less', ours: /^unknown expectation$/, reason: 'RFC 9110 §10.1.1: nothing but 100-continue is defined' },
  { name: 'Transfer-Encoding in 1.0', kind: 'less', ours: /^Transfer-Encoding in HTTP\/1\.0$/, reason: 'RFC 9112 §6.1: its framing is to be taken for faulty' },
  { name: 'Transfer-Encoding value', kind: 'less', ours: /^unknown Transfer-Encoding$/, reason: 'RFC 9112 §6.1, §7: one final chunked and nothing else, no empty members' },
  { name: 'chunk extension', kind: 'less', ours: /^malformed chunk size$/, reason: 'RFC 9112 §7.1.1: an extension has a name, and its value, where there is an =, is a token or a quoted string' },
  { name: 'length beyond reason', kind: 'less', ours: /^malformed Content-Length$/, reason: 'RFC 9110 §8.6: 16 digits and more can not be told apart in a double' },
  { name: 'after the last', kind: 'less', when: ({ ours, before }) => ours === '' && closes(before), reason: 'RFC 9112 §9.3, §9.6: nothing is read behind a request that closes; close wins over keep-alive' },
  // what we let through and llhttp does not
  { name: 'other methods', kind: 'more', theirs: /^HPE_INVALID_METHOD$/, when: ({ our }) => !METHODS.includes(our?.method ?? ''), reason: 'RFC 9110 §9.1: a method is any token; llhttp knows a fixed list' },
  { name: 'declined upgrade', kind: 'more', theirs: /^switched$/, reason: 'RFC 9110 §7.8: who does not switch goes on in HTTP; llhttp stops before its user has decided' },
  { name: 'framing in trailers', kind: 'more', theirs: /^HPE_(INVALID|UNEXPECTED)_(TRANSFER_ENCODING|CONTENT_LENGTH)$/, when: ({ what }) => what === 'end of the body', reason: 'RFC 9110 §6.5.1: framing fields in trailers are dropped; llhttp reads them as if they stood in the head' },
  { name: 'Connection in trailers', kind: 'more', theirs: /^HPE_CLOSED_CONNECTION$/, when: ({ before }) => !closes(before), reason: 'RFC 9110 §6.5.1: fields of the connection in trailers are dropped as well; llhttp closes' },
  { name: 'blanks in chunk extensions', kind: 'more', theirs: /^HPE_STRICT$/, when: ({ what }) => what === 'end of the body', reason: 'RFC 9112 §7.1.1: bad whitespace around ; and = is to be parsed; extensions end here' },
]

export function allowed(difference: Difference): AllowedDifference | undefined {
  const { kind, ours, theirs } = difference
  return ALLOWED.find(
    (row) =>
      row.kind === kind &&
      (row.ours?.test(ours) ?? true) &&
      (row.theirs?.test(theirs) ?? true) &&
      (row.when?.(difference) ?? true),
  )
}

function closes(before: Difference['before']): boolean {
  if (before === undefined) return false
  const options = before.fields.filter(([name]) => name === 'connection').map(([, value]) => value.toLowerCase())
  return before.version === '1.0' || options.some((value) => value.includes('close'))
}
