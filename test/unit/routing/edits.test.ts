import t from 'tap'
import type { RequestHead } from '../../../src/codec/message.ts'
import type { FieldEditsConfig } from '../../../src/config/schema/route-actions.ts'
import { Fields } from '../../../src/core/fields.ts'
import { compileEdits, type FieldEdits } from '../../../src/routing/edits.ts'

const NOTHING: FieldEditsConfig = { add: {}, set: {}, remove: [] }

function compile(
  changes: Partial<FieldEditsConfig>,
  message: 'request' | 'response' = 'request',
): { edits: FieldEdits | null; problems: string[] } {
  const problems: string[] = []
  const edits = compileEdits({ ...NOTHING, ...changes }, message, (key, text) => problems.push(`${key.join('.')}: ${text}`))
  return { edits, problems }
}

t.test('is nothing when there is nothing to do', async (t) => {
  t.equal(compile({}).edits, null)
})

t.test('removes, then sets, then adds', async (t) => {
  const { edits, problems } = compile({
    remove: ['X-Gone', 'x-again'],
    set: { 'X-Set': 'new', 'x-fresh': 'f' },
    add: { 'X-Again': '1', 'x-set': 'more' },
  })
  t.same(problems, [])
  const fields = Fields.of(['x-gone', '1'], ['A', 'b'], ['X-GONE', '2'], ['x-set', 'old'], ['x-again', '0'], ['X-Set', 'older'])
  edits?.applyTo(fields)
  t.same(
    [...fields],
    [
      ['A', 'b'],
      ['x-set', 'new'],
      ['x-fresh', 'f'],
      ['X-Again', '1'],
      ['x-set', 'more'],
    ],
  )
})

t.test('set of host rewrites the authority of a request', async (t) => {
  const { edits, problems } = compile({ set: { Host: 'other.example:81' } })
  t.same(problems, [])
  const head = { authority: 'a', fields: Fields.of(['host', 'a'], ['x', '1']) } as unknown as RequestHead
  edits?.applyToRequest(head)
  t.equal(head.authority, 'other.example:81')
  t.same(
    [...head.fields],
    [
      ['host', 'other.example:81'],
      ['x', '1'],
    ],
  )
  const without = { authority: 'a', fields: Fields.of() } as unknown as RequestHead
  edits?.applyToRequest(without)
  t.equal(without.authority, 'other.example:81')
  t.same([...without.fields], [])
})

t.test('writes values as UTF-8, without blanks around them', async (t) => {
  const fields = Fields.of()
  compile({ set: { a: ' é\t' } }).edits?.applyTo(fields)
  t.same([...fields], [['a', '\xc3\xa9']])
})

const BAD: readonly { changes: Partial<FieldEditsConfig>; message?: 'response'; says: RegExp }[] = [
  { changes: { set: { 'a b': '' } }, says: /^set\.a b: "a b" is not the name/ },
  { changes: { add: { ':path': '/' } }, says: /^add\.:path: .* not the name/ },
  { changes: { remove: ['x', ''] }, says: /^remove\.1: "" is not the name/ },
  { changes: { set: { Connection: 'close' } }, says: /connection belongs to one connection/ },
  { changes: { remove: ['transfer-encoding'] }, says: /transfer-encoding belongs/ },
  { changes: { add: { 'Content-Length': '1' } }, says: /content-length says where a body ends/ },
  { changes: { add: { host: 'a' } }, says: /host cannot be added/ },
  { changes: { remove: ['Host'] }, says: /host cannot be added or removed/ },
  { changes: { set: { host: 'a' } }, message: 'response', says: /host cannot be added or removed/ },
  { changes: { set: { host: 'a b' } }, says: /"a b" is not a host/ },
  { changes: { set: { host: '*.a' } }, says: /"\*\.a" is not a host/ },
  { changes: { set: { a: 'b\r\nc: d' } }, says: /control character/ },
  { changes: { add: { a: 'b\0' } }, says: /control character/ },
]

for (const { changes, message, says } of BAD) {
  t.test(`refuses ${JSON.stringify(changes)}${message ? ` in a ${message}` : ''}`, async (t) => {
    const { problems } = compile(changes, message)
    t.equal(problems.length, 1)
    t.match(problems[0], says)
  })
}
