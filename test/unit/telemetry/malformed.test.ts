import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { malformedKind } from '../../../src/telemetry/malformed.ts'

const CODEC = new URL('../../../src/codec/http1/', import.meta.url)
/** Sentences that a codec refuses with, as they stand in its source. */
const SENTENCE = /(?:#(?:refuse|bad|fail)\(|'head_too_large', |return )'([a-zA-Z0-9]+(?: [^']+)+)'/g
/** What is wrong with these is none of the kinds. */
const OTHER = new Set(['unknown expectation', 'a response before its request', '101 to what nobody asked for'])

t.test('every sentence of the HTTP/1.1 codec has its kind', async (t) => {
  const source = readdirSync(CODEC)
    .map((file) => readFileSync(new URL(file, CODEC), 'utf8'))
    .join('\n')
  const sentences = [...new Set([...source.matchAll(SENTENCE)].map((match) => match[1] as string))].filter(
    (text) => !OTHER.has(text),
  )
  t.ok(sentences.length > 20, `${sentences.length} sentences`)
  for (const sentence of sentences) t.not(malformedKind(sentence), 'other', sentence)
})

const cases = {
  'malformed chunk size': 'chunk',
  'Content-Length with Transfer-Encoding': 'framing',
  'too many fields': 'head_size',
  'a line end that is none, or NUL': 'line_ending',
  'unknown HTTP version': 'version',
  'Host differs from the request target': 'target',
  'repeated Host': 'host',
  'malformed request line': 'request_line',
  'control byte in a field value': 'field_value',
  'space before the colon of a field': 'field_name',
  'a path that can be read in two ways': 'target',
  'whatever else': 'other',
}
for (const [sentence, kind] of Object.entries(cases)) {
  t.test(`${sentence}: ${kind}`, async (t) => {
    t.equal(malformedKind(sentence), kind)
  })
}
