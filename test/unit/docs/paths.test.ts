// What the pages name exists: files, links, metrics and failures.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { FAILURES } from '../../../src/core/failures.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PAGES = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md']
for (const page of readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }))
  if (page.endsWith('.md')) PAGES.push(join('docs', page))
const NAMED = /(?<![\w/.-])(?:src|test|scripts|config|docs|bench|bin)\/[\w./-]*[\w/]/g
const LINKED = /\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g
const METRIC = /\boutrigger_[a-z_]*[a-z]\b/g

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const isThere = (path: string): boolean => existsSync(join(ROOT, path))
const metrics = new Set(read('docs/metrics.md').match(METRIC))

for (const page of PAGES) {
  t.test(`${page} names only what is there`, async (t) => {
    const text = read(page)
    const named = [...text.matchAll(NAMED)].map(([path]) => path)
    const linked = [...text.matchAll(LINKED)].map(([, path]) => join(dirname(page), path as string))
    t.same(
      [...new Set([...named, ...linked])].filter((path) => !isThere(path)),
      [],
    )
    t.same(text.match(METRIC)?.filter((name) => !metrics.has(name)) ?? [], [])
  })
}

t.test('the life of a request names only failures that there are', async (t) => {
  const cells =
    read('docs/request-path.md')
      .match(/^\|.*\|$/gm)
      ?.map((row) => row.split('|').at(-2) as string) ?? []
  const codes = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, code]) => code as string))
  t.ok(codes.length > 15)
  t.same(
    codes.filter((code) => !(code in FAILURES)),
    [],
  )
})

t.test('a hot path names a benchmark that there is', async (t) => {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  const named = sources.flatMap((path) => /^\/\/ hot path: (\S+)$/m.exec(read(join('src', path)))?.[1] ?? [])
  t.same(
    [...new Set(named)].filter((path) => !isThere(path)),
    [],
  )
})
