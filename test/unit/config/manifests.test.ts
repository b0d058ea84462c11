// Manifests that are changed in places.
import t from 'tap'
import type { Source } from '../../../src/config/document.ts'
import { ManifestFile } from '../../../src/config/manifests.ts'
import { formatProblem, Problems } from '../../../src/config/problem.ts'

function source(text: string): Source {
  return { text, place: (line, column) => ({ file: 'pods.yaml', line, column }) }
}

const TEXT = `# above
a:   {x:   1}  # odd
---
# of the second
b:
  z: 1 # one
  list:
    - name: first
---
---
text: |
  --- not a marker, it is indented
`

t.test('what is not edited stays as it is to the byte', async (t) => {
  const problems = new Problems()
  t.equal(new ManifestFile(source(TEXT), problems).text(), TEXT)
  t.strictSame(problems.sorted(), [])
})

t.test('what is edited keeps comments and order, and its neighbours their bytes', async (t) => {
  const file = new ManifestFile(source(TEXT), new Problems())
  t.equal(file.manifests.length, 3, 'the empty document is none')
  file.manifests[1]?.edit([
    { op: 'add', path: ['b', 'list', 0], value: { name: 'zeroth' } },
    { op: 'replace', path: ['b', 'z'], value: 2 },
    { op: 'add', path: ['b', 'y'], value: [true] },
  ])
  const text = file.text()
  t.ok(text.startsWith('# above\na:   {x:   1}  # odd\n---\n# of the second\nb:\n  z: 2 # one\n'))
  t.match(text, / {2}list:\n {4}- name: zeroth\n {4}- name: first\n {2}y:\n {4}- true\n---\n---\ntext: \|\n/)
})

t.test('JSON stays JSON', async (t) => {
  const file = new ManifestFile(source('{"a": {"b": 1}}'), new Problems())
  file.manifests[0]?.edit([{ op: 'remove', path: ['a', 'b'] }])
  t.strictSame(JSON.parse(file.text()), { a: {} })
})

t.test('problems have their place in the whole text', async (t) => {
  const problems = new Problems()
  const file = new ManifestFile(source('a: 1\n---\nb: 1\nb: 2\n'), problems)
  t.match(problems.sorted().map(formatProblem), [/^pods\.yaml:4:1: duplicate key "b", first at pods\.yaml:3:1/])
  t.strictSame(file.manifests[1]?.document.at(['b']).line, 3)
})
