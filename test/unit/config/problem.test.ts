import t from 'tap'
import { formatPath, formatPlace, formatProblem, Problems, quote } from '../../../src/config/problem.ts'

const place = { file: 'a.yaml', line: 2, column: 5 }

t.test('a line says file, line, column, message and hint', async (t) => {
  const problem = { ...place, severity: 'error', message: 'wrong', hint: 'do it right' } as const
  t.equal(formatProblem(problem), 'a.yaml:2:5: wrong (do it right)')
  t.equal(formatProblem({ ...problem, hint: '' }), 'a.yaml:2:5: wrong')
  t.equal(formatProblem({ ...problem, severity: 'warning' }), 'a.yaml:2:5: warning: wrong (do it right)')
  t.equal(formatPlace(place), 'a.yaml:2:5')
})

t.test('a document cannot forge lines or turn the text around', async (t) => {
  const line = formatProblem({ ...place, severity: 'error', message: 'a\nb\u001b[31m\u202e', hint: '' })
  t.equal(line, 'a.yaml:2:5: a\\u000ab\\u001b[31m\\u202e')
})

t.test('problems come in the order of files and lines, each once', async (t) => {
  const problems = new Problems()
  problems.warning({ file: 'b.yaml', line: 1, column: 1 }, 'd')
  t.notOk(problems.hasErrors)
  problems.error({ ...place, column: 7 }, 'c')
  problems.error(place, 'b', 'hint')
  problems.error(place, 'b', 'hint')
  problems.error({ ...place, line: 1 }, 'a')
  t.ok(problems.hasErrors)
  t.same(
    problems.sorted().map(({ message }) => message),
    ['a', 'b', 'c', 'd'],
  )
  t.same(Problems.of(problems.sorted()).sorted(), problems.sorted())
})

t.test('paths read as in code', async (t) => {
  t.equal(formatPath([]), '')
  t.equal(formatPath(['services', 0, 'port']), 'services[0].port')
  t.equal(formatPath(['headers', 'x-a', 'a b', '5']), 'headers.x-a["a b"]["5"]')
})

t.test('values are quoted shortly and without secrets', async (t) => {
  const cases: readonly [unknown, readonly string[], string][] = [
    ['a"b', [], '"a\\"b"'],
    [5, [], '5'],
    [false, [], 'false'],
    [null, [], 'nothing'],
    [undefined, [], 'nothing'],
    [[1], [], 'a list'],
    [{ a: 1 }, [], 'a mapping'],
    ['x'.repeat(100), [], `"${'x'.repeat(59)}…`],
    ['hunter2', ['basic', 'password'], 'a hidden value'],
    ['hunter2', ['token', 'exact'], 'a hidden value'],
    ['-----BEGIN PRIVATE KEY-----', ['file'], 'a hidden value'],
    ['https://me:secret@host/', ['url'], 'a hidden value'],
  ]
  for (const [value, path, expected] of cases) t.equal(quote(value, path), expected)
})
