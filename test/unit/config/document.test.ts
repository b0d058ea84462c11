import t from 'tap'
import { fileSource, formatYaml, parseDocuments } from '../../../src/config/document.ts'
import { formatPlace, formatProblem, Problems } from '../../../src/config/problem.ts'

function parse(text: string | Uint8Array) {
  const problems = new Problems()
  const documents = parseDocuments(fileSource('c.yaml', Buffer.from(text as string), problems), problems)
  return { documents, values: documents.map(({ value }) => value), lines: problems.sorted().map(formatProblem) }
}

function parseOne(text: string) {
  const [document] = parse(text).documents
  if (document === undefined) throw new Error('no document')
  return document
}

t.test('documents of a file, empty ones left out', async (t) => {
  t.same(parse('a: 1\n---\n# nothing\n---\nb: [x, 2, true, ~, 1.5]\n...\n').values, [{ a: 1 }, { b: ['x', 2, true, null, 1.5] }])
  t.same(parse('').values, [])
  t.same(parse('\ufeff{"a": {"b": "c"}}').values, [{ a: { b: 'c' } }])
  t.same(parse('80: x\ntrue: y\n').values, [{ '80': 'x', true: 'y' }], 'keys are text')
  t.same(parse('yes: no\n').values, [{ yes: 'no' }], 'YAML 1.2: no is not false')
})

