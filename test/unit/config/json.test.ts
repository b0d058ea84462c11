import t from 'tap'
import { fileSource, parseDocuments } from '../../../src/config/document.ts'
import { readJson } from '../../../src/config/json.ts'
import { formatProblem, Problems } from '../../../src/config/problem.ts'

const FORBIDDEN = new Set(['__proto__'])
const read = (text: string): unknown => readJson(text, 4, FORBIDDEN)

t.test('reads JSON as it is', async (t) => {
  const value = { a: [1, { b: 'x:"y\\' }, null, true, -0.5], 'c:d': { e: '{"f":1}' } }
  t.same(read(JSON.stringify(value)), value)
  t.same(read(` \n${JSON.stringify(value, undefined, '\t')}\n`), value)
})

const LEFT_TO_THE_OTHER: Record<string, string> = {
  'a key that is there twice': '{"a":1,"b":{"c":1,"c":2}}',
  'a key that is there twice, once by an escape': String.raw`{"a":1,"\u0061":2}`,
  'a key that must not be': '{"a":{"__proto__":1}}',
  'the same by an escape': String.raw`{"\u005f_proto__":1}`,
  'deep nesting': '{"a":{"b":{"c":{"d":{}}}}}',
  'a comment': '{"a":1} # not JSON',
  'a list': '[1]',
  YAML: 'a: 1',
  nothing: '',
}
for (const [name, text] of Object.entries(LEFT_TO_THE_OTHER)) {
  t.test(`leaves ${name} to the YAML parser`, async (t) => {
    t.equal(read(text), undefined)
  })
}

t.test('knows the places of what is wrong all the same', async (t) => {
  const text = '{\n  "services": [\n    { "name": "a", "ports": 1 }\n  ]\n}\n'
  const problems = new Problems()
  const [document] = parseDocuments(fileSource('x.json', Buffer.from(text), problems), problems)
  t.same(document?.value, JSON.parse(text))
  t.same(document?.at(['services', 0, 'ports']), { file: 'x.json', line: 3, column: 29 })
  t.same(document?.keyAt(['services', 0, 'ports']), { file: 'x.json', line: 3, column: 20 })
  const twice = new Problems()
  parseDocuments(fileSource('x.json', Buffer.from('{ "a": 1, "a": 2 }'), twice), twice)
  t.same(twice.sorted().map(formatProblem), ['x.json:1:11: duplicate key "a", first at x.json:1:3'])
})