const bad: readonly { name: string; text: string; lines: readonly string[] }[] = [
  { name: 'a list', text: '- a\n', lines: ['c.yaml:1:1: expected a mapping of keys to values'] },
  { name: 'plain text', text: '\nhello\n', lines: ['c.yaml:2:1: expected a mapping of keys to values'] },
  { name: 'duplicate keys', text: 'a:\n  b: 1\n  c: 2\n  b: 3\n', lines: ['c.yaml:4:3: duplicate key "b", first at c.yaml:2:3'] },
  { name: 'duplicate keys of JSON', text: '{"a": 1, "a": 2}', lines: ['c.yaml:1:10: duplicate key "a", first at c.yaml:1:2'] },
  { name: '__proto__', text: 'a: { __proto__: { x: 1 } }', lines: ['c.yaml:1:6: the key "__proto__" is not allowed'] },
  { name: 'constructor', text: 'constructor: 1', lines: ['c.yaml:1:1: the key "constructor" is not allowed'] },
  { name: 'prototype by alias', text: 'a: &k prototype\n*k : 1', lines: ['c.yaml:2:1: the key "prototype" is not allowed'] },
  { name: 'a mapping as a key', text: '? { a: 1 }\n: 2\n', lines: ['c.yaml:1:3: expected a key of plain text'] },
  { name: 'an empty key', text: ': 2\n', lines: ['c.yaml:1:1: expected a key of plain text'] },
  { name: 'an unknown tag', text: 'a: !js x\n', lines: ['c.yaml:1:4: not valid YAML: Unresolved tag: !js'] },
  { name: 'older YAML', text: '%YAML 1.1\n---\na: yes\n', lines: ['c.yaml:1:1: YAML 1.1 is not read here (leave %YAML out)'] },
  { name: 'an alias of nothing', text: 'a: *x\n', lines: ['c.yaml:1:4: there is no anchor "x" before this'] },
  { name: 'an alias of itself', text: 'a: &a [*a]\n', lines: ['c.yaml:1:7: nested deeper than 64 levels'] },
  {
    name: 'an unclosed list',
    text: 'a: [1\nb: 2\n',
    lines: ['c.yaml:2:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
  },
  { name: 'tabs', text: 'a:\n\tb: 1\n', lines: ['c.yaml:2:1: not valid YAML: Tabs are not allowed as indentation'] },
  { name: 'half a JSON file', text: '{\n  "a": 1,\n  "b', lines: ['c.yaml:3:5: not valid YAML: Missing closing "quote'] },
  { name: 'a template', text: 'a: {{ .Values.x }}\n', lines: ['c.yaml:1:5: expected a key of plain text'] },
  { name: 'deep nesting', text: `a: ${'['.repeat(100)}${']'.repeat(100)}`, lines: ['c.yaml:1:68: nested deeper than 64 levels'] },
]

for (const { name, text, lines } of bad) {
  t.test(`refuses ${name}`, async (t) => {
    t.same(parse(text).lines, lines)
  })
}

t.test('refuses nesting that the parser cannot follow', async (t) => {
  t.match(parse(`a: ${'['.repeat(20_000)}`).lines, [/^c\.yaml:1:\d+: nested deeper than 64 levels$/])
})

t.test('a good document after a bad one is still read', async (t) => {
  const { values, lines } = parse('a: [1\n---\nb: 2\n')
  t.same(values, [{ b: 2 }])
  t.equal(lines.length, 1)
})

t.test('aliases are followed, but not without end', async (t) => {
  t.same(parse('a: &x { b: 1 }\nc: *x\nd: [*x]\n').values, [{ a: { b: 1 }, c: { b: 1 }, d: [{ b: 1 }] }])
  const levels = Array.from(
    { length: 12 },
    (_, i) =>
      `l${i}: &l${i} [${Array(10)
        .fill(i === 0 ? 'x' : `*l${i - 1}`)
        .join(', ')}]`,
  )
  const start = performance.now()
  const { lines } = parse(levels.join('\n'))
  t.match(lines, [/^c\.yaml:\d+:\d+: aliases make this document too large$/])
  t.ok(performance.now() - start < 2000, 'soon')
})

t.test('a large mapping takes no quadratic time', async (t) => {
  const text = Array.from({ length: 20_000 }, (_, i) => `key${i}: 1`).join('\n')
  const start = performance.now()
  t.equal(Object.keys(parse(text).values[0] as object).length, 20_000)
  t.ok(performance.now() - start < 5000)
})

t.test('refuses bytes that are not UTF-8', async (t) => {
  t.same(parse(Uint8Array.of(0x61, 0x3a, 0x20, 0xff)).lines, ['c.yaml:1:1: the file is not UTF-8 text'])
})

t.test('knows the place of every value and key', async (t) => {
  const document = parseOne('a:\n  - b: 1\n    c: &x { d: 2 }\n  - *x\n')
  const at = (...path: (string | number)[]) => formatPlace(document.at(path))
  t.equal(at(), 'c.yaml:1:1')
  t.equal(at('a', 0, 'b'), 'c.yaml:2:8')
  t.equal(at('a', 0, 'c', 'd'), 'c.yaml:3:16')
  t.equal(at('a', 1, 'd'), 'c.yaml:3:16', 'behind an alias')
  t.equal(at('a', 0, 'missing'), 'c.yaml:2:5', 'of what would hold it')
  t.equal(at('a', 7, 'x'), 'c.yaml:2:3')
  t.equal(formatPlace(document.keyAt(['a', 0, 'c'])), 'c.yaml:3:5')
  t.equal(formatPlace(document.keyAt(['a', 0])), 'c.yaml:2:5')
})

t.test('text within a document keeps its places when it is a block', async (t) => {
  const document = parseOne('data:\n  a.yaml: |\n\n    x: 1\n    y:\n      z: 2\n  b.yaml: "x: 1"\n')
  const block = document.textAt(['data', 'a.yaml'])
  t.equal(block.text, '\nx: 1\ny:\n  z: 2\n')
  t.equal(formatPlace(block.place(4, 3)), 'c.yaml:6:7')
  const quoted = document.textAt(['data', 'b.yaml'])
  t.equal(formatPlace(quoted.place(1, 3)), 'c.yaml:7:11')
  t.equal(document.textAt(['data', 'none']).text, '')
})

t.test('writes YAML that readers of YAML 1.1 read alike', async (t) => {
  t.equal(formatYaml({ a: 'off', b: 'on a line', c: [], d: '0', e: '012' }), 'a: "off"\nb: on a line\nc: []\nd: "0"\ne: "012"\n')
})
